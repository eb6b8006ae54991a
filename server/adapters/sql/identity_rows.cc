// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/identity_rows.h"

#include "common/base/limits.h"
#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Param;
using sql::Sql;

constexpr Sql kOpen(
    "INSERT INTO device_identities (device_number, ek_spki_sha256, ek_certificate_sha256,"
    " start_time, end_time, reset_count, approver, reason, note, end_actor, end_reason) VALUES"
    " (:device_number, :ek, :ek_certificate, :start_time, :end_time, :reset_count, :approver,"
    " :reason, :note, :end_actor, :end_reason) ON CONFLICT DO NOTHING");
constexpr Sql kClose(
    "UPDATE device_identities SET end_time = :end_time, end_actor = :end_actor,"
    " end_reason = :end_reason WHERE device_number = :device_number AND end_time IS NULL");
constexpr Sql kSetResetCount(
    "UPDATE device_identities SET reset_count = :reset_count"
    " WHERE device_number = :device_number AND end_time IS NULL");
constexpr Sql kIdentities(
    "SELECT device_number, ek_spki_sha256, ek_certificate_sha256, start_time, end_time,"
    " reset_count, approver, reason, note, end_actor, end_reason FROM device_identities"
    " WHERE device_number = :device_number ORDER BY identity_number",
    "ibbiiittttt");
constexpr Sql kPutProposal(
    "INSERT OR REPLACE INTO ek_proposals (device_number, kind, ek_spki_sha256,"
    " ek_certificate_sha256, tpm_manufacturer, tpm_model, code, order_code, first_time, last_time,"
    " approver, reason, note, approve_time, use_time) VALUES (:device_number, :kind, :ek,"
    " :ek_certificate, :tpm_manufacturer, :tpm_model, :code, :order_code, :first_time, :last_time,"
    " :approver, :reason, :note, :approve_time, :use_time)");
constexpr Sql kForgetOld(
    "DELETE FROM ek_proposals WHERE device_number = :device_number AND kind = :kind"
    " AND approve_time IS NULL AND ek_spki_sha256 NOT IN (SELECT ek_spki_sha256 FROM ek_proposals"
    " WHERE device_number = :newest_of AND kind = :newest_kind"
    " ORDER BY last_time DESC, ek_spki_sha256 LIMIT :kept)");
constexpr Sql kProposals(
    "SELECT device_number, kind, ek_spki_sha256, ek_certificate_sha256, tpm_manufacturer,"
    " tpm_model, code, order_code, first_time, last_time, approver, reason, note, approve_time,"
    " use_time FROM ek_proposals WHERE device_number = :device_number"
    " ORDER BY last_time DESC, kind, ek_spki_sha256",
    "iibbttttiitttii");
constexpr Sql kSeeKey(
    "INSERT INTO seen_keys (kind, key_sha256, device_number, first_time) VALUES (:kind, :key,"
    " :device_number, :first_time) ON CONFLICT DO NOTHING");
constexpr Sql kDeviceOfKey(
    "SELECT device_number FROM seen_keys WHERE kind = :kind AND key_sha256 = :key", "i");

DeviceIdentity ReadIdentity(sql::Row& row) {
  DeviceIdentity identity;
  identity.device = DeviceId::FromNumber(row.Unsigned());
  identity.ek_spki_sha256 = row.Blob();
  identity.ek_certificate_sha256 = row.Blob();
  identity.start_time = row.Time();
  identity.end_time = row.OptionalTime();
  if (const auto count = row.OptionalInteger()) {
    identity.reset_count = static_cast<uint32_t>(*count);
  }
  identity.approver = row.Text();
  identity.reason = row.Text();
  identity.note = row.Text();
  identity.end_actor = row.Text();
  identity.end_reason = row.Text();
  return identity;
}

Status ReadProposal(sql::Row& row, EkProposal* proposal) {
  Columns columns(row, "ek_proposals");
  proposal->device = DeviceId::FromNumber(columns->Unsigned());
  proposal->kind = columns.Enum(ProposalKind::kRebind, ProposalKind::kVouch);
  proposal->ek_spki_sha256 = columns->Blob();
  proposal->ek_certificate_sha256 = columns->Blob();
  proposal->tpm_manufacturer = columns->Text();
  proposal->tpm_model = columns->Text();
  proposal->code = columns->Text();
  proposal->order_code = columns->Text();
  proposal->first_time = columns->Time();
  proposal->last_time = columns->Time();
  proposal->approver = columns->Text();
  proposal->reason = columns->Text();
  proposal->note = columns->Text();
  proposal->approve_time = columns->OptionalTime();
  proposal->use_time = columns->OptionalTime();
  return columns.status();
}

Param OrNull(std::optional<uint32_t> value) {
  return value ? Param(*value) : Param::Null(sql::Type::kInteger);
}

}  // namespace

Status IdentityRows::OpenIdentity(const DeviceIdentity& i) {
  return ExpectInserted(
      connection_.Execute(
          kOpen, {i.device.number(), i.ek_spki_sha256, Param::OrNull(i.ek_certificate_sha256),
                  i.start_time, i.end_time, OrNull(i.reset_count), i.approver, i.reason, i.note,
                  i.end_actor, i.end_reason}),
      "the record's identity");
}

Status IdentityRows::CloseIdentity(const DeviceId& device, WallTime now, std::string_view actor,
                                   std::string_view reason) {
  return connection_.Execute(kClose, {now, actor, reason, device.number()}).status();
}

Status IdentityRows::SetResetCount(const DeviceId& device, uint32_t reset_count) {
  return ExpectOneRow(connection_.Execute(kSetResetCount, {reset_count, device.number()}),
                      "the identity of " + device.text());
}

StatusOr<std::vector<DeviceIdentity>> IdentityRows::Identities(const DeviceId& device) {
  std::vector<DeviceIdentity> identities;
  RETURN_IF_ERROR(
      connection_.Query(kIdentities, {device.number()}, [&identities](sql::Row& row) -> Status {
        identities.push_back(ReadIdentity(row));
        return OkStatus();
      }));
  return identities;
}

Status IdentityRows::PutProposal(const EkProposal& p) {
  const uint64_t device = p.device.number();
  RETURN_IF_ERROR(
      connection_
          .Execute(kPutProposal,
                   {device, p.kind, p.ek_spki_sha256, Param::OrNull(p.ek_certificate_sha256),
                    p.tpm_manufacturer, p.tpm_model, p.code, p.order_code, p.first_time,
                    p.last_time, p.approver, p.reason, p.note, p.approve_time, p.use_time})
          .status());
  return connection_.Execute(kForgetOld, {device, p.kind, device, p.kind, kEkProposalsMax})
      .status();
}

StatusOr<std::vector<EkProposal>> IdentityRows::Proposals(const DeviceId& device) {
  std::vector<EkProposal> proposals;
  RETURN_IF_ERROR(connection_.Query(kProposals, {device.number()}, [&proposals](sql::Row& row) {
    return ReadProposal(row, &proposals.emplace_back());
  }));
  return proposals;
}

Status IdentityRows::SeeKey(SeenKeyKind kind, ByteView sha256, const DeviceId& device,
                            WallTime now) {
  return connection_.Execute(kSeeKey, {kind, sha256, device.number(), now}).status();
}

StatusOr<DeviceId> IdentityRows::DeviceOfKey(SeenKeyKind kind, ByteView sha256) {
  uint64_t number = 0;
  ASSIGN_OR_RETURN(const bool found,
                   connection_.QueryOne(kDeviceOfKey, {kind, sha256},
                                        [&number](sql::Row& row) { number = row.Unsigned(); }));
  if (!found) return NotFound("no device showed this key");
  return DeviceId::FromNumber(number);
}

}  // namespace preseal::server
