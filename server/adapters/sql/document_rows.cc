// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/document_rows.h"

#include <charconv>

#include "common/base/limits.h"
#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

#define PRESEAL_DOCUMENT_HEAD "kind, id, version, digest, actor, create_time, update_time, deleted"
#define PRESEAL_DOCUMENT_HEAD_TYPES "itibtiii"

constexpr Sql kHeads("SELECT " PRESEAL_DOCUMENT_HEAD
                     " FROM documents WHERE newest = 1 AND deleted = 0 ORDER BY kind, id",
                     PRESEAL_DOCUMENT_HEAD_TYPES);
constexpr Sql kNewest("SELECT " PRESEAL_DOCUMENT_HEAD
                      ", text, files FROM documents WHERE newest = 1 AND deleted = 0"
                      " ORDER BY kind, id",
                      PRESEAL_DOCUMENT_HEAD_TYPES "tt");
constexpr Sql kGetNewest("SELECT " PRESEAL_DOCUMENT_HEAD
                         ", text, files FROM documents"
                         " WHERE kind = :kind AND id = :id AND newest = 1",
                         PRESEAL_DOCUMENT_HEAD_TYPES "tt");
constexpr Sql kGetVersion("SELECT " PRESEAL_DOCUMENT_HEAD
                          ", text, files FROM documents"
                          " WHERE kind = :kind AND id = :id AND version = :version",
                          PRESEAL_DOCUMENT_HEAD_TYPES "tt");
constexpr Sql kVersions("SELECT " PRESEAL_DOCUMENT_HEAD
                        " FROM documents WHERE kind = :kind AND id = :id ORDER BY version DESC",
                        PRESEAL_DOCUMENT_HEAD_TYPES);
constexpr Sql kAge("UPDATE documents SET newest = 0 WHERE kind = :kind AND id = :id");
constexpr Sql kInsert(
    "INSERT INTO documents (" PRESEAL_DOCUMENT_HEAD
    ", text, files, newest)"
    " VALUES (:kind, :id, :version, :digest, :actor, :create_time, :update_time, :deleted,"
    " :text, :files, 1) ON CONFLICT DO NOTHING");
constexpr Sql kForget(
    "DELETE FROM documents WHERE kind = :kind AND id = :id AND version <= :version");

std::string FilesText(const std::vector<DocumentFile>& files) {
  std::string text;
  for (const DocumentFile& file : files) {
    text += fmt::format("{} {} {}\n", ToHex(ByteView(file.sha256)), file.size, file.source);
  }
  return text;
}

StatusOr<std::vector<DocumentFile>> ParseFiles(std::string_view text) {
  std::vector<DocumentFile> files;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const size_t first = line.find(' ');
    const size_t second = first == line.npos ? line.npos : line.find(' ', first + 1);
    DocumentFile file;
    const auto digest = second == line.npos ? StatusOr<Bytes>(DataLoss("no digest"))
                                            : FromHex(line.substr(0, first));
    if (end == text.npos || !digest.ok() ||
        std::from_chars(line.data() + first + 1, line.data() + second, file.size).ptr !=
            line.data() + second) {
      return DataLoss("table documents is damaged: its files: restore a backup");
    }
    file.sha256 = *digest;
    file.source = line.substr(second + 1);
    files.push_back(std::move(file));
    text.remove_prefix(end + 1);
  }
  return files;
}

Status ReadDocument(sql::Row& row, bool with_text, StoredDocument* document) {
  Columns columns(row, "documents");
  document->kind = columns.Enum(DocumentKind::kDeploymentProfile, DocumentKind::kAssignment);
  document->id = columns->Text();
  document->version = columns->Unsigned32();
  document->digest = columns->Blob();
  document->actor = columns->Text();
  document->create_time = columns->Time();
  document->update_time = columns->Time();
  document->deleted = columns->Flag();
  if (with_text) {
    document->text = columns->Text();
    ASSIGN_OR_RETURN(document->files, ParseFiles(columns->Text()));
  }
  return columns.status();
}

}  // namespace

StatusOr<std::vector<StoredDocument>> DocumentRows::Select(const Sql& sql, sql::Params params,
                                                           bool with_text) {
  std::vector<StoredDocument> documents;
  RETURN_IF_ERROR(connection_.Query(sql, params, [&](sql::Row& row) {
    return ReadDocument(row, with_text, &documents.emplace_back());
  }));
  return documents;
}

StatusOr<std::vector<StoredDocument>> DocumentRows::Documents(bool with_text) {
  return with_text ? Select(kNewest, {}, true) : Select(kHeads, {}, false);
}

StatusOr<StoredDocument> DocumentRows::GetDocument(DocumentKind kind, std::string_view id,
                                                   uint32_t version) {
  ASSIGN_OR_RETURN(auto found, version == 0 ? Select(kGetNewest, {kind, id}, true)
                                            : Select(kGetVersion, {kind, id, version}, true));
  if (!found.empty()) return std::move(found.front());
  const std::string name = fmt::format("documents/{}/{}", PathOf(kind), id);
  return NotFound(version == 0 ? fmt::format("there is no {}", name)
                               : fmt::format("{} has no version {}", name, version));
}

StatusOr<std::vector<StoredDocument>> DocumentRows::Versions(DocumentKind kind,
                                                             std::string_view id) {
  return Select(kVersions, {kind, id}, false);
}

Status DocumentRows::PutDocument(const StoredDocument& d) {
  RETURN_IF_ERROR(connection_.Execute(kAge, {d.kind, d.id}).status());
  RETURN_IF_ERROR(ExpectInserted(
      connection_.Execute(kInsert, {d.kind, d.id, d.version, d.digest, d.actor, d.create_time,
                                    d.update_time, d.deleted, d.text, FilesText(d.files)}),
      fmt::format("version {} of documents/{}/{}", d.version, PathOf(d.kind), d.id)));
  if (d.version <= kDocumentVersionsKept) return OkStatus();
  return connection_.Execute(kForget, {d.kind, d.id, d.version - kDocumentVersionsKept}).status();
}

}  // namespace preseal::server
