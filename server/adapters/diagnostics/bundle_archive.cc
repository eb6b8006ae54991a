// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/diagnostics/bundle_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

constexpr size_t kReadBlockBytes = 64 * 1024;

std::string TextOf(const char* text) { return text == nullptr ? "" : text; }

// What may be shown and asked for by name; "./x" is "x".
std::optional<std::string> SafePath(std::string path) {
  while (path.starts_with("./")) path.erase(0, 2);
  if (path.empty() || path.size() > kDiagnosticsPathBytesMax || path[0] == '/') return std::nullopt;
  if (EscapeForLog(path, kDiagnosticsPathBytesMax * 4) != path) return std::nullopt;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = std::string_view(path).substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return std::nullopt;
    at = end + 1;
  }
  return path;
}

class Reader {
 public:
  static StatusOr<Reader> Open(const std::string& file) {
    Reader reader(archive_read_new());
    archive* handle = reader.handle_.get();
    if (handle == nullptr) return Internal("archive: out of memory");
    // Only what a bundle is: libarchive knows many formats, each with its own bugs.
    if (archive_read_support_filter_zstd(handle) != ARCHIVE_OK ||
        archive_read_support_format_tar(handle) != ARCHIVE_OK) {
      return Unimplemented("libarchive was built without zstd or tar");
    }
    if (archive_read_open_filename(handle, file.c_str(), kReadBlockBytes) != ARCHIVE_OK) {
      return reader.Error();
    }
    return reader;
  }

  // The next regular file with a safe path; nothing at the end.
  StatusOr<std::optional<BundleEntry>> Next() {
    while (true) {
      archive_entry* raw = nullptr;
      const int result = archive_read_next_header(handle_.get(), &raw);
      if (result == ARCHIVE_EOF) return std::optional<BundleEntry>();
      if (result != ARCHIVE_OK) return Error();
      if (++entries_ > kDiagnosticsFilesMax) return ResourceExhausted("too many entries");
      // Before libarchive skips or reads what it claims to hold.
      const int64_t size = archive_entry_size(raw);
      if (size < 0 || static_cast<uint64_t>(size) > kDiagnosticsFileBytesMax) {
        return ResourceExhausted("an entry is larger than a file of a bundle may be");
      }
      // A zstd bomb of a megabyte would otherwise keep a worker busy for minutes.
      if (archive_filter_bytes(handle_.get(), 0) > kDiagnosticsUnpackedBytesMax) {
        return ResourceExhausted("larger unpacked than a bundle may be");
      }
      const bool regular =
          archive_entry_filetype(raw) == AE_IFREG && archive_entry_hardlink(raw) == nullptr;
      auto path = regular ? SafePath(TextOf(archive_entry_pathname(raw))) : std::nullopt;
      if (path) return std::optional(BundleEntry{*std::move(path), static_cast<uint64_t>(size)});
    }
  }

  // From `offset` of the entry just returned.
  StatusOr<Bytes> Read(uint64_t offset, size_t limit) {
    Bytes skipped(kReadBlockBytes);
    while (offset > 0) {
      const size_t most = static_cast<size_t>(std::min<uint64_t>(offset, skipped.size()));
      ASSIGN_OR_RETURN(const size_t got, ReadSome(std::span(skipped).first(most)));
      if (got == 0) return InvalidArgument("the archive is shorter than it says");
      offset -= got;
    }
    Bytes bytes(limit);
    size_t filled = 0;
    while (filled < limit) {
      ASSIGN_OR_RETURN(const size_t got, ReadSome(std::span(bytes).subspan(filled)));
      if (got == 0) break;
      filled += got;
    }
    bytes.resize(filled);
    return bytes;
  }

 private:
  struct Free {
    void operator()(archive* handle) const { archive_read_free(handle); }
  };
  explicit Reader(archive* handle) : handle_(handle) {}

  Status Error() const {
    return InvalidArgument("not a bundle, or damaged: " +
                           EscapeForLog(TextOf(archive_error_string(handle_.get())), 200));
  }

  StatusOr<size_t> ReadSome(std::span<uint8_t> into) {
    const la_ssize_t got = archive_read_data(handle_.get(), into.data(), into.size());
    if (got < 0) return Error();
    return static_cast<size_t>(got);
  }

  std::unique_ptr<archive, Free> handle_;
  size_t entries_ = 0;
};

}  // namespace

StatusOr<std::vector<BundleEntry>> ListArchive(const std::string& file) {
  ASSIGN_OR_RETURN(Reader reader, Reader::Open(file));
  std::vector<BundleEntry> entries;
  while (true) {
    ASSIGN_OR_RETURN(auto entry, reader.Next());
    if (!entry) return entries;
    entries.push_back(*std::move(entry));
  }
}

StatusOr<BundlePart> ReadFromArchive(const std::string& file, std::string_view path,
                                     uint64_t offset, size_t limit) {
  ASSIGN_OR_RETURN(Reader reader, Reader::Open(file));
  while (true) {
    ASSIGN_OR_RETURN(const auto entry, reader.Next());
    if (!entry) return NotFound(fmt::format("no file {} in it", EscapeForLog(path, 200)));
    if (entry->path != path) continue;
    if (offset > entry->size) {
      return OutOfRange(fmt::format("the file has {} bytes", entry->size));
    }
    const uint64_t rest = entry->size - offset;
    BundlePart part;
    ASSIGN_OR_RETURN(part.bytes, reader.Read(offset, std::min<uint64_t>(limit, rest)));
    const uint64_t end = offset + part.bytes.size();
    part.next_offset = end < entry->size && !part.bytes.empty() ? end : 0;
    return part;
  }
}

}  // namespace preseal::server
