// SPDX-License-Identifier: Apache-2.0
// What profiles and assignment need of the store. Errors as in server/service/ports.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/profile/document.h"

namespace preseal::server {

// Content a document names with `source`, held by the artefact store.
struct DocumentFile {
  std::string source;  // as written
  Bytes sha256;        // 32 bytes
  uint64_t size = 0;   // bytes

  bool operator==(const DocumentFile&) const = default;
};

// One version of one document.
struct StoredDocument {
  DocumentKind kind = DocumentKind::kDeploymentProfile;
  std::string id;
  uint32_t version = 0;  // from 1, never used twice
  std::string text;      // as applied, at most kDocumentBytesMax
  std::vector<DocumentFile> files;
  Bytes digest;          // SHA-256 of the text, 32 bytes
  std::string actor;     // kFolderActor: the profiles folder
  WallTime create_time;  // of the first version since it was last deleted
  WallTime update_time;  // of this version
  bool deleted = false;
};

// The newest versions count; the others are kept to be read. At most kDocumentVersionsKept each.
class DocumentStore {
 public:
  virtual ~DocumentStore() = default;
  // The newest version of every document that is not deleted, by kind, then id; without text and
  // files unless `with_text`.
  virtual StatusOr<std::vector<StoredDocument>> Documents(bool with_text) = 0;
  // Version 0: the newest, deleted or not.
  virtual StatusOr<StoredDocument> GetDocument(DocumentKind kind, std::string_view id,
                                               uint32_t version) = 0;
  // The versions kept, newest first, without text and files.
  virtual StatusOr<std::vector<StoredDocument>> Versions(DocumentKind kind,
                                                         std::string_view id) = 0;
  // Adds the next version. AlreadyExists: that version is there.
  virtual Status PutDocument(const StoredDocument& document) = 0;
};

// A name that belongs to one device. Names are unique without case.
struct NameReservation {
  std::string name;
  DeviceId device_id;
  std::string name_template;  // it came from; empty: a person gave it
  WallTime time;
};

class NameStore {
 public:
  virtual ~NameStore() = default;
  // Gives the device this name and frees the one it had. AlreadyExists: another device has it.
  virtual Status ReserveName(const NameReservation& reservation) = 0;
  virtual StatusOr<NameReservation> FindName(std::string_view name) = 0;       // NotFound
  virtual StatusOr<NameReservation> NameOfDevice(const DeviceId& device) = 0;  // NotFound
  virtual Status FreeName(const DeviceId& device) = 0;                         // idempotent
  // 1, 2, 3 …: each number of a template is given out once.
  virtual StatusOr<uint64_t> NextInSequence(std::string_view name_template) = 0;
  // What NextInSequence would give.
  virtual StatusOr<uint64_t> PeekSequence(std::string_view name_template) = 0;
};

}  // namespace preseal::server
