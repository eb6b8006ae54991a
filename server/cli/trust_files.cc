// SPDX-License-Identifier: Apache-2.0
#include "server/cli/trust_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "server/cli/input_file.h"

namespace preseal::server::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCabinetMagic = "MSCF";

struct ArchiveFree {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using ArchiveOwner = std::unique_ptr<archive, ArchiveFree>;

std::string LowerExtension(std::string_view path) {
  std::string extension = fs::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return extension;
}

bool IsOurs(std::string_view path) {
  static const std::set<std::string> kExtensions = {".cer", ".crt", ".der", ".pem", ".crl"};
  return kExtensions.contains(LowerExtension(path));
}

class Reader {
 public:
  explicit Reader(const std::string& vendor) : vendor_(vendor) {}

  Status ReadPath(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) return ReadFolder(path);
    ASSIGN_OR_RETURN(const Bytes content, ReadFile(path));
    if (AsText(content).starts_with(kCabinetMagic)) return ReadCabinet(path.string(), content);
    return Take(path.string(), {}, content, true);
  }

  TrustFiles Finish() { return std::move(files_); }

 private:
  static StatusOr<Bytes> ReadFile(const fs::path& path) {
    auto content = files::Read(path.string(), kTrustArchiveBytesMax);
    if (!content.ok()) return AsUsage(content.status());
    return content;
  }

  Status CountEntry(const std::string& where) {
    if (++entries_ <= kTrustArchiveEntriesMax) return OkStatus();
    return InvalidArgument(where + ": too many files");
  }

  Status ReadFolder(const fs::path& folder) {
    std::vector<fs::path> paths;
    std::error_code error;
    // Links are not followed: a folder could contain itself.
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
      RETURN_IF_ERROR(CountEntry(folder.string()));
      if (it->is_regular_file(error) && IsOurs(it->path().string())) paths.push_back(it->path());
    }
    if (error) return InvalidArgument(folder.string() + ": " + error.message());
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) {
      ASSIGN_OR_RETURN(const Bytes content, ReadFile(path));
      const PathHint hint = HintOf(path.lexically_relative(folder).generic_string());
      RETURN_IF_ERROR(Take(path.string(), hint, content, false));
    }
    return OkStatus();
  }

  Status ReadCabinet(const std::string& name, const Bytes& content) {
    const ArchiveOwner handle(archive_read_new());
    if (handle == nullptr || archive_read_support_format_cab(handle.get()) != ARCHIVE_OK ||
        archive_read_open_memory(handle.get(), content.data(), content.size()) != ARCHIVE_OK) {
      return InvalidArgument(name + ": not a cabinet");
    }
    archive_entry* entry = nullptr;
    for (;;) {
      const int code = archive_read_next_header(handle.get(), &entry);
      if (code == ARCHIVE_EOF) return OkStatus();
      if (code != ARCHIVE_OK) return InvalidArgument(name + ": damaged cabinet");
      RETURN_IF_ERROR(CountEntry(name));
      const char* path_text = archive_entry_pathname(entry);
      std::string path = path_text == nullptr ? "" : path_text;
      std::replace(path.begin(), path.end(), '\\', '/');
      if (!IsOurs(path)) continue;
      ASSIGN_OR_RETURN_CTX(const Bytes file, ReadEntry(handle.get()), name + ": " + path);
      RETURN_IF_ERROR(Take(name + ": " + path, HintOf(path), file, false));
    }
  }

  StatusOr<Bytes> ReadEntry(archive* handle) {
    Bytes content;
    uint8_t buffer[16 * 1024];
    for (;;) {
      const la_ssize_t read = archive_read_data(handle, buffer, sizeof buffer);
      if (read == 0) return content;
      if (read < 0) return InvalidArgument("damaged cabinet");
      unpacked_ += static_cast<size_t>(read);
      // A small archive may unpack to a large one.
      if (unpacked_ > kTrustArchiveBytesMax) return InvalidArgument("unpacks to too much");
      content.insert(content.end(), buffer, buffer + read);
    }
  }

  // `asked` by name: then it must be something.
  Status Take(const std::string& where, const PathHint& hint, const Bytes& content, bool asked) {
    const bool pem = AsText(content).find("-----BEGIN CERTIFICATE") != std::string_view::npos;
    if (pem) {
      auto all = crypto::ParsePemBundle(AsText(content));
      if (!all.ok()) return Problem(where, all.status(), asked);
      for (crypto::Certificate& one : *all) Add(where, hint, std::move(one));
      return OkStatus();
    }
    if (auto one = crypto::Certificate::FromDer(content); one.ok()) {
      Add(where, hint, *std::move(one));
      return OkStatus();
    }
    const auto list = crypto::RevocationList::Parse(content);
    if (!list.ok()) {
      const bool as_list = LowerExtension(where) == ".crl";
      return Problem(where, as_list ? list.status() : InvalidArgument("no certificate or list"),
                     asked);
    }
    files_.revocation_lists.push_back(list->der());
    return OkStatus();
  }

  Status Problem(const std::string& where, const Status& status, bool asked) {
    const std::string text = where + ": " + std::string(MessageOf(status));
    if (asked) return InvalidArgument(text);
    files_.problems.push_back(text);
    return OkStatus();
  }

  void Add(const std::string& where, const PathHint& hint, crypto::Certificate certificate) {
    if (!seen_.insert(certificate.fingerprint()).second) return;
    const AnchorRole role = hint.role.value_or(LikelyRole(certificate));
    const std::string& vendor = vendor_.empty() ? hint.vendor : vendor_;
    files_.anchors.push_back({{std::move(certificate), role, vendor, ""}, where});
  }

  const std::string& vendor_;
  TrustFiles files_;
  std::set<crypto::Digest256> seen_;
  size_t entries_ = 0;
  size_t unpacked_ = 0;
};

}  // namespace

PathHint HintOf(std::string_view path) {
  PathHint hint;
  const size_t first = path.find('/');
  if (first == std::string_view::npos) return hint;
  hint.vendor = std::string(path.substr(0, first));
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part == "RootCA") hint.role = AnchorRole::kRoot;
    if (part == "IntermediateCA") hint.role = AnchorRole::kIntermediate;
    at = end + 1;
  }
  return hint;
}

StatusOr<TrustFiles> ReadTrustFiles(const std::vector<std::string>& paths,
                                    const std::string& vendor) {
  Reader reader(vendor);
  for (const std::string& path : paths) RETURN_IF_ERROR(reader.ReadPath(path));
  return reader.Finish();
}

}  // namespace preseal::server::cli
