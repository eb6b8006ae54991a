// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "common/tpmwire/pcr.h"
#include "server/service/device_requests.h"
#include "server/service/identity/device_ca.h"

namespace preseal::server {

// What a device is told to do; the wire form is preseal.device.v1.Command.
struct StartRunOrder {
  RunId run_id;
  Bytes plan;  // serialized preseal.plan.v1.Plan
};
struct SealQuoteOrder {
  RunId run_id;
  Bytes nonce;
  tpmwire::PcrSelections pcrs;
};
struct SealOrder {
  RunId run_id;
  std::string birth_certificate;
};
struct SetHoldOrder {
  RunId run_id;
  bool held = false;
  std::string actor;
  std::string reason;
};
struct WaiveOrder {
  RunId run_id;
  std::string item_id;
  std::string actor;
  std::string reason;
};
struct AnswerPromptOrder {
  RunId run_id;
  std::string item_id;
  std::string answer;
  std::string actor;
};
struct ExtendOrder {
  RunId run_id;
  std::string item_id;  // empty: the run
  std::chrono::milliseconds by{0};
};
struct DiagnosticsOrder {};
struct ResetOrder {};
struct RestartOrder {};
struct ContinueOrder {
  RunId run_id;
  std::string actor;
};
struct DeviceOrder {
  CommandId command_id;
  std::variant<StartRunOrder, SealQuoteOrder, SealOrder, SetHoldOrder, WaiveOrder,
               AnswerPromptOrder, ExtendOrder, DiagnosticsOrder, ResetOrder, RestartOrder,
               ContinueOrder>
      action;
};

// The renewal of a device's certificate, down the stream; the wire forms are RenewOrder and
// RenewalResult of preseal.device.v1.
struct RenewalOrder {
  Bytes nonce;
  tpmwire::PcrSelections pcrs;
};
struct RenewalRefusal {
  std::string code;
  std::string message;
  std::string seen;
  std::string expected;
  std::string remedy;
};
using RenewalMessage = std::variant<RenewalOrder, IssuedCertificate, RenewalRefusal>;

enum class SendResult {
  kQueued,
  kLater,       // the outbox is full or the stream has ended; sent again after the next Hello
  kUnreadable,  // what is stored cannot be put on the wire, now or later
};

// The open stream of one device. Thread-safe; no call blocks or calls back into the caller.
class DeviceLink {
 public:
  virtual ~DeviceLink() = default;
  // Puts the order into the outbox.
  virtual SendResult Send(const DeviceOrder& order) = 0;
  // False if the outbox is full or the stream has ended; what was not sent is made anew later.
  virtual bool SendRenewal(const RenewalMessage& message) = 0;
  // The same; what was not told is asked for again, or comes with the next Welcome.
  virtual bool Tell(const DeviceAnswer& answer) = 0;
  // Everything of `run_id` up to `sequence` is durable.
  virtual void Ack(const RunId& run_id, uint64_t sequence) = 0;
  // Ends the stream; the first reason wins.
  virtual void End(const Status& reason) = 0;
};

// Which devices have an open stream, and when they were last heard. Thread-safe.
class LiveDevices {
 public:
  explicit LiveDevices(const Clock& clock) : clock_(clock) {}

  // Makes `link` the device's stream and returns the one it replaces, if any.
  // ResourceExhausted at kDeviceSessionsMax.
  StatusOr<std::shared_ptr<DeviceLink>> Attach(const DeviceId& device,
                                               std::shared_ptr<DeviceLink> link);
  // True if `link` was still the device's stream.
  bool Detach(const DeviceId& device, const DeviceLink* link);
  // Notes a sign of life. True if the device had been reported by NewlySilent since.
  bool Heard(const DeviceId& device);
  std::shared_ptr<DeviceLink> Find(const DeviceId& device);
  // Devices with a stream that have said nothing for `limit`, each reported once per silence.
  std::vector<DeviceId> NewlySilent(std::chrono::steady_clock::duration limit);
  size_t size();
  void EndAll(const Status& reason);

 private:
  struct Entry {
    std::shared_ptr<DeviceLink> link;
    std::chrono::steady_clock::time_point heard;
    bool silent = false;
  };
  const Clock& clock_;
  Guarded<std::unordered_map<DeviceId, Entry>> entries_;
};

}  // namespace preseal::server
