// SPDX-License-Identifier: Apache-2.0
#include "server/service/identity/identity_office.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/log/log.h"
#include "server/domain/refusal/refusal.h"

namespace preseal::server {
namespace {

constexpr int kSweepMax = 256;  // certificates revoked at one tick; the next goes on

bool IsBlockedFor(const Device& device, RefusalCode code) {
  return device.state == DeviceState::kBlocked && device.failure.code == NameOf(code);
}

// Where nothing of the device is at work that could lose its TPM under it.
bool IsAtRest(const Device& device) {
  switch (device.state) {
    case DeviceState::kRegistered:
    case DeviceState::kBlocked:
    case DeviceState::kRetired:
      return true;
    case DeviceState::kPresent:
    case DeviceState::kFailed:
      return !device.enrolled;
    case DeviceState::kEnrolled:
    case DeviceState::kProvisioning:
    case DeviceState::kReadyToSeal:
    case DeviceState::kSealing:
    case DeviceState::kSealed:
    case DeviceState::kUserSetup:
    case DeviceState::kInService:
      return false;
  }
  return false;
}

bool MayGetAnotherTpm(DeviceState state) {
  switch (state) {
    case DeviceState::kRegistered:
    case DeviceState::kPresent:
    case DeviceState::kEnrolled:
    case DeviceState::kProvisioning:
    case DeviceState::kReadyToSeal:
    case DeviceState::kFailed:
    case DeviceState::kBlocked:
      return true;
    case DeviceState::kSealing:
    case DeviceState::kSealed:
    case DeviceState::kUserSetup:
    case DeviceState::kInService:
    case DeviceState::kRetired:
      return false;
  }
  return false;
}

// Back to the start: it attests anew, whatever it was before.
Status LiftBlock(WallTime now, Device* device) {
  RETURN_IF_ERROR(Advance(LifecycleEvent::kUnblock, now, device));
  device->enrolled = false;
  device->blocking_satisfied = false;
  return OkStatus();
}

// The proposal meant: the named EK, or the newest of the kind nobody used yet.
StatusOr<EkProposal> Choose(Tx& tx, const Device& device, ProposalKind kind, ByteView ek) {
  ASSIGN_OR_RETURN(const auto proposals, tx.identities.Proposals(device.id));
  for (const EkProposal& proposal : proposals) {
    if (proposal.kind != kind) continue;
    if (ek.empty() ? !proposal.use_time : std::ranges::equal(proposal.ek_spki_sha256, ek)) {
      return proposal;
    }
  }
  return NotFound("no such proposal");
}

Status CheckRebind(Tx& tx, const Device& device, const EkProposal& proposal) {
  if (!MayGetAnotherTpm(device.state)) {
    return FailedPrecondition(fmt::format("{} is {}: it cannot get another TPM now",
                                          device.id.text(), NameOf(device.state)));
  }
  if (device.ek_spki_sha256.empty()) {
    return FailedPrecondition(fmt::format(
        "{} has no TPM yet: the first one that attests becomes its own", device.id.text()));
  }
  const auto holder = tx.devices.FindByEk(proposal.ek_spki_sha256);
  if (holder.ok() && holder->id == device.id) return OkStatus();
  if (holder.ok()) {
    return FailedPrecondition(
        fmt::format("this TPM belongs to {}: release that record first", holder->id.text()));
  }
  return holder.status().code() == StatusCode::kNotFound ? OkStatus() : holder.status();
}

// One approval at a time: the newest person's word counts. How many it put aside.
StatusOr<int> WithdrawOtherRebinds(Tx& tx, const EkProposal& approved) {
  int withdrawn = 0;
  ASSIGN_OR_RETURN(const auto proposals, tx.identities.Proposals(approved.device));
  for (EkProposal other : proposals) {
    if (other.kind != ProposalKind::kRebind || !other.approve_time || other.use_time ||
        other.ek_spki_sha256 == approved.ek_spki_sha256) {
      continue;
    }
    other.approver.clear();
    other.approve_time.reset();
    RETURN_IF_ERROR(tx.identities.PutProposal(other));
    ++withdrawn;
  }
  return withdrawn;
}

void Approve(const Principal& actor, std::string_view reason, std::string_view note, WallTime now,
             EkProposal* proposal) {
  proposal->approver = actor.name;
  proposal->reason = std::string(reason);
  proposal->note = std::string(note);
  proposal->approve_time = now;
  proposal->use_time.reset();
}

}  // namespace

std::string_view NameOf(RebindReason reason) {
  switch (reason) {
    case RebindReason::kBoardSwap:
      return "board-swap";
    case RebindReason::kClear:
      return "clear";
    case RebindReason::kResale:
      return "resale";
  }
  return "";
}

StatusOr<IdentityView> IdentityOffice::View(const DeviceId& id) {
  IdentityView view;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(view.device, tx.devices.Get(id));
    ASSIGN_OR_RETURN(view.identities, tx.identities.Identities(id));
    ASSIGN_OR_RETURN(view.proposals, tx.identities.Proposals(id));
    ASSIGN_OR_RETURN(view.certificates, tx.certificates.CertificatesOf(id));
    return OkStatus();
  }));
  return view;
}

StatusOr<Device> IdentityOffice::Unblock(const Principal& actor, const DeviceId& id,
                                         std::string_view reason) {
  return Decide(
      actor, id, "device.unblock", reason, [&](Tx& tx, Device* device, Aftermath* after) -> Status {
        const WallTime now = clock_.Now();
        if (device->state != DeviceState::kBlocked && device->refused_attempts == 0) {
          return FailedPrecondition(
              fmt::format("{} is not blocked and has all its attempts", id.text()));
        }
        device->refused_attempts = 0;
        if (device->state != DeviceState::kBlocked) return OkStatus();
        ASSIGN_OR_RETURN(after->revoked, RevokeCertificates(tx, *device, kRevokedSuperseded, now));
        return LiftBlock(now, device);
      });
}

StatusOr<Device> IdentityOffice::Rebind(const Principal& actor, const DeviceId& id, ByteView to,
                                        RebindReason reason, std::string_view note) {
  RETURN_IF_ERROR(RequirePerson(actor));
  if (note.size() > kReasonBytesMax) {
    return InvalidArgument(fmt::format("note is longer than {} bytes", kReasonBytesMax));
  }
  return Decide(
      actor, id, "device.rebind", NameOf(reason),
      [&](Tx& tx, Device* device, Aftermath* after) -> Status {
        const WallTime now = clock_.Now();
        auto proposal = Choose(tx, *device, ProposalKind::kRebind, to);
        if (!proposal.ok() && !to.empty()) {
          // Known from elsewhere, e.g. the maker's list, before the device shows up with it.
          proposal = EkProposal{.device = id,
                                .kind = ProposalKind::kRebind,
                                .ek_spki_sha256 = ToBytes(to),
                                .first_time = now,
                                .last_time = now};
        }
        if (!proposal.ok()) {
          return FailedPrecondition(fmt::format(
              "no other TPM showed up for {}: start it once, or name the EK", id.text()));
        }
        RETURN_IF_ERROR(CheckRebind(tx, *device, *proposal));
        ASSIGN_OR_RETURN(const int withdrawn, WithdrawOtherRebinds(tx, *proposal));
        if (proposal->ek_spki_sha256 == device->ek_spki_sha256) {
          // Its own again: only an approval that nobody used yet can be taken back.
          if (withdrawn > 0) return OkStatus();
          return FailedPrecondition(fmt::format("{} has this TPM already", id.text()));
        }
        Approve(actor, NameOf(reason), note, now, &*proposal);
        RETURN_IF_ERROR(tx.identities.PutProposal(*proposal));
        ASSIGN_OR_RETURN(after->revoked, RevokeCertificates(tx, *device, kRevokedForRebind, now));
        device->refused_attempts = 0;
        after->detail = fmt::format("from {} to {} {}", ToHex(device->ek_spki_sha256),
                                    ToHex(proposal->ek_spki_sha256), note);
        return IsBlockedFor(*device, RefusalCode::kAttemptsExceeded) ? LiftBlock(now, device)
                                                                     : OkStatus();
      });
}

StatusOr<Device> IdentityOffice::Release(const Principal& actor, const DeviceId& id,
                                         std::string_view reason) {
  return Decide(
      actor, id, "device.release", reason, [&](Tx& tx, Device* device, Aftermath* after) -> Status {
        const WallTime now = clock_.Now();
        if (device->ek_spki_sha256.empty()) {
          return FailedPrecondition(fmt::format("{} has no TPM to release", id.text()));
        }
        if (!IsAtRest(*device)) {
          return FailedPrecondition(
              fmt::format("{} is {}: revoke or retire it before its TPM is released", id.text(),
                          NameOf(device->state)));
        }
        ASSIGN_OR_RETURN(after->revoked, RevokeCertificates(tx, *device, kRevokedByRelease, now));
        RETURN_IF_ERROR(tx.identities.CloseIdentity(id, now, actor.name, reason));
        after->detail = ToHex(device->ek_spki_sha256);
        device->ek_spki_sha256.clear();
        device->enrolled = false;
        return OkStatus();
      });
}

StatusOr<Device> IdentityOffice::Revoke(const Principal& actor, const DeviceId& id,
                                        std::string_view reason) {
  return Decide(
      actor, id, "device.revoke", reason, [&](Tx& tx, Device* device, Aftermath* after) -> Status {
        const WallTime now = clock_.Now();
        ASSIGN_OR_RETURN(after->revoked, RevokeCertificates(tx, *device, kRevokedByPerson, now));
        device->enrolled = false;
        if (device->state == DeviceState::kRetired) return OkStatus();
        if (device->state != DeviceState::kBlocked) {
          RETURN_IF_ERROR(Advance(LifecycleEvent::kRevoke, now, device));
        }
        const RefusalInfo* info = InfoOf(RefusalCode::kDeviceRevoked);
        device->failure = {.code = std::string(info->name),
                           .message = std::string(info->message),
                           .remedy = "Ask the shift lead why; unblocked, it attests anew.",
                           .seen = fmt::format("revoked by {}: {}", actor.name, reason)};
        return OkStatus();
      });
}

StatusOr<Device> IdentityOffice::Vouch(const Principal& actor, const DeviceId& id, ByteView ek,
                                       std::string_view reason) {
  RETURN_IF_ERROR(RequirePerson(actor));
  return Decide(
      actor, id, "device.vouch", reason, [&](Tx& tx, Device* device, Aftermath* after) -> Status {
        auto proposal = Choose(tx, *device, ProposalKind::kVouch, ek);
        if (!proposal.ok() || proposal->use_time) {
          return FailedPrecondition(
              fmt::format("no TPM of {} waits: start it with a good order code first", id.text()));
        }
        Approve(actor, reason, "", clock_.Now(), &*proposal);
        after->detail = ToHex(proposal->ek_spki_sha256);
        return tx.identities.PutProposal(*proposal);
      });
}

StatusOr<std::vector<RevokedCertificate>> IdentityOffice::Revoked() {
  std::vector<RevokedCertificate> listed;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const auto revoked,
                     tx.certificates.Revoked(clock_.Now(), static_cast<int>(kCrlEntriesMax)));
    for (const DeviceCertificate& certificate : revoked) {
      listed.push_back({certificate.serial_hex, *certificate.revoke_time});
    }
    return OkStatus();
  }));
  return listed;
}

void IdentityOffice::Tick() {
  std::vector<DeviceCertificate> late;
  const Status read = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(late, tx.certificates.Unconfirmed(clock_.Now() - kConfirmWithin, kSweepMax));
    return OkStatus();
  });
  if (!read.ok()) {
    log::Error("cannot look for unused certificates", {{"error", ToString(read)}});
    return;
  }
  for (const DeviceCertificate& certificate : late) {
    RevokedDigests revoked;
    const Status written = store_.WriteAndWait([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(revoked, RevokeUnconfirmed(tx, certificate, clock_.Now()));
      return OkStatus();
    });
    if (!written.ok()) {
      log::Error("cannot revoke an unused certificate",
                 {{"device", certificate.device.text()}, {"error", ToString(written)}});
      continue;
    }
    for (const Bytes& digest : revoked) revocations_.Add(digest);
    if (revoked.empty()) continue;
    log::Warning("certificate revoked, the device never used it",
                 {{"device", certificate.device.text()}, {"serial", certificate.serial_hex}});
  }
}

StatusOr<Device> IdentityOffice::Decide(const Principal& actor, const DeviceId& id,
                                        std::string_view action, std::string_view reason,
                                        const Decision& decision) {
  RETURN_IF_ERROR(CheckReason(reason));
  Device device;
  Aftermath after;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    after = {};
    ASSIGN_OR_RETURN(device, tx.devices.Get(id));
    RETURN_IF_ERROR(decision(tx, &device, &after));
    RETURN_IF_ERROR(tx.devices.Put(&device));
    const std::string_view between = after.detail.empty() ? "" : "; ";
    return tx.audit.Record({.time = clock_.Now(),
                            .actor = actor.name,
                            .action = std::string(action),
                            .subject = "devices/" + id.text(),
                            .detail = fmt::format("{}{}{}", reason, between, after.detail)});
  }));
  Enforce(id, after.revoked);
  log::Info("identity decision",
            {{"action", action}, {"device", id.text()}, {"actor", actor.name}});
  return device;
}

void IdentityOffice::Enforce(const DeviceId& device, const RevokedDigests& revoked) {
  if (revoked.empty()) return;
  for (const Bytes& digest : revoked) revocations_.Add(digest);
  if (const auto link = live_.Find(device)) {
    link->End(PermissionDenied("DEVICE_REVOKED: this device's certificate was revoked"));
  }
}

}  // namespace preseal::server
