// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/device_requests.h"
#include "server/service/flow/dispatcher.h"
#include "server/service/flow/landing_desk.h"
#include "server/service/flow/seal_office.h"
#include "server/service/flow/technician_flow.h"
#include "server/service/identity/renewal_office.h"
#include "server/service/identity/revocation_map.h"
#include "server/service/live_devices.h"
#include "server/service/ports.h"

namespace preseal::server {

struct HelloFacts {
  DeviceId device_id;        // from the certificate, never from a message
  Bytes certificate_sha256;  // of the leaf that opened the channel
  std::string agent_version;
  std::string boot_id;
  std::optional<RunId> run_id;    // the run the agent's journal holds
  Flow flow = Flow::kTechnician;  // the half the agent was started for
};

struct WelcomeFacts {
  LandingFacts landing;
  uint64_t acked_sequence = 0;
};

struct SessionSettings {
  bool auto_start = false;  // start the technician flow as soon as a device is enrolled
};

// The life of device streams: hello, events, silence, end. Thread-safe.
//
// Contract with the device: an event is acked only after the transaction that stored it and all its
// consequences is durable; a repeat changes nothing; the same (run, sequence) with other content is
// refused with AlreadyExists and changes nothing.
class DeviceSessions {
 public:
  DeviceSessions(Store& store, const Clock& clock, LiveDevices& live, RevocationMap& revocations,
                 TechnicianFlow& flow, Dispatcher& dispatcher, LandingDesk& landing,
                 SealOffice& seals, RenewalOffice& renewals, RequestDesks desks,
                 SessionSettings settings);

  // Blocks on the store. PermissionDenied: the device is BLOCKED or RETIRED. Unauthenticated: the
  // certificate is revoked or neither the newest one issued for it nor one that renews that, so it
  // should enrol again. FailedPrecondition: its agent is in the user flow, but it is not sealed.
  // ResourceExhausted: kDeviceSessionsMax. The link is attached, and orders may be sent on it, from
  // Begin on.
  StatusOr<WelcomeFacts> Hello(const HelloFacts& hello);
  Status Begin(const DeviceId& device, ByteView certificate_sha256,
               std::shared_ptr<DeviceLink> link);
  // For every further message of a stream. PermissionDenied, DEVICE_REVOKED.
  Status CheckNotRevoked(ByteView certificate_sha256) {
    return revocations_.Check(certificate_sha256);
  }

  // Stores the events and acks them on `link`; any error ends it. Does not block.
  void Receive(const DeviceId& device, const RunId& run, std::vector<Event> events,
               std::shared_ptr<DeviceLink> link);
  void Heartbeat(const DeviceId& device);
  // Do not block; what comes of it goes down the device's stream.
  void AskToken(const DeviceId& device, std::string_view token, std::string_view item_id);
  void ReleaseToken(const DeviceId& device, std::string_view token, std::string_view item_id);
  // Block on the store; the answer goes down `link`.
  void Act(const DeviceId& device, std::string_view request_id, DeviceAction action,
           DeviceLink* link);
  void SignIn(const DeviceId& device, const SignInAsk& ask, DeviceLink* link);
  // The answer to an order for renewal; blocks on the store. What comes of it goes down `link`.
  void Renew(const DeviceId& device, const RenewalStatement& statement, DeviceLink* link);
  // The stream is gone. `goodbye`: the device said it is powering off. Does not block.
  void Ended(const DeviceId& device, const DeviceLink* link, bool goodbye);

  // Once at start, before ports open: nobody is connected yet.
  Status ForgetConnections();
  // Every second: marks silence, settles seals, asks for renewals. Does not block on the writer.
  void Tick();

 private:
  struct Outcome {
    uint64_t acked = 0;
    bool dispatch = false;
    bool moved = false;    // to another state: other buttons
    bool blocked = false;  // the device was found tampered: end its stream
  };
  Status StoreEvents(Tx& tx, const DeviceId& device, const RunId& run,
                     const std::vector<Event>& events, Outcome* outcome);
  Status StartIfAllowed(Tx& tx, Device* device);
  Status CheckUserHalf(Tx& tx, Device* device);
  Status SetContact(Tx& tx, const DeviceId& id, ContactState contact);
  void WriteContact(const DeviceId& id, ContactState contact);

  Store& store_;
  const Clock& clock_;
  LiveDevices& live_;
  RevocationMap& revocations_;
  TechnicianFlow& flow_;
  Dispatcher& dispatcher_;
  LandingDesk& landing_;
  SealOffice& seals_;
  RenewalOffice& renewals_;
  const RequestDesks desks_;
  const SessionSettings settings_;
};

}  // namespace preseal::server
