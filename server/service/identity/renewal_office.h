// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/attestation/renewal.h"
#include "server/domain/evidence/enrollment_messages.h"
#include "server/service/identity/device_ca.h"
#include "server/service/live_devices.h"
#include "server/service/ports.h"

namespace preseal::server {

// Renews the certificates of connected devices: asks for a fresh statement about the device key,
// judges it, issues, and sends the new certificate down the same stream. Thread-safe.
//
// The old certificate counts until the device connects with the new one (AdoptRenewed in
// certificate_book.h), so that neither side can lose it by stopping at the wrong moment. Between
// runs only: a device that works is asked when it is done.
class RenewalOffice {
 public:
  // All borrowed.
  RenewalOffice(Store& store, const Clock& clock, const EvidenceDecoder& decoder, DeviceCa& ca)
      : store_(store), clock_(clock), decoder_(decoder), ca_(ca) {}

  // A stream begins; blocks on a read of the store. A certificate that was never entered is not
  // watched: its device gets one that is at its next enrolment.
  Status Watch(const DeviceId& device, ByteView certificate_sha256,
               std::shared_ptr<DeviceLink> link);
  // That stream is gone; nothing if another took its place.
  void Forget(const DeviceId& device, const DeviceLink* link);
  // Every second: asks those that are due. Reads the store for them alone.
  void Tick();
  // The answer to an order. Blocks on the store. A refusal is told on `link`, as success is;
  // FailedPrecondition: nobody asked, or somebody did too long ago, and nothing was changed.
  Status OnStatement(const DeviceId& device, const RenewalStatement& statement, DeviceLink* link);

 private:
  struct Order {
    Bytes nonce;
    WallTime expire_time;
  };
  struct Watched {
    Bytes certificate_sha256;
    std::shared_ptr<DeviceLink> link;
    WallTime due;
    std::optional<Order> order;  // sent, not yet answered
  };
  struct Desk {
    std::unordered_map<DeviceId, Watched> watched;      // at most kDeviceSessionsMax
    std::unordered_map<DeviceId, WallTime> not_before;  // asked lately; outlives the stream
  };
  // What a decision rests on.
  struct Enrolled {
    Device device;
    DeviceIdentity identity;
    AttestationRecord record;
    DecodedEvidence evidence;
    EnrolledBootState state;
  };

  StatusOr<Enrolled> Load(const DeviceId& id) const;
  Status Ask(const DeviceId& id);
  std::optional<Watched> TakeOrder(const DeviceId& device, const DeviceLink* link);
  static StatusOr<CertificateRequest> RequestFor(const Enrolled& enrolled);
  Status Refuse(const DeviceId& device, const RenewalVerdict& verdict, DeviceLink* link);
  Status Issue(const Enrolled& enrolled, const Watched& watched, const RenewalStatement& statement,
               DeviceLink* link);

  Store& store_;
  const Clock& clock_;
  const EvidenceDecoder& decoder_;
  DeviceCa& ca_;
  Guarded<Desk> desk_;
};

}  // namespace preseal::server
