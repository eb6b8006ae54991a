// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/profile_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "server/adapters/profile/document_reader.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;

StatusOr<std::vector<fs::path>> YamlFiles(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".yaml") files.push_back(it->path());
  }
  if (error) {
    return FailedPrecondition(
        fmt::format("cannot read the profiles in {}: {}", folder.string(), error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Brings in what documents name, as they are read.
class ImportedFiles final : public DocumentFiles {
 public:
  ImportedFiles(const fs::path& folder, const ArtifactImport& import)
      : folder_(folder), import_(import) {}

  std::optional<DocumentFile> Find(std::string_view source) override {
    const auto stored = import_(folder_ / source);
    if (!stored.ok()) {
      log::Warning("a profile's file cannot be brought in",
                   {{"source", source}, {"reason", MessageOf(stored.status())}});
      return std::nullopt;
    }
    files.push_back(
        {std::string(source), Bytes(stored->sha256.begin(), stored->sha256.end()), stored->size});
    return files.back();
  }
  StatusOr<Bytes> Content(const DocumentFile& file, size_t bytes_max) override {
    return preseal::files::Read((folder_ / file.source).string(), bytes_max);
  }

  std::vector<DocumentFile> files;

 private:
  const fs::path& folder_;
  const ArtifactImport& import_;
};

}  // namespace

StatusOr<FolderContent> ReadProfileFolder(const fs::path& folder, const ArtifactImport& import) {
  FolderContent content;
  ImportedFiles imported(folder, import);
  ASSIGN_OR_RETURN(const auto files, YamlFiles(folder));
  for (const fs::path& file : files) {
    ASSIGN_OR_RETURN(const Bytes text, preseal::files::Read(file.string(), kDocumentBytesMax));
    content.documents.push_back({file.string(), ToString(ByteView(text))});
    // For the files' sake only; the desk reads it again and tells the mistakes.
    (void)ReadDocuments(file.string(), content.documents.back().text, imported);
  }
  content.files = std::move(imported.files);
  return content;
}

}  // namespace preseal::server
