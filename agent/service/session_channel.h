// SPDX-License-Identifier: Apache-2.0
// The device session as the agent sees it; the wire form is preseal.device.v1.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/service/run_store.h"
#include "agent/service/status_display.h"
#include "agent/service/tpm_port.h"
#include "common/base/ids.h"
#include "common/status/status.h"

namespace preseal::agent {

struct Hello {
  std::string agent_version;
  std::string boot_id;
  std::string run_id;  // empty if none
  uint64_t next_sequence = 0;
  std::vector<std::string> open_command_ids;
};
struct EventBatch {
  RunId run_id;
  std::vector<LoggedEvent> events;  // consecutive
};
struct Heartbeat {};
struct Goodbye {
  std::string command_id;
};
using UpMessage = std::variant<Hello, EventBatch, Heartbeat, Goodbye, KeyAttestation>;

struct Welcome {
  std::chrono::milliseconds heartbeat_interval{0};
  LandingCard landing;
  uint64_t acked_sequence = 0;
};
struct Ack {
  RunId run_id;
  uint64_t sequence = 0;
};
struct StartRunOrder {
  RunId run_id;
  uint32_t attempt = 0;
  Bytes plan;  // serialized preseal.plan.v1.Plan
};
struct SealQuoteOrder {
  RunId run_id;
  Bytes nonce;
  std::vector<PcrMask> pcrs;
};
struct SealOrder {
  RunId run_id;
  std::string birth_certificate;  // compact JWS
};
struct Order {
  std::string command_id;
  std::variant<StartRunOrder, SealQuoteOrder, SealOrder> action;
};
// Renewal of the certificate: the order, and what came of it.
struct RenewOrder {
  Bytes nonce;
  std::vector<PcrMask> pcrs;
};
struct RenewedCertificate {
  Bytes certificate;                     // DER
  std::vector<Bytes> certificate_chain;  // DER, issuer first
};
struct RenewalRefusal {
  std::string code;
  std::string message;
  std::string remedy;
};
using DownMessage =
    std::variant<Welcome, Ack, Order, RenewOrder, RenewedCertificate, RenewalRefusal>;

// One open stream. Send, HalfClose from one thread, Receive from another; Cancel from any.
class SessionStream {
 public:
  virtual ~SessionStream() = default;
  // False: the stream has ended. Blocks while the server does not read.
  virtual bool Send(const UpMessage& message) = 0;
  virtual void HalfClose() = 0;
  // Nothing: the stream has ended. A message that makes no sense is logged and skipped.
  virtual std::optional<DownMessage> Receive() = 0;
  virtual void Cancel() = 0;
  // After Receive gave nothing: why it ended. Once.
  virtual Status Finish() = 0;
};

// Opens streams with the device's identity. Called by one thread at a time.
class SessionDialer {
 public:
  virtual ~SessionDialer() = default;
  // Never blocks for long: whether the server is there shows on the stream.
  virtual StatusOr<std::unique_ptr<SessionStream>> Dial() = 0;
  // Whether something accepts connections at the server's address, said without TLS: tells a server
  // that refuses our certificate from one that is not there (gRPC calls both UNAVAILABLE).
  virtual bool Reachable() = 0;
};

}  // namespace preseal::agent
