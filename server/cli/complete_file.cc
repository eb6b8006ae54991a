// SPDX-License-Identifier: Apache-2.0
#include "server/cli/complete_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "common/files/files.h"
#include "server/cli/input_file.h"

namespace preseal::server::cli {

CompleteFile::~CompleteFile() {
  if (fd_.valid()) unlink(partial().c_str());
}

Status CompleteFile::Open() {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
  fd_ = UniqueFd(open(partial().c_str(), kFlags, 0600));
  return fd_.valid() ? OkStatus() : Failed("create");
}

Status CompleteFile::Write(ByteView bytes) {
  return AsUsage(files::WriteAll(fd_.get(), bytes, partial()));
}

Status CompleteFile::Complete() {
  if (fsync(fd_.get()) != 0) return Failed("fsync");
  if (rename(partial().c_str(), path_.c_str()) != 0) return Failed("rename");
  fd_ = UniqueFd();
  return OkStatus();
}

Status CompleteFile::Failed(std::string_view what) const {
  return AsUsage(files::FromErrno(errno, what, partial()));
}

}  // namespace preseal::server::cli
