// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/orders.h"

#include "common/log/log.h"

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

bool Fill(const SealQuoteOrder& order, dv1::Command* out) {
  dv1::TakeSealQuote* quote = out->mutable_take_seal_quote();
  quote->set_run_id(order.run_id.text());
  quote->set_nonce(ToString(order.nonce));
  for (const tpmwire::PcrSelection& bank : order.pcrs) {
    auto* pcrs = quote->add_pcrs();
    pcrs->set_hash_algorithm(bank.hash_algorithm);
    pcrs->set_mask(ToString(ByteView(bank.mask)));
  }
  return true;
}

bool Fill(const SealOrder& order, dv1::Command* out) {
  out->mutable_seal()->set_run_id(order.run_id.text());
  out->mutable_seal()->set_birth_certificate(order.birth_certificate);
  return true;
}

}  // namespace

bool ToProto(const DeviceOrder& order, dv1::Command* out) {
  out->set_command_id(order.command_id.text());
  return std::visit([out](const auto& action) { return Fill(action, out); }, order.action);
}

}  // namespace preseal::server
