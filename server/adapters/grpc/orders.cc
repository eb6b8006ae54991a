// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/orders.h"

#include <fmt/format.h>

#include <utility>

#include "common/base/limits.h"
#include "common/log/log.h"
#include "server/wire/wire_time.h"

namespace preseal::server {
namespace {

namespace dv1 = device::v1;

bool Fill(const StartRunOrder& order, dv1::Command* out) {
  dv1::StartRun* start = out->mutable_start_run();
  start->set_run_id(order.run_id.text());
  start->set_attempt(order.run_id.attempt());
  if (start->mutable_plan()->ParseFromArray(order.plan.data(),
                                            static_cast<int>(order.plan.size()))) {
    return true;
  }
  log::Error("a stored plan cannot be read", {{"run", order.run_id.text()}});
  return false;
}

void Fill(const tpmwire::PcrSelections& banks,
          google::protobuf::RepeatedPtrField<dv1::PcrMask>* out) {
  for (const tpmwire::PcrSelection& bank : banks) {
    dv1::PcrMask* pcrs = out->Add();
    pcrs->set_hash_algorithm(bank.hash_algorithm);
    pcrs->set_mask(ToString(ByteView(bank.mask)));
  }
}

bool Fill(const SealQuoteOrder& order, dv1::Command* out) {
  dv1::TakeSealQuote* quote = out->mutable_take_seal_quote();
  quote->set_run_id(order.run_id.text());
  quote->set_nonce(ToString(order.nonce));
  Fill(order.pcrs, quote->mutable_pcrs());
  return true;
}

bool Fill(const SealOrder& order, dv1::Command* out) {
  out->mutable_seal()->set_run_id(order.run_id.text());
  out->mutable_seal()->set_birth_certificate(order.birth_certificate);
  return true;
}

bool Fill(const SetHoldOrder& order, dv1::Command* out) {
  dv1::SetHold* hold = out->mutable_set_hold();
  hold->set_run_id(order.run_id.text());
  hold->set_held(order.held);
  hold->set_actor(order.actor);
  hold->set_reason(order.reason);
  return true;
}

bool Fill(const WaiveOrder& order, dv1::Command* out) {
  dv1::Waive* waive = out->mutable_waive();
  waive->set_run_id(order.run_id.text());
  waive->set_item_id(order.item_id);
  waive->set_actor(order.actor);
  waive->set_reason(order.reason);
  return true;
}

bool Fill(const AnswerPromptOrder& order, dv1::Command* out) {
  dv1::AnswerPrompt* answer = out->mutable_answer_prompt();
  answer->set_run_id(order.run_id.text());
  answer->set_item_id(order.item_id);
  answer->set_answer(order.answer);
  answer->set_actor(order.actor);
  return true;
}

bool Fill(const ExtendOrder& order, dv1::Command* out) {
  out->mutable_extend_deadline()->set_run_id(order.run_id.text());
  out->mutable_extend_deadline()->set_item_id(order.item_id);
  SetDuration(order.by, out->mutable_extend_deadline()->mutable_by());
  return true;
}

bool Fill(const DiagnosticsOrder&, dv1::Command* out) {
  out->mutable_collect_diagnostics();
  return true;
}

bool Fill(const ResetOrder&, dv1::Command* out) {
  out->mutable_reset();
  return true;
}

bool Fill(const RestartOrder&, dv1::Command* out) {
  out->mutable_restart();
  return true;
}

bool Fill(const ContinueOrder& order, dv1::Command* out) {
  out->mutable_continue_anyway()->set_run_id(order.run_id.text());
  out->mutable_continue_anyway()->set_actor(order.actor);
  return true;
}

void Put(const RenewalOrder& order, dv1::ServerMessage* out) {
  out->mutable_renew()->set_nonce(ToString(order.nonce));
  Fill(order.pcrs, out->mutable_renew()->mutable_pcrs());
}

void Put(const IssuedCertificate& issued, dv1::ServerMessage* out) {
  dv1::RenewedCertificate* renewed = out->mutable_renewal()->mutable_renewed();
  renewed->set_certificate(ToString(issued.der));
  for (const Bytes& der : issued.chain) renewed->add_certificate_chain(ToString(der));
}

void Put(const RenewalRefusal& refusal, dv1::ServerMessage* out) {
  dv1::RenewalRefusal* refused = out->mutable_renewal()->mutable_refused();
  refused->set_code(refusal.code);
  refused->set_message(refusal.message);
  refused->set_seen(refusal.seen);
  refused->set_expected(refusal.expected);
  refused->set_remedy(refusal.remedy);
}

}  // namespace

void ToProto(const RenewalMessage& message, dv1::ServerMessage* out) {
  std::visit([out](const auto& body) { Put(body, out); }, message);
}

StatusOr<RenewalStatement> ToDomain(const dv1::RenewalStatement& message) {
  RenewalStatement statement;
  const std::pair<const std::string&, Bytes&> kFields[] = {
      {message.ak_public(), statement.ak_public},
      {message.device_key_public(), statement.device_key_public},
      {message.certify_attest(), statement.certify_attest},
      {message.certify_signature(), statement.certify_signature},
      {message.quote_attest(), statement.quote_attest},
      {message.quote_signature(), statement.quote_signature}};
  for (const auto& [from, to] : kFields) {
    if (from.size() > kTpmStructureBytesMax) {
      return InvalidArgument(
          fmt::format("a TPM structure is longer than {} bytes", kTpmStructureBytesMax));
    }
    to = ToBytes(from);
  }
  return statement;
}

bool ToProto(const DeviceOrder& order, dv1::Command* out) {
  out->set_command_id(order.command_id.text());
  return std::visit([out](const auto& action) { return Fill(action, out); }, order.action);
}

}  // namespace preseal::server
