// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/service/identity/certificate_book.h"
#include "server/service/identity/device_ca.h"
#include "server/service/identity/revocation_map.h"
#include "server/service/live_devices.h"
#include "server/service/ports.h"
#include "server/service/principal.h"

namespace preseal::server {

// Why a record gets another TPM. The names are the API's and the audit log's; never rename.
enum class RebindReason { kBoardSwap, kClear, kResale };
std::string_view NameOf(RebindReason reason);  // "board-swap", "clear", "resale"

// A record's TPMs, those that wait for it, and its certificates.
struct IdentityView {
  Device device;
  std::vector<DeviceIdentity> identities;       // oldest first
  std::vector<EkProposal> proposals;            // newest first
  std::vector<DeviceCertificate> certificates;  // oldest first
};

// What people decide about identities. Thread-safe; methods block on the store.
//
// Every decision is audited with actor and reason. Common errors: NotFound the device;
// InvalidArgument no reason, or longer than kReasonBytesMax; PermissionDenied where a person must
// act by name and the caller is an API token. A decision that revokes certificates ends the
// device's open stream before it returns.
class IdentityOffice {
 public:
  IdentityOffice(Store& store, const Clock& clock, LiveDevices& live, RevocationMap& revocations)
      : store_(store), clock_(clock), live_(live), revocations_(revocations) {}

  StatusOr<IdentityView> View(const DeviceId& id);

  // Gives the device its attempts back, and lets a blocked one begin anew: its certificates are
  // revoked and it must attest again. FailedPrecondition: neither blocked nor any attempt used.
  StatusOr<Device> Unblock(const Principal& actor, const DeviceId& id, std::string_view reason);

  // Approves another TPM for the record: from now on only it may enrol, the old one's certificates
  // are revoked. `to` is the SHA-256 of its EK's SubjectPublicKeyInfo; empty: the one that showed
  // up last. Lifts a block for used-up attempts. FailedPrecondition: no TPM showed up; it belongs
  // to another record (names it; release that first); the record has none, or this one already; the
  // device is being sealed, was sealed, or is retired. A person, by name.
  StatusOr<Device> Rebind(const Principal& actor, const DeviceId& id, ByteView to,
                          RebindReason reason, std::string_view note);

  // Frees the record's TPM for another record. FailedPrecondition: the record has none, or the
  // device is at work (retire or revoke it first).
  StatusOr<Device> Release(const Principal& actor, const DeviceId& id, std::string_view reason);

  // Ends the device's identity: BLOCKED with DEVICE_REVOKED, all its certificates revoked. Again
  // changes nothing more.
  StatusOr<Device> Revoke(const Principal& actor, const DeviceId& id, std::string_view reason);

  // Stands by name for the TPM that gave a good order code. `ek` as in Rebind. FailedPrecondition:
  // none waits. A person, by name.
  StatusOr<Device> Vouch(const Principal& actor, const DeviceId& id, ByteView ek,
                         std::string_view reason);

  // For the revocation lists: unexpired, at most kCrlEntriesMax, newest first.
  StatusOr<std::vector<RevokedCertificate>> Revoked();

  // Every second: revokes certificates nobody used within kConfirmWithin.
  void Tick();

 private:
  // What a decision leaves to do once it is durable.
  struct Aftermath {
    RevokedDigests revoked;
    std::string detail;  // for the audit log, after the reason
  };
  using Decision = std::function<Status(Tx&, Device*, Aftermath*)>;
  StatusOr<Device> Decide(const Principal& actor, const DeviceId& id, std::string_view action,
                          std::string_view reason, const Decision& decision);
  void Enforce(const DeviceId& device, const RevokedDigests& revoked);

  Store& store_;
  const Clock& clock_;
  LiveDevices& live_;
  RevocationMap& revocations_;
};

}  // namespace preseal::server
