// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/identity_views.h"

#include <fmt/format.h>

#include <charconv>

#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/service/enrollment/record_desk.h"

namespace preseal::server {
namespace {

namespace iv1 = identity::v1;

constexpr std::string_view kGoldenSets = "goldenSets/G-";
constexpr std::string_view kOrderCodes = "orderCodes/";

void ToProto(const DeviceIdentity& identity, iv1::BoundTpm* out) {
  out->set_ek_spki_sha256(ToString(identity.ek_spki_sha256));
  out->set_ek_certificate_sha256(ToString(identity.ek_certificate_sha256));
  SetTime(identity.start_time, out->mutable_start_time());
  if (identity.end_time) SetTime(*identity.end_time, out->mutable_end_time());
  out->set_approver(identity.approver);
  out->set_reason(identity.reason);
  out->set_note(identity.note);
  out->set_end_actor(identity.end_actor);
  out->set_end_reason(identity.end_reason);
}

void ToProto(const EkProposal& proposal, iv1::WaitingTpm* out) {
  out->set_kind(static_cast<iv1::WaitingTpm::Kind>(proposal.kind));
  out->set_ek_spki_sha256(ToString(proposal.ek_spki_sha256));
  out->set_ek_certificate_sha256(ToString(proposal.ek_certificate_sha256));
  out->set_tpm_manufacturer(proposal.tpm_manufacturer);
  out->set_tpm_model(proposal.tpm_model);
  out->set_code(proposal.code);
  out->set_order_code(proposal.order_code);
  SetTime(proposal.first_time, out->mutable_first_time());
  SetTime(proposal.last_time, out->mutable_last_time());
  out->set_approver(proposal.approver);
  out->set_reason(proposal.reason);
  out->set_note(proposal.note);
  if (proposal.approve_time) SetTime(*proposal.approve_time, out->mutable_approve_time());
  if (proposal.use_time) SetTime(*proposal.use_time, out->mutable_use_time());
}

void ToProto(const DeviceCertificate& certificate, iv1::Certificate* out) {
  out->set_serial_number(certificate.serial_hex);
  out->set_sha256(ToString(certificate.sha256));
  SetTime(certificate.not_before, out->mutable_not_before());
  SetTime(certificate.not_after, out->mutable_not_after());
  SetTime(certificate.issue_time, out->mutable_issue_time());
  if (certificate.confirm_time) SetTime(*certificate.confirm_time, out->mutable_confirm_time());
  if (certificate.revoke_time) SetTime(*certificate.revoke_time, out->mutable_revoke_time());
  out->set_revoke_reason(certificate.revoke_reason);
}

}  // namespace

void ToProto(const IdentityView& view, iv1::Identity* out) {
  out->set_device(NameOfDevice(view.device.id));
  out->set_serial_number(view.device.serial_number);
  out->set_state(std::string(NameOf(view.device.state)));
  out->set_attempts_used(view.device.refused_attempts);
  out->set_attempts_left(RecordDesk::AttemptsLeft(view.device));
  for (const auto& identity : view.identities) ToProto(identity, out->add_tpms());
  for (const auto& proposal : view.proposals) ToProto(proposal, out->add_proposals());
  for (const auto& certificate : view.certificates) ToProto(certificate, out->add_certificates());
}

void ToProto(const ListedEk& ek, iv1::ListedEk* out) {
  out->set_ek_spki_sha256(ToString(ek.ek_spki_sha256));
  if (!ek.batch.empty()) out->set_batch(NameOfBatch(ek.batch));
  out->set_source(ek.source);
  SetTime(ek.create_time, out->mutable_create_time());
  out->set_actor(ek.actor);
}

void ToProto(const OrderCode& code, iv1::OrderCode* out) {
  out->set_name(std::string(kOrderCodes) + code.code_id);
  out->set_batch(NameOfBatch(code.batch));
  out->set_uses(code.uses);
  out->set_uses_left(code.uses_left);
  SetTime(code.create_time, out->mutable_create_time());
  SetTime(code.expire_time, out->mutable_expire_time());
  out->set_actor(code.actor);
  out->set_revoked(code.revoked);
}

void ToProto(const GoldenRow& row, iv1::GoldenSet* out) {
  out->set_name(fmt::format("{}{}", kGoldenSets, row.number));
  out->set_manufacturer(row.manufacturer);
  out->set_model(row.model);
  out->set_state(static_cast<iv1::GoldenSet::State>(row.state));
  out->set_proposer(NameOfDevice(row.proposer));
  SetTime(row.create_time, out->mutable_create_time());
  out->set_first_approver(row.first_approver);
  if (row.first_approve_time) SetTime(*row.first_approve_time, out->mutable_first_approve_time());
  out->set_second_approver(row.second_approver);
  if (row.second_approve_time) {
    SetTime(*row.second_approve_time, out->mutable_second_approve_time());
  }
  out->set_retire_actor(row.retire_actor);
  if (row.retire_time) SetTime(*row.retire_time, out->mutable_retire_time());
  out->set_values_sha256(ToString(row.values_sha256));
}

void ValuesToProto(const GoldenRow& row, iv1::GoldenSet* out) {
  for (const tpmwire::PcrValue& value : row.values) {
    iv1::GoldenValue* added = out->add_values();
    added->set_hash_algorithm(value.hash_algorithm);
    added->set_pcr(value.index);
    added->set_value(ToString(value.value));
  }
}

StatusOr<uint64_t> ParseGoldenName(std::string_view name) {
  uint64_t number = 0;
  if (name.starts_with(kGoldenSets)) {
    const std::string_view digits = name.substr(kGoldenSets.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size()) return number;
  }
  return InvalidArgument("a golden set's name must look like goldenSets/G-12");
}

StatusOr<std::string> ParseOrderCodeName(std::string_view name) {
  if (!name.starts_with(kOrderCodes)) {
    return InvalidArgument("an order code's name must look like orderCodes/QK7F2");
  }
  return std::string(name.substr(kOrderCodes.size()));
}

}  // namespace preseal::server
