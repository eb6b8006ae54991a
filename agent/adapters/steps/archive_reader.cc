// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include "agent/domain/plan_check.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {
namespace {

constexpr size_t kReadBlockBytes = 256 * 1024;

std::string TextOf(const char* text) { return text == nullptr ? "" : text; }

Status ErrorOf(archive* handle) {
  return InvalidArgument("archive: " + EscapeForLog(TextOf(archive_error_string(handle)), 300));
}

// "./usr/bin/" and "usr/bin" become "/usr/bin", "." becomes "". An absolute path is not made
// relative but refused: who wrote it meant another place.
StatusOr<std::string> PathOf(std::string text) {
  if (!text.empty() && text[0] == '/') return InvalidArgument("archive entry is absolute: " + text);
  while (text.starts_with("./")) text.erase(0, 2);
  while (!text.empty() && text.back() == '/') text.pop_back();
  if (text.empty() || text == ".") return std::string();
  text.insert(0, 1, '/');
  RETURN_IF_ERROR_CTX(CheckTargetPath(text),
                      "archive entry " + EscapeForLog(text, kTargetPathBytesMax));
  return text;
}

StatusOr<ArchiveEntry::Type> TypeOf(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return ArchiveEntry::Type::kHardlink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return ArchiveEntry::Type::kFile;
    case AE_IFDIR:
      return ArchiveEntry::Type::kFolder;
    case AE_IFLNK:
      return ArchiveEntry::Type::kSymlink;
    default:
      return InvalidArgument("archive holds a device, socket or pipe");
  }
}

StatusOr<std::string> LinkOf(ArchiveEntry::Type type, archive_entry* entry) {
  if (type == ArchiveEntry::Type::kHardlink) {
    return PathOf(TextOf(archive_entry_hardlink(entry)));
  }
  const std::string text = TextOf(archive_entry_symlink(entry));
  const bool is_symlink = type == ArchiveEntry::Type::kSymlink;
  if (is_symlink && (text.empty() || text.size() > kTargetPathBytesMax)) {
    return InvalidArgument("archive holds a link to nothing, or too far");
  }
  return text;
}

}  // namespace

void ArchiveReader::Free::operator()(archive* handle) const { archive_read_free(handle); }

StatusOr<std::unique_ptr<ArchiveReader>> ArchiveReader::Open(const std::string& file) {
  std::unique_ptr<ArchiveReader> reader(new ArchiveReader(archive_read_new()));
  archive* handle = reader->handle_.get();
  if (handle == nullptr) return Internal("archive: out of memory");
  // Only what the plan says: libarchive knows many formats, each with its own bugs.
  if (archive_read_support_filter_zstd(handle) != ARCHIVE_OK ||
      archive_read_support_format_tar(handle) != ARCHIVE_OK) {
    return Unimplemented("libarchive was built without zstd or tar");
  }
  if (archive_read_open_filename(handle, file.c_str(), kReadBlockBytes) != ARCHIVE_OK) {
    return ErrorOf(handle);
  }
  return reader;
}

StatusOr<std::optional<ArchiveEntry>> ArchiveReader::Next() {
  archive_entry* raw = nullptr;
  const int result = archive_read_next_header(handle_.get(), &raw);
  if (result == ARCHIVE_EOF) return std::optional<ArchiveEntry>();
  if (result != ARCHIVE_OK) return ErrorOf(handle_.get());
  if (++entries_ > kArchiveEntriesMax) return InvalidArgument("archive has too many entries");
  ArchiveEntry entry;
  ASSIGN_OR_RETURN(entry.path, PathOf(TextOf(archive_entry_pathname(raw))));
  ASSIGN_OR_RETURN(entry.type, TypeOf(raw));
  ASSIGN_OR_RETURN(entry.link, LinkOf(entry.type, raw));
  const bool names_something = !entry.path.empty() || entry.type == ArchiveEntry::Type::kFolder;
  if (!names_something) return InvalidArgument("archive entry without a name");
  entry.mode = archive_entry_perm(raw);
  entry.uid = static_cast<uid_t>(archive_entry_uid(raw));
  entry.gid = static_cast<gid_t>(archive_entry_gid(raw));
  return std::optional(std::move(entry));
}

Status ArchiveReader::ReadContent(const std::function<Status(ByteView)>& sink) {
  Bytes buffer(kReadBlockBytes);
  while (true) {
    const la_ssize_t got = archive_read_data(handle_.get(), buffer.data(), buffer.size());
    if (got < 0) return ErrorOf(handle_.get());
    if (got == 0) return OkStatus();
    RETURN_IF_ERROR(sink(ByteView(buffer).first(static_cast<size_t>(got))));
  }
}

uint64_t ArchiveReader::bytes_read() const {
  return static_cast<uint64_t>(archive_filter_bytes(handle_.get(), -1));
}

}  // namespace preseal::agent::steps
