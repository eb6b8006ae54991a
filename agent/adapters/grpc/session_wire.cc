// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/session_wire.h"

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;

void Put(const Hello& hello, wire::AgentMessage& message) {
  auto* out = message.mutable_hello();
  out->set_agent_version(hello.agent_version);
  out->set_boot_id(hello.boot_id);
  out->set_run_id(hello.run_id);
  out->set_next_sequence(hello.next_sequence);
  for (const std::string& id : hello.open_command_ids) out->add_open_command_ids(id);
}

void Put(const EventBatch& batch, wire::AgentMessage& message) {
  auto* out = message.mutable_events();
  out->set_run_id(batch.run_id.text());
  for (const LoggedEvent& logged : batch.events) {
    auto* event = out->add_events();
    // The spool's checksum has vouched for these bytes, and they were made by EncodeEvent.
    if (!event->ParseFromArray(logged.event.data(), static_cast<int>(logged.event.size()))) {
      log::Error("spooled event does not parse", {{"sequence", logged.sequence}});
    }
    event->set_sequence(logged.sequence);
  }
}

void Put(const Heartbeat&, wire::AgentMessage& message) { message.mutable_heartbeat(); }

void Put(const Goodbye& goodbye, wire::AgentMessage& message) {
  message.mutable_goodbye()->set_command_id(goodbye.command_id);
}

void Put(const KeyAttestation& attested, wire::AgentMessage& message) {
  auto* out = message.mutable_renewal();
  out->set_ak_public(ToString(attested.ak_public));
  out->set_device_key_public(ToString(attested.device_key_public));
  out->set_certify_attest(ToString(attested.certify.attest));
  out->set_certify_signature(ToString(attested.certify.signature));
  out->set_quote_attest(ToString(attested.quote.attest));
  out->set_quote_signature(ToString(attested.quote.signature));
}

DownMessage FromWire(const wire::Welcome& in) {
  Welcome welcome;
  welcome.heartbeat_interval =
      std::chrono::seconds(in.heartbeat_interval().seconds()) +
      std::chrono::milliseconds(in.heartbeat_interval().nanos() / 1'000'000);
  welcome.acked_sequence = in.acked_sequence();
  const wire::Landing& landing = in.landing();
  welcome.landing = {landing.organisation(), landing.profile(),       landing.assigned_user(),
                     landing.device_id(),    landing.serial_number(), landing.qr_text(),
                     landing.lab(),          landing.quarantined()};
  return welcome;
}

StatusOr<DownMessage> FromWire(const wire::Ack& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  return DownMessage(Ack{run_id, in.sequence()});
}

// Nonce and PCRs of a seal quote or a renewal.
template <typename Message, typename Order>
Status ReadQuoteRequest(const Message& in, Order* order) {
  if (in.nonce().size() != kNonceBytes) return InvalidArgument("nonce must have 32 bytes");
  order->nonce = ToBytes(in.nonce());
  for (const wire::PcrMask& pcr : in.pcrs()) {
    if (pcr.hash_algorithm() > 0xFFFF) return InvalidArgument("hash algorithm out of range");
    order->pcrs.push_back({static_cast<uint16_t>(pcr.hash_algorithm()), ToBytes(pcr.mask())});
  }
  return OkStatus();
}

StatusOr<SealQuoteOrder> FromWire(const wire::TakeSealQuote& in) {
  SealQuoteOrder order;
  ASSIGN_OR_RETURN(order.run_id, RunId::Parse(in.run_id()));
  RETURN_IF_ERROR(ReadQuoteRequest(in, &order));
  return order;
}

StatusOr<DownMessage> FromWire(const wire::RenewOrder& in) {
  RenewOrder order;
  RETURN_IF_ERROR(ReadQuoteRequest(in, &order));
  return DownMessage(std::move(order));
}

StatusOr<DownMessage> FromWire(const wire::RenewalResult& in) {
  switch (in.result_case()) {
    case wire::RenewalResult::kRenewed: {
      RenewedCertificate renewed{ToBytes(in.renewed().certificate()), {}};
      for (const std::string& der : in.renewed().certificate_chain()) {
        renewed.certificate_chain.push_back(ToBytes(der));
      }
      return DownMessage(std::move(renewed));
    }
    case wire::RenewalResult::kRefused:
      return DownMessage(
          RenewalRefusal{in.refused().code(), in.refused().message(), in.refused().remedy()});
    case wire::RenewalResult::RESULT_NOT_SET:
      break;
  }
  return InvalidArgument("renewal with a result unknown to this agent");
}

StatusOr<DownMessage> FromWire(const wire::Command& in) {
  RETURN_IF_ERROR(CommandId::Check(in.command_id()));
  Order order{in.command_id(), {}};
  switch (in.action_case()) {
    case wire::Command::kStartRun: {
      ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.start_run().run_id()));
      order.action = StartRunOrder{run_id, in.start_run().attempt(),
                                   ToBytes(in.start_run().plan().SerializeAsString())};
      return DownMessage(std::move(order));
    }
    case wire::Command::kTakeSealQuote: {
      ASSIGN_OR_RETURN(order.action, FromWire(in.take_seal_quote()));
      return DownMessage(std::move(order));
    }
    case wire::Command::kSeal: {
      ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.seal().run_id()));
      order.action = SealOrder{run_id, in.seal().birth_certificate()};
      return DownMessage(std::move(order));
    }
    case wire::Command::ACTION_NOT_SET:
      break;
  }
  return InvalidArgument("command with an action unknown to this agent");
}

}  // namespace

wire::AgentMessage ToWire(const UpMessage& message) {
  wire::AgentMessage out;
  std::visit([&out](const auto& body) { Put(body, out); }, message);
  return out;
}

StatusOr<DownMessage> FromWire(const wire::ServerMessage& message) {
  switch (message.message_case()) {
    case wire::ServerMessage::kWelcome:
      return FromWire(message.welcome());
    case wire::ServerMessage::kAck:
      return FromWire(message.ack());
    case wire::ServerMessage::kCommand:
      return FromWire(message.command());
    case wire::ServerMessage::kRenew:
      return FromWire(message.renew());
    case wire::ServerMessage::kRenewal:
      return FromWire(message.renewal());
    case wire::ServerMessage::MESSAGE_NOT_SET:
      break;
  }
  return InvalidArgument("message unknown to this agent");
}

}  // namespace preseal::agent
