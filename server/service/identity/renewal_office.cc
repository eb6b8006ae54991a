// SPDX-License-Identifier: Apache-2.0
#include "server/service/identity/renewal_office.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/crypto/encoding.h"
#include "common/crypto/issue.h"
#include "common/crypto/random.h"
#include "common/log/log.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/ek_certificate.h"
#include "common/tpmwire/signature.h"
#include "server/domain/attestation/ek_certificate_facts.h"
#include "server/service/identity/certificate_book.h"

namespace preseal::server {
namespace {

constexpr std::string_view kActor = "preseal";

// Nothing of a run or a seal is under way.
bool BetweenRuns(DeviceState state) {
  switch (state) {
    case DeviceState::kEnrolled:
    case DeviceState::kReadyToSeal:
    case DeviceState::kFailed:
    case DeviceState::kInService:
      return true;
    case DeviceState::kRegistered:
    case DeviceState::kPresent:
    case DeviceState::kProvisioning:
    case DeviceState::kSealing:
    case DeviceState::kSealed:
    case DeviceState::kUserSetup:
    case DeviceState::kBlocked:
    case DeviceState::kRetired:
      return false;
  }
  return false;
}

// As crypto::RenewalTime, from what the book knows.
WallTime DueTime(const DeviceCertificate& certificate) {
  return certificate.not_after - (certificate.not_after - certificate.not_before) / 3;
}

// As the enrolment took it from the EK certificate the device sent; empty without one.
std::string HardwareSerialOf(ByteView nv) {
  const auto unwrapped = tpmwire::UnwrapNvCertificate(nv);
  if (!unwrapped.ok()) return {};
  const auto certificate = crypto::Certificate::FromDer(unwrapped->der);
  if (!certificate.ok()) return {};
  const auto facts = ReadEkCertificateFacts(*certificate);
  if (!facts.ok() || facts->manufacturers.empty()) return {};
  return crypto::TpmHardwareSerial(facts->manufacturers[0], *certificate);
}

StatusOr<crypto::PublicKey> DeviceKeyOf(const AttestationEvidence& evidence) {
  ASSIGN_OR_RETURN_CTX(const auto area, tpmwire::ParsePublic(evidence.device_key_public),
                       "stored device key");
  return tpmwire::ToPublicKey(area);
}

}  // namespace

Status RenewalOffice::Watch(const DeviceId& device, ByteView certificate_sha256,
                            std::shared_ptr<DeviceLink> link) {
  std::optional<WallTime> due;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    const auto certificate = tx.certificates.FindCertificate(certificate_sha256);
    if (certificate.status().code() == StatusCode::kNotFound) return OkStatus();
    RETURN_IF_ERROR(certificate.status());
    due = DueTime(*certificate);
    return OkStatus();
  }));
  auto desk = desk_.Lock();
  desk->watched.erase(device);
  if (!due) return OkStatus();
  desk->watched.emplace(device,
                        Watched{ToBytes(certificate_sha256), std::move(link), *due, std::nullopt});
  return OkStatus();
}

void RenewalOffice::Forget(const DeviceId& device, const DeviceLink* link) {
  auto desk = desk_.Lock();
  const auto it = desk->watched.find(device);
  if (it != desk->watched.end() && it->second.link.get() == link) desk->watched.erase(it);
}

void RenewalOffice::Tick() {
  std::vector<DeviceId> due;
  const WallTime now = clock_.Now();
  {
    auto desk = desk_.Lock();
    std::erase_if(desk->not_before, [now](const auto& entry) { return entry.second <= now; });
    for (const auto& [device, watched] : desk->watched) {
      if (due.size() >= kRenewalsPerTickMax) break;
      if (now < watched.due || desk->not_before.contains(device)) continue;
      due.push_back(device);
    }
    for (const DeviceId& device : due) desk->not_before[device] = now + kRenewalAgainAfter;
  }
  for (const DeviceId& device : due) {
    const Status asked = Ask(device);
    if (asked.ok()) continue;
    log::Warning("cannot ask for a renewal",
                 {{"device", device.text()}, {"error", ToString(asked)}});
  }
}

StatusOr<RenewalOffice::Enrolled> RenewalOffice::Load(const DeviceId& id) const {
  Enrolled enrolled;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(enrolled.device, tx.devices.Get(id));
    ASSIGN_OR_RETURN(enrolled.record, tx.evidence.LatestAccepted(id));
    ASSIGN_OR_RETURN(const auto identities, tx.identities.Identities(id));
    if (identities.empty() || identities.back().end_time) {
      return FailedPrecondition("the device's TPM was released");
    }
    enrolled.identity = identities.back();
    return OkStatus();
  }));
  ASSIGN_OR_RETURN_CTX(enrolled.evidence, decoder_.Decode(enrolled.record.evidence),
                       "stored evidence");
  ASSIGN_OR_RETURN(enrolled.state, EnrolledStateOf(enrolled.evidence.evidence));
  return enrolled;
}

Status RenewalOffice::Ask(const DeviceId& id) {
  ASSIGN_OR_RETURN(const Enrolled enrolled, Load(id));
  const WallTime now = clock_.Now();
  if (!BetweenRuns(enrolled.device.state)) {
    desk_.Lock()->not_before[id] = now + kRenewalBusyAgainAfter;
    return OkStatus();
  }
  ASSIGN_OR_RETURN(Bytes nonce, crypto::RandomBytes(kNonceBytes));
  std::shared_ptr<DeviceLink> link;
  {
    auto desk = desk_.Lock();
    const auto it = desk->watched.find(id);
    if (it == desk->watched.end()) return OkStatus();
    it->second.order = Order{nonce, now + kRenewalAnswerWithin};
    link = it->second.link;
  }
  // As quoted at the enrolment, so that banks the chip lacks are not asked for.
  link->SendRenewal(RenewalOrder{std::move(nonce), enrolled.state.selections});
  return OkStatus();
}

std::optional<RenewalOffice::Watched> RenewalOffice::TakeOrder(const DeviceId& device,
                                                               const DeviceLink* link) {
  auto desk = desk_.Lock();
  const auto it = desk->watched.find(device);
  if (it == desk->watched.end() || it->second.link.get() != link || !it->second.order) return {};
  Watched watched = it->second;
  it->second.order.reset();
  if (watched.order->expire_time < clock_.Now()) return {};
  return watched;
}

Status RenewalOffice::OnStatement(const DeviceId& device, const RenewalStatement& statement,
                                  DeviceLink* link) {
  const auto watched = TakeOrder(device, link);
  if (!watched) return FailedPrecondition("an answer to no order of the last minutes");
  ASSIGN_OR_RETURN(const Enrolled enrolled, Load(device));
  if (!BetweenRuns(enrolled.device.state)) return FailedPrecondition("the device is busy now");
  const auto binding = tpmwire::ComputeRenewalBinding(device.text(), watched->order->nonce,
                                                      watched->certificate_sha256);
  const RenewalVerdict verdict = VerifyRenewal(
      enrolled.state, enrolled.evidence.evidence.device_key_public, statement, binding);
  if (!verdict.accepted()) return Refuse(device, verdict, link);
  return Issue(enrolled, *watched, statement, link);
}

Status RenewalOffice::Refuse(const DeviceId& device, const RenewalVerdict& verdict,
                             DeviceLink* link) {
  const RenewalRefusal refusal{std::string(CodeOf(verdict)), std::string(SentenceOf(verdict)),
                               verdict.seen, verdict.expected, std::string(RemedyOf(verdict))};
  log::Warning("renewal refused", {{"device", device.text()},
                                   {"code", refusal.code},
                                   {"seen", refusal.seen},
                                   {"expected", refusal.expected}});
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) {
    return tx.audit.Record({.time = clock_.Now(),
                            .actor = std::string(kActor),
                            .action = "certificate.renew.refused",
                            .subject = "devices/" + device.text(),
                            .detail = fmt::format("{} seen {} expected {}", refusal.code,
                                                  refusal.seen, refusal.expected)});
  }));
  link->SendRenewal(refusal);
  return OkStatus();
}

StatusOr<CertificateRequest> RenewalOffice::RequestFor(const Enrolled& enrolled) {
  const DeviceIdentity& identity = enrolled.identity;
  CertificateRequest request{
      .device = enrolled.device.id,
      .serial_number = enrolled.device.serial_number,
      .hardware_serial = HardwareSerialOf(enrolled.evidence.evidence.ek_certificate),
      .has_ek_certificate = !identity.ek_certificate_sha256.empty(),
      .quarantine = enrolled.device.quarantined,
      .lab = enrolled.device.lab};
  const Bytes& ek =
      request.has_ek_certificate ? identity.ek_certificate_sha256 : identity.ek_spki_sha256;
  if (ek.size() != request.ek_sha256.size()) return DataLoss("the stored EK digest is damaged");
  std::copy(ek.begin(), ek.end(), request.ek_sha256.begin());
  ASSIGN_OR_RETURN_CTX(const auto enrolment,
                       crypto::Certificate::FromDer(enrolled.record.certificate),
                       "stored device certificate");
  request.trust_models = TrustModelsOf(enrolment);
  return request;
}

Status RenewalOffice::Issue(const Enrolled& enrolled, const Watched& watched,
                            const RenewalStatement& statement, DeviceLink* link) {
  const DeviceId& id = enrolled.device.id;
  const Bytes evidence =
      RenewalEvidence(id.text(), watched.certificate_sha256, watched.order->nonce,
                      enrolled.record.evidence_sha256, statement);
  ASSIGN_OR_RETURN(CertificateRequest request, RequestFor(enrolled));
  request.evidence_sha256 = crypto::Sha256(evidence);
  ASSIGN_OR_RETURN(const auto key, DeviceKeyOf(enrolled.evidence.evidence));
  ASSIGN_OR_RETURN(const IssuedCertificate issued, ca_.Issue(request, key, clock_.Now()));
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
    // A person, or another enrolment, was faster.
    if (device.certificate_sha256 != watched.certificate_sha256 || !BetweenRuns(device.state)) {
      return Aborted("the device's record changed meanwhile");
    }
    const WallTime now = clock_.Now();
    RETURN_IF_ERROR(EnterRenewed(tx, issued.der, id, now));
    return tx.audit.Record({.time = now,
                            .actor = std::string(kActor),
                            .action = "certificate.renew",
                            .subject = "devices/" + id.text(),
                            .detail = fmt::format("{} {}", ToHex(request.evidence_sha256),
                                                  crypto::Base64UrlEncode(evidence))});
  }));
  log::Info("device certificate renewed", {{"device", id.text()}});
  link->SendRenewal(issued);
  return OkStatus();
}

}  // namespace preseal::server
