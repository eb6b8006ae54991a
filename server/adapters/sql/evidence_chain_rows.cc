// SPDX-License-Identifier: Apache-2.0
// The chain's half of EvidenceRows.
#include "common/base/limits.h"
#include "server/adapters/sql/evidence_rows.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kLast(
    "SELECT sequence, record_sha256, previous_sha256 FROM evidence_chain"
    " ORDER BY sequence DESC LIMIT 1",
    "ibb");
constexpr Sql kInsertLink(
    "INSERT INTO evidence_chain (sequence, record_sha256, previous_sha256)"
    " VALUES (:sequence, :record_sha256, :previous_sha256)");
constexpr Sql kInsertRecord(
    "INSERT INTO evidence_records (sequence, device_number, accepted, jws)"
    " VALUES (:sequence, :device_number, :accepted, :jws)");
constexpr Sql kForgetOld(
    "DELETE FROM evidence_records WHERE device_number = :device_number"
    " AND sequence NOT IN (SELECT sequence FROM evidence_records"
    " WHERE device_number = :newest_of ORDER BY sequence DESC LIMIT :kept)"
    " AND sequence <> coalesce((SELECT max(sequence) FROM evidence_records"
    " WHERE device_number = :accepted_of AND accepted = 1), 0)");
constexpr Sql kAfter(
    "SELECT evidence_chain.sequence, record_sha256, previous_sha256, jws FROM evidence_chain"
    " LEFT JOIN evidence_records ON evidence_records.sequence = evidence_chain.sequence"
    " WHERE evidence_chain.sequence > :sequence ORDER BY evidence_chain.sequence LIMIT :count",
    "ibbt");
constexpr Sql kAfterOfDevice(
    "SELECT evidence_chain.sequence, record_sha256, previous_sha256, jws FROM evidence_records"
    " JOIN evidence_chain ON evidence_chain.sequence = evidence_records.sequence"
    " WHERE device_number = :device_number AND evidence_records.sequence > :sequence"
    " ORDER BY evidence_records.sequence LIMIT :count",
    "ibbt");
constexpr Sql kNewest(
    "SELECT evidence_chain.sequence, record_sha256, previous_sha256, jws, device_number"
    " FROM evidence_records"
    " JOIN evidence_chain ON evidence_chain.sequence = evidence_records.sequence"
    " WHERE device_number = (SELECT min(device_number) FROM evidence_records"
    " WHERE device_number > :after) ORDER BY evidence_records.sequence DESC LIMIT 1",
    "ibbti");
constexpr Sql kDevices("SELECT count(DISTINCT device_number) FROM evidence_records", "i");

StoredEvidence ReadLink(sql::Row& row) {
  StoredEvidence evidence;
  evidence.sequence = row.Unsigned();
  evidence.record_sha256 = row.Blob();
  evidence.previous_sha256 = row.Blob();
  return evidence;
}

}  // namespace

StatusOr<StoredEvidence> EvidenceRows::LastEvidence() {
  StoredEvidence evidence;
  ASSIGN_OR_RETURN(const bool found, connection_.QueryOne(kLast, {}, [&evidence](sql::Row& row) {
    evidence = ReadLink(row);
  }));
  if (!found) return NotFound("no evidence yet");
  return evidence;
}

Status EvidenceRows::AppendEvidence(const StoredEvidence& evidence, const DeviceId& device,
                                    bool accepted) {
  RETURN_IF_ERROR(connection_
                      .Execute(kInsertLink, {evidence.sequence, evidence.record_sha256,
                                             evidence.previous_sha256})
                      .status());
  const uint64_t number = device.number();
  RETURN_IF_ERROR(
      connection_.Execute(kInsertRecord, {evidence.sequence, number, accepted, evidence.jws})
          .status());
  return connection_.Execute(kForgetOld, {number, number, kAttestationsKeptMax, number}).status();
}

StatusOr<std::vector<StoredEvidence>> EvidenceRows::EvidenceAfter(uint64_t sequence,
                                                                  std::optional<DeviceId> device,
                                                                  int limit) {
  std::vector<StoredEvidence> found;
  const auto add = [&found](sql::Row& row) -> Status {
    StoredEvidence evidence = ReadLink(row);
    evidence.jws = row.Text();
    found.push_back(std::move(evidence));
    return OkStatus();
  };
  RETURN_IF_ERROR(device
                      ? connection_.Query(kAfterOfDevice, {device->number(), sequence, limit}, add)
                      : connection_.Query(kAfter, {sequence, limit}, add));
  return found;
}

StatusOr<StoredEvidence> EvidenceRows::NewestEvidence(std::optional<DeviceId> after,
                                                      DeviceId* device) {
  StoredEvidence evidence;
  const uint64_t from = after ? after->number() : 0;
  ASSIGN_OR_RETURN(const bool found, connection_.QueryOne(kNewest, {from}, [&](sql::Row& row) {
    evidence = ReadLink(row);
    evidence.jws = row.Text();
    *device = DeviceId::FromNumber(row.Unsigned());
  }));
  if (!found) return NotFound("no more devices with evidence");
  return evidence;
}

StatusOr<uint64_t> EvidenceRows::DevicesWithEvidence() {
  uint64_t count = 0;
  RETURN_IF_ERROR(
      connection_.QueryOne(kDevices, {}, [&count](sql::Row& row) { count = row.Unsigned(); })
          .status());
  return count;
}

}  // namespace preseal::server
