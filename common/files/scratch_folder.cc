// SPDX-License-Identifier: Apache-2.0
#include "common/files/scratch_folder.h"

#include <cerrno>
#include <cstdlib>

#include "common/files/files.h"
#include "common/log/log.h"

namespace preseal::files {

StatusOr<ScratchFolder> ScratchFolder::Make(const std::string& parent, std::string_view prefix) {
  std::string path = parent + "/" + std::string(prefix) + "-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return FromErrno(errno, "make folder in", parent);
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  const Status removed = RemoveTree(path_);
  if (!removed.ok()) log::Error("scratch folder not removed", {{"error", ToString(removed)}});
}

std::string ScratchFolder::File(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

}  // namespace preseal::files
