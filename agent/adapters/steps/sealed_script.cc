// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/sealed_script.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "common/base/bytes.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

constexpr char kName[] = "step";
constexpr mode_t kMode = 0444;
// Linux 6.3; where vm.memfd_noexec is 2, nothing is made without it.
constexpr unsigned kNoExecSeal = 0x0008U;
// On the script's first line: its line numbers stay.
constexpr std::string_view kCloseItself = "exec 3<&-; ";

UniqueFd MakeMemoryFile() {
  UniqueFd fd(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING | kNoExecSeal));
  if (fd.valid() || errno != EINVAL) return fd;
  return UniqueFd(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

}  // namespace

StatusOr<UniqueFd> SealScript(std::string_view text) {
  UniqueFd fd = MakeMemoryFile();
  if (!fd.valid()) return files::FromErrno(errno, "make", "memory file");
  RETURN_IF_ERROR(
      files::WriteAll(fd.get(), AsBytes(std::string(kCloseItself).append(text)), "memory file"));
  const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fchmod(fd.get(), kMode) != 0 || ::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) {
    return files::FromErrno(errno, "seal", "memory file");
  }
  return fd;
}

}  // namespace preseal::agent::steps
