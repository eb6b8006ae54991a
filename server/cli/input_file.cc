// SPDX-License-Identifier: Apache-2.0
#include "server/cli/input_file.h"

#include <istream>

#include "common/base/bytes.h"
#include "common/files/files.h"

namespace preseal::server::cli {

Status AsUsage(const Status& status) {
  return status.ok() ? status : InvalidArgument(MessageOf(status));
}

StatusOr<std::string> ReadInput(const Terminal& terminal, const std::string& path,
                                size_t bytes_max) {
  if (path != "-") {
    const StatusOr<Bytes> bytes = files::Read(path, bytes_max);
    if (!bytes.ok()) return AsUsage(bytes.status());
    return ToString(ByteView(*bytes));
  }
  std::string text;
  char buffer[65536];
  while (terminal.in->read(buffer, sizeof(buffer)) || terminal.in->gcount() > 0) {
    text.append(buffer, static_cast<size_t>(terminal.in->gcount()));
    if (text.size() > bytes_max) return InvalidArgument("standard input is too long");
  }
  return text;
}

Status WriteOutput(const std::string& path, ByteView bytes) {
  return AsUsage(files::WriteAtomic(path, bytes, 0600));
}

}  // namespace preseal::server::cli
