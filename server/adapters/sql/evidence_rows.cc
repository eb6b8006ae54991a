// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/evidence_rows.h"

#include <fmt/format.h>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kInsert(
    "INSERT INTO attestations (device_number, decide_time, accepted, refusal_code, lab,"
    " evidence_sha256) VALUES (:device_number, :decide_time, :accepted, :refusal_code, :lab,"
    " :evidence_sha256) RETURNING attestation_number",
    "i");
constexpr Sql kInsertParts(
    "INSERT INTO attestation_parts (attestation_number, challenge, evidence, credential, proof,"
    " server_leaf_sha256, certify_qualifying_data, quote_qualifying_data, certificate, findings)"
    " VALUES (:attestation_number, :challenge, :evidence, :credential, :proof,"
    " :server_leaf_sha256, :certify_qualifying_data, :quote_qualifying_data, :certificate,"
    " :findings)");
constexpr Sql kForgetOld(
    "DELETE FROM attestations WHERE device_number = :device_number"
    " AND attestation_number NOT IN (SELECT attestation_number FROM attestations"
    " WHERE device_number = :newest_of ORDER BY attestation_number DESC LIMIT :kept)"
    " AND attestation_number <> coalesce((SELECT max(attestation_number) FROM attestations"
    " WHERE device_number = :accepted_of AND accepted = 1), 0)");

#define PRESEAL_SELECT_ATTESTATION                                                          \
  "SELECT device_number, decide_time, accepted, refusal_code, lab, challenge, evidence,"    \
  " credential, proof, server_leaf_sha256, certify_qualifying_data, quote_qualifying_data," \
  " certificate, findings, evidence_sha256 FROM attestations JOIN attestation_parts"        \
  " ON attestation_parts.attestation_number = attestations.attestation_number"              \
  " WHERE device_number = :device_number"
#define PRESEAL_ATTESTATION_TYPES "iiitibbbbbbbbtb"

constexpr Sql kLatest(PRESEAL_SELECT_ATTESTATION
                      " ORDER BY attestations.attestation_number DESC LIMIT 1",
                      PRESEAL_ATTESTATION_TYPES);
constexpr Sql kLatestAccepted(PRESEAL_SELECT_ATTESTATION
                              " AND accepted = 1"
                              " ORDER BY attestations.attestation_number DESC LIMIT 1",
                              PRESEAL_ATTESTATION_TYPES);

constexpr Sql kInsertBirth(
    "INSERT INTO birth_certificates (device_number, create_time, jws)"
    " VALUES (:device_number, :create_time, :jws)");
constexpr Sql kBirth(
    "SELECT jws FROM birth_certificates WHERE device_number = :device_number"
    " ORDER BY birth_certificate_number DESC LIMIT 1",
    "t");

AttestationRecord ReadAttestation(sql::Row& row) {
  AttestationRecord record;
  record.device_id = DeviceId::FromNumber(row.Unsigned());
  record.decide_time = row.Time();
  record.accepted = row.Flag();
  record.refusal_code = row.Text();
  record.lab = row.Flag();
  record.challenge = row.Blob();
  record.evidence = row.Blob();
  record.credential = row.Blob();
  record.proof = row.Blob();
  record.server_leaf_sha256 = row.Blob();
  record.certify_qualifying_data = row.Blob();
  record.quote_qualifying_data = row.Blob();
  record.certificate = row.Blob();
  record.findings = row.Text();
  record.evidence_sha256 = row.Blob();
  return record;
}

StatusOr<AttestationRecord> ReadOne(sql::Connection& connection, const Sql& sql,
                                    const DeviceId& device) {
  AttestationRecord record;
  ASSIGN_OR_RETURN(const bool found,
                   connection.QueryOne(sql, {device.number()}, [&record](sql::Row& row) {
                     record = ReadAttestation(row);
                   }));
  if (!found) return NotFound(fmt::format("no such attestation of {}", device.text()));
  return record;
}

}  // namespace

Status EvidenceRows::PutAttestation(const AttestationRecord& r) {
  int64_t number = 0;
  const uint64_t device = r.device_id.number();
  RETURN_IF_ERROR(
      connection_
          .QueryOne(kInsert,
                    {device, r.decide_time, r.accepted, r.refusal_code, r.lab, r.evidence_sha256},
                    [&number](sql::Row& row) { number = row.Integer(); })
          .status());
  RETURN_IF_ERROR(
      connection_
          .Execute(kInsertParts,
                   {number, r.challenge, r.evidence, r.credential, r.proof, r.server_leaf_sha256,
                    r.certify_qualifying_data, r.quote_qualifying_data, r.certificate, r.findings})
          .status());
  return connection_.Execute(kForgetOld, {device, device, kAttestationsKeptMax, device}).status();
}

StatusOr<AttestationRecord> EvidenceRows::LatestAttestation(const DeviceId& device) {
  return ReadOne(connection_, kLatest, device);
}

StatusOr<AttestationRecord> EvidenceRows::LatestAccepted(const DeviceId& device) {
  return ReadOne(connection_, kLatestAccepted, device);
}

Status EvidenceRows::PutBirthCertificate(const DeviceId& device, std::string_view jws,
                                         WallTime now) {
  return connection_.Execute(kInsertBirth, {device.number(), now, jws}).status();
}

StatusOr<std::string> EvidenceRows::BirthCertificate(const DeviceId& device) {
  std::string jws;
  ASSIGN_OR_RETURN(
      const bool found,
      connection_.QueryOne(kBirth, {device.number()}, [&jws](sql::Row& row) { jws = row.Text(); }));
  if (!found) return NotFound(fmt::format("no birth certificate of {}", device.text()));
  return jws;
}

}  // namespace preseal::server
