// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// CertificateStore on one connection, inside the caller's transaction. Not thread-safe.
class CertificateRows final : public CertificateStore {
 public:
  explicit CertificateRows(sql::Connection* connection) : connection_(*connection) {}

  Status InsertCertificate(const DeviceCertificate& certificate) override;
  Status UpdateCertificate(const DeviceCertificate& certificate) override;
  StatusOr<DeviceCertificate> FindCertificate(ByteView sha256) override;
  StatusOr<std::vector<DeviceCertificate>> CertificatesOf(const DeviceId& device) override;
  StatusOr<std::vector<DeviceCertificate>> Unconfirmed(WallTime before, int limit) override;
  StatusOr<std::vector<DeviceCertificate>> Revoked(WallTime now, int limit) override;

 private:
  StatusOr<std::vector<DeviceCertificate>> Select(const sql::Sql& sql, sql::Params params);

  sql::Connection& connection_;
};

}  // namespace preseal::server
