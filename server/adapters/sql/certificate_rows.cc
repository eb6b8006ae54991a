// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/certificate_rows.h"

#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

#define PRESEAL_CERTIFICATE_COLUMNS                                                     \
  "serial_hex, device_number, sha256, not_before, not_after, issue_time, confirm_time," \
  " revoke_time, revoke_reason"
#define PRESEAL_CERTIFICATE_TYPES "tibiiiiit"

constexpr Sql kInsert("INSERT INTO certificates (" PRESEAL_CERTIFICATE_COLUMNS
                      ") VALUES (:serial_hex, :device_number, :sha256, :not_before, :not_after,"
                      " :issue_time, :confirm_time, :revoke_time, :revoke_reason)"
                      " ON CONFLICT DO NOTHING");
constexpr Sql kUpdate(
    "UPDATE certificates SET confirm_time = :confirm_time, revoke_time = :revoke_time,"
    " revoke_reason = :revoke_reason WHERE sha256 = :sha256");
constexpr Sql kFind("SELECT " PRESEAL_CERTIFICATE_COLUMNS
                    " FROM certificates WHERE sha256 = :sha256",
                    PRESEAL_CERTIFICATE_TYPES);
constexpr Sql kOfDevice("SELECT " PRESEAL_CERTIFICATE_COLUMNS
                        " FROM certificates WHERE device_number = :device_number"
                        " ORDER BY certificate_number",
                        PRESEAL_CERTIFICATE_TYPES);
constexpr Sql kUnconfirmed(
    "SELECT " PRESEAL_CERTIFICATE_COLUMNS
    " FROM certificates WHERE confirm_time IS NULL AND revoke_time IS NULL"
    " AND issue_time < :before AND EXISTS (SELECT 1 FROM devices WHERE"
    " devices.device_number = certificates.device_number AND"
    " devices.certificate_sha256 = certificates.sha256) ORDER BY issue_time LIMIT :limit",
    PRESEAL_CERTIFICATE_TYPES);
constexpr Sql kRevoked("SELECT " PRESEAL_CERTIFICATE_COLUMNS
                       " FROM certificates WHERE revoke_time IS NOT NULL AND not_after > :now"
                       " ORDER BY revoke_time DESC, certificate_number DESC LIMIT :limit",
                       PRESEAL_CERTIFICATE_TYPES);

DeviceCertificate ReadCertificate(sql::Row& row) {
  DeviceCertificate certificate;
  certificate.serial_hex = row.Text();
  certificate.device = DeviceId::FromNumber(row.Unsigned());
  certificate.sha256 = row.Blob();
  certificate.not_before = row.Time();
  certificate.not_after = row.Time();
  certificate.issue_time = row.Time();
  certificate.confirm_time = row.OptionalTime();
  certificate.revoke_time = row.OptionalTime();
  certificate.revoke_reason = row.Text();
  return certificate;
}

}  // namespace

StatusOr<std::vector<DeviceCertificate>> CertificateRows::Select(const Sql& sql,
                                                                 sql::Params params) {
  std::vector<DeviceCertificate> certificates;
  RETURN_IF_ERROR(connection_.Query(sql, params, [&certificates](sql::Row& row) -> Status {
    certificates.push_back(ReadCertificate(row));
    return OkStatus();
  }));
  return certificates;
}

Status CertificateRows::InsertCertificate(const DeviceCertificate& c) {
  return ExpectInserted(
      connection_.Execute(kInsert,
                          {c.serial_hex, c.device.number(), c.sha256, c.not_before, c.not_after,
                           c.issue_time, c.confirm_time, c.revoke_time, c.revoke_reason}),
      "certificate " + c.serial_hex);
}

Status CertificateRows::UpdateCertificate(const DeviceCertificate& c) {
  return ExpectOneRow(
      connection_.Execute(kUpdate, {c.confirm_time, c.revoke_time, c.revoke_reason, c.sha256}),
      "certificate " + c.serial_hex);
}

StatusOr<DeviceCertificate> CertificateRows::FindCertificate(ByteView sha256) {
  ASSIGN_OR_RETURN(auto certificates, Select(kFind, {sha256}));
  if (certificates.empty()) return NotFound("no such certificate was issued here");
  return std::move(certificates.front());
}

StatusOr<std::vector<DeviceCertificate>> CertificateRows::CertificatesOf(const DeviceId& device) {
  return Select(kOfDevice, {device.number()});
}

StatusOr<std::vector<DeviceCertificate>> CertificateRows::Unconfirmed(WallTime before, int limit) {
  return Select(kUnconfirmed, {before, limit});
}

StatusOr<std::vector<DeviceCertificate>> CertificateRows::Revoked(WallTime now, int limit) {
  return Select(kRevoked, {now, limit});
}

}  // namespace preseal::server
