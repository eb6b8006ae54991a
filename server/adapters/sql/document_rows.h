// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/profile/document_ports.h"

namespace preseal::server {

// DocumentStore on one connection, inside the caller's transaction. Not thread-safe.
class DocumentRows final : public DocumentStore {
 public:
  explicit DocumentRows(sql::Connection* connection) : connection_(*connection) {}

  StatusOr<std::vector<StoredDocument>> Documents(bool with_text) override;
  StatusOr<StoredDocument> GetDocument(DocumentKind kind, std::string_view id,
                                       uint32_t version) override;
  StatusOr<std::vector<StoredDocument>> Versions(DocumentKind kind, std::string_view id) override;
  Status PutDocument(const StoredDocument& document) override;

 private:
  StatusOr<std::vector<StoredDocument>> Select(const sql::Sql& sql, sql::Params params,
                                               bool with_text);
  sql::Connection& connection_;
};

// NameStore, likewise.
class NameRows final : public NameStore {
 public:
  explicit NameRows(sql::Connection* connection) : connection_(*connection) {}

  Status ReserveName(const NameReservation& reservation) override;
  StatusOr<NameReservation> FindName(std::string_view name) override;
  StatusOr<NameReservation> NameOfDevice(const DeviceId& device) override;
  Status FreeName(const DeviceId& device) override;
  StatusOr<uint64_t> NextInSequence(std::string_view name_template) override;
  StatusOr<uint64_t> PeekSequence(std::string_view name_template) override;

 private:
  StatusOr<NameReservation> Select(const sql::Sql& sql, sql::Params params, std::string_view what);
  sql::Connection& connection_;
};

}  // namespace preseal::server
