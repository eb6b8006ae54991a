// SPDX-License-Identifier: Apache-2.0
// The device session as the agent sees it; the wire form is preseal.device.v1.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/service/enrollment/tpm_port.h"
#include "agent/service/run/run_store.h"
#include "agent/service/status_display.h"
#include "common/base/ids.h"
#include "common/status/status.h"

namespace preseal::agent {

struct Hello {
  std::string agent_version;
  std::string boot_id;
  std::string run_id;  // empty if none
  uint64_t next_sequence = 0;
  std::vector<std::string> open_command_ids;
  Flow flow = Flow::kTechnician;
};
struct EventBatch {
  RunId run_id;
  std::vector<LoggedEvent> events;  // consecutive
};
struct Heartbeat {};
struct Goodbye {
  std::string command_id;
};
// Asks for, renews, or gives back the server's token for one item.
struct TokenRequest {
  std::string token;
  std::string item_id;
};
struct TokenRelease {
  std::string token;
  std::string item_id;
};
// A person at the device pressed a button.
struct ActionRequest {
  std::string request_id;
  DeviceAction action = DeviceAction::kRefresh;
};
struct OneTimeCode {
  std::string username;
  std::string code;  // a secret
};
struct StartDeviceAuthorization {};
struct FirstBootStart {};  // self-deploying: nobody signs in
struct OutOfBoxAnswers {
  std::string language;
  std::string keyboard;
  bool licence_accepted = false;
};
struct SignInRequest {
  std::string request_id;
  std::variant<OneTimeCode, StartDeviceAuthorization, FirstBootStart> method;
  OutOfBoxAnswers answers;
};
using UpMessage = std::variant<Hello, EventBatch, Heartbeat, Goodbye, KeyAttestation, TokenRequest,
                               TokenRelease, ActionRequest, SignInRequest>;

struct Welcome {
  std::chrono::milliseconds heartbeat_interval{0};
  LandingCard landing;
  uint64_t acked_sequence = 0;

  bool operator==(const Welcome&) const = default;
};
struct Ack {
  RunId run_id;
  uint64_t sequence = 0;

  bool operator==(const Ack&) const = default;
};
struct StartRunOrder {
  RunId run_id;
  uint32_t attempt = 0;
  Bytes plan;  // serialized preseal.plan.v1.Plan

  bool operator==(const StartRunOrder&) const = default;
};
struct SealQuoteOrder {
  RunId run_id;
  Bytes nonce;
  std::vector<PcrMask> pcrs;

  bool operator==(const SealQuoteOrder&) const = default;
};
struct SealOrder {
  RunId run_id;
  std::string birth_certificate;  // compact JWS

  bool operator==(const SealOrder&) const = default;
};
struct SetHoldOrder {
  RunId run_id;
  bool held = false;
  std::string actor;
  std::string reason;

  bool operator==(const SetHoldOrder&) const = default;
};
struct WaiveOrder {
  RunId run_id;
  std::string item_id;
  std::string actor;
  std::string reason;

  bool operator==(const WaiveOrder&) const = default;
};
struct AnswerPromptOrder {
  RunId run_id;
  std::string item_id;
  std::string answer;
  std::string actor;

  bool operator==(const AnswerPromptOrder&) const = default;
};
struct ExtendDeadlineOrder {
  RunId run_id;
  std::string item_id;  // empty: the run
  std::chrono::milliseconds by{0};

  bool operator==(const ExtendDeadlineOrder&) const = default;
};
struct CollectDiagnosticsOrder {
  bool operator==(const CollectDiagnosticsOrder&) const = default;
};
struct ResetOrder {
  bool operator==(const ResetOrder&) const = default;
};
struct RestartOrder {
  bool operator==(const RestartOrder&) const = default;
};
struct ContinueAnywayOrder {
  RunId run_id;
  std::string actor;

  bool operator==(const ContinueAnywayOrder&) const = default;
};
struct Order {
  std::string command_id;
  std::variant<StartRunOrder, SealQuoteOrder, SealOrder, SetHoldOrder, WaiveOrder,
               AnswerPromptOrder, ExtendDeadlineOrder, CollectDiagnosticsOrder, ResetOrder,
               RestartOrder, ContinueAnywayOrder>
      action;

  bool operator==(const Order&) const = default;
};
struct TokenState {
  std::string token;
  std::string item_id;
  bool granted = false;
  uint32_t place = 0;  // while waiting: 1 is next
  std::chrono::milliseconds estimate{0};
  std::chrono::milliseconds lease{0};

  bool operator==(const TokenState&) const = default;
};
struct ActionResult {
  std::string request_id;
  bool accepted = false;
  std::string message;

  bool operator==(const ActionResult&) const = default;
};
struct SignInState {
  enum class State { kPending, kSignedIn, kRefused };
  std::string request_id;
  State state = State::kRefused;
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;
  std::chrono::milliseconds expires_in{0};
  std::string username;
  std::string message;
  uint32_t attempts_left = 0;

  bool operator==(const SignInState&) const = default;
};
// Renewal of the certificate: the order, and what came of it.
struct RenewOrder {
  Bytes nonce;
  std::vector<PcrMask> pcrs;

  bool operator==(const RenewOrder&) const = default;
};
struct RenewedCertificate {
  Bytes certificate;                     // DER
  std::vector<Bytes> certificate_chain;  // DER, issuer first

  bool operator==(const RenewedCertificate&) const = default;
};
struct RenewalRefusal {
  std::string code;
  std::string message;
  std::string remedy;

  bool operator==(const RenewalRefusal&) const = default;
};
using DownMessage =
    std::variant<Welcome, Ack, Order, RenewOrder, RenewedCertificate, RenewalRefusal, TokenState,
                 ActionResult, SignInState, LandingCard>;

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
  // Whether a server whose certificate we take is at the address: tells one that refuses our
  // certificate from one that is not there or that we refuse (gRPC calls all UNAVAILABLE).
  virtual bool Reachable() = 0;
};

}  // namespace preseal::agent
