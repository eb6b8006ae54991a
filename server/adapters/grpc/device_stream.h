// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "preseal/device/v1/device.pb.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/device_sessions.h"

namespace preseal::server {

// One DeviceSessionService.Connect call, and the device's link while it lasts. Reading stops while
// kUnackedBatchesMax batches wait for the store; orders wait in an outbox of kSessionOutboxMax;
// acks are cumulative, so a slow reader gets the newest only. Thread-safe.
class DeviceStream final
    : public grpc::ServerBidiReactor<device::v1::AgentMessage, device::v1::ServerMessage>,
      public DeviceLink {
 public:
  // Owns itself until the call is over and nobody holds the link.
  static grpc::ServerBidiReactor<device::v1::AgentMessage, device::v1::ServerMessage>* Start(
      StatusOr<DeviceCaller> caller, DeviceSessions& sessions, Workers& workers, const Clock& clock,
      std::string qr_prefix);

  SendResult Send(const DeviceOrder& order) override;
  bool SendRenewal(const RenewalMessage& message) override;
  bool Tell(const DeviceAnswer& answer) override;
  void Ack(const RunId& run_id, uint64_t sequence) override;
  void End(const Status& reason) override;

 private:
  DeviceStream(DeviceCaller caller, DeviceSessions& sessions, Workers& workers, const Clock& clock,
               std::string qr_prefix);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void OnHello();
  void Greet(const HelloFacts& hello);
  void OnEvents();
  void OnMessage();
  void OnRenewal();
  void OnTokenMessage();
  void OnAction();
  void OnSignIn();
  void ReadNext();
  void FillWelcome(const WelcomeFacts& facts, device::v1::Welcome* out) const;
  void WriteNextLocked();  // mutex_ held
  void FinishLocked();     // mutex_ held

  const DeviceCaller caller_;
  DeviceSessions& sessions_;
  Workers& workers_;
  const Clock& clock_;
  const std::string qr_prefix_;
  std::shared_ptr<DeviceStream> self_;
  device::v1::AgentMessage incoming_;
  bool greeted_ = false;  // a Hello was read; touched by the reading side only
  bool attached_ = false;
  bool goodbye_ = false;

  std::mutex mutex_;
  device::v1::ServerMessage outgoing_;
  std::deque<device::v1::ServerMessage> outbox_;
  std::map<RunId, uint64_t> acks_;
  size_t unacked_batches_ = 0;
  bool writing_ = false;
  bool reading_paused_ = false;
  bool finished_ = false;
  std::optional<Status> end_reason_;
};

}  // namespace preseal::server
