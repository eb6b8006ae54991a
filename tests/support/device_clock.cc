// SPDX-License-Identifier: Apache-2.0
#include "tests/support/device_clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "common/files/files.h"
#include "common/files/unique_fd.h"

namespace preseal::test {

StatusOr<std::unique_ptr<DeviceClock>> DeviceClock::Make(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid() || ::ftruncate(fd.get(), sizeof(ClockOffsets)) != 0) {
    return files::FromErrno(errno, "make clock", file);
  }
  void* mapped =
      ::mmap(nullptr, sizeof(ClockOffsets), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) return files::FromErrno(errno, "map clock", file);
  return std::unique_ptr<DeviceClock>(new DeviceClock(file, new (mapped) ClockOffsets()));
}

DeviceClock::~DeviceClock() { ::munmap(offsets_, sizeof(ClockOffsets)); }

std::vector<std::string> DeviceClock::Launcher() const {
  return {"env", "LD_PRELOAD=" PRESEAL_TURNED_CLOCK,
          std::string(kClockOffsetsVariable) + "=" + file_};
}

}  // namespace preseal::test
