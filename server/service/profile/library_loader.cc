// SPDX-License-Identifier: Apache-2.0
#include "server/service/profile/library_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/crypto/digest.h"

namespace preseal::server {
namespace {

// Of what the store holds: equal keys, equal documents.
Bytes KeyOf(const std::vector<StoredDocument>& heads) {
  std::string text;
  for (const StoredDocument& head : heads) {
    text += fmt::format("{} {} {} {} {}\n", static_cast<int>(head.kind), head.id, head.version,
                        ToMicros(head.create_time), ToHex(ByteView(head.digest)));
  }
  const auto digest = crypto::Sha256(AsBytes(text));
  return Bytes(digest.begin(), digest.end());
}

std::string NameOf(const StoredDocument& document) {
  return fmt::format("documents/{}/{}", PathOf(document.kind), document.id);
}

}  // namespace

std::optional<DocumentFile> StoredFiles::Find(std::string_view source) {
  const auto it = std::find_if(files_.begin(), files_.end(), [source](const DocumentFile& file) {
    return file.source == source;
  });
  return it == files_.end() ? std::nullopt : std::optional(*it);
}

StatusOr<Bytes> StoredFiles::Content(const DocumentFile& file, size_t bytes_max) {
  if (file.size > bytes_max) {
    return InvalidArgument(fmt::format("{} has more than {} bytes", file.source, bytes_max));
  }
  ASSIGN_OR_RETURN(const auto reader, artifacts_.Open(ByteView(file.sha256), 0));
  Bytes content;
  while (content.size() < file.size) {
    ASSIGN_OR_RETURN(const Bytes chunk, reader->Read(bytes_max));
    if (chunk.empty()) break;
    content.insert(content.end(), chunk.begin(), chunk.end());
  }
  return content;
}

void AddTo(ParsedDocument document, uint32_t version, WallTime create_time, Library* library) {
  if (auto* profile = std::get_if<DeploymentProfile>(&document.content)) {
    profile->settings.version = version;
    profile->settings.create_time = create_time;
    library->profiles.insert_or_assign(document.id, std::move(*profile));
  } else if (auto* group = std::get_if<DeviceGroup>(&document.content)) {
    group->version = version;
    library->groups.insert_or_assign(document.id, std::move(*group));
  } else if (auto* item = std::get_if<ItemSpec>(&document.content)) {
    item->version = version;
    library->items.insert_or_assign(document.id, std::move(*item));
  } else if (auto* assignment = std::get_if<Assignment>(&document.content)) {
    assignment->version = version;
    library->assignments.insert_or_assign(document.id, std::move(*assignment));
  }
}

StatusOr<Library> LibraryLoader::Build(const std::vector<StoredDocument>& documents) const {
  Library library;
  for (const StoredDocument& stored : documents) {
    StoredFiles files(stored.files, artifacts_);
    ParsedText parsed = format_.Parse(NameOf(stored), stored.text, files);
    if (!parsed.mistakes.empty()) {
      const Mistake& first = parsed.mistakes.front();
      return FailedPrecondition(fmt::format("{}:{}:{}: {}: apply it anew", first.place.file,
                                            first.place.line, first.place.column, first.message));
    }
    if (!parsed.missing.empty() || parsed.documents.size() != 1) {
      return FailedPrecondition(
          fmt::format("{} cannot be read back: apply it anew", NameOf(stored)));
    }
    AddTo(std::move(parsed.documents.front()), stored.version, stored.create_time, &library);
  }
  return library;
}

StatusOr<std::shared_ptr<const Library>> LibraryLoader::Load(Tx& tx) {
  ASSIGN_OR_RETURN(const auto heads, tx.documents.Documents(false));
  Bytes key = KeyOf(heads);
  {
    auto kept = kept_.Lock();
    if (kept->library && kept->key == key) return kept->library;
  }
  ASSIGN_OR_RETURN(const auto documents, tx.documents.Documents(true));
  ASSIGN_OR_RETURN(Library built, Build(documents));
  auto library = std::make_shared<const Library>(std::move(built));
  *kept_.Lock() = Kept{std::move(key), library};
  return library;
}

}  // namespace preseal::server
