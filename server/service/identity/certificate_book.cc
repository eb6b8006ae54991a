// SPDX-License-Identifier: Apache-2.0
#include "server/service/identity/certificate_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "server/domain/refusal/refusal.h"
#include "server/service/enrollment/preparation.h"

namespace preseal::server {
namespace {

Status Revoke(Tx& tx, DeviceCertificate certificate, std::string_view reason, WallTime now,
              RevokedDigests* revoked) {
  if (certificate.revoke_time) return OkStatus();
  certificate.revoke_time = now;
  certificate.revoke_reason = std::string(reason);
  revoked->push_back(certificate.sha256);
  return tx.certificates.UpdateCertificate(certificate);
}

// Enters the present certificate of a device that enrolled before certificates were entered, so
// that it can stand on a revocation list.
Status EnterOldCertificate(Tx& tx, const Device& device, WallTime now) {
  const auto record = tx.evidence.LatestAccepted(device.id);
  if (record.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(record.status());
  const auto certificate = crypto::Certificate::FromDer(record->certificate);
  if (!certificate.ok()) return OkStatus();
  const auto sha256 = certificate->fingerprint();
  if (!std::ranges::equal(sha256, device.certificate_sha256)) return OkStatus();
  return tx.certificates.InsertCertificate({.serial_hex = certificate->serial_hex(),
                                            .device = device.id,
                                            .sha256 = device.certificate_sha256,
                                            .not_before = certificate->not_before(),
                                            .not_after = certificate->not_after(),
                                            .issue_time = record->decide_time,
                                            .confirm_time = now});
}

// The newest certificate the device used and that still counts.
const DeviceCertificate* LastConfirmed(const std::vector<DeviceCertificate>& certificates) {
  for (auto it = certificates.rbegin(); it != certificates.rend(); ++it) {
    if (it->confirm_time && !it->revoke_time) return &*it;
  }
  return nullptr;
}

Status FailUnconfirmed(Tx& tx, WallTime now, Device* device) {
  const RefusalInfo* info = InfoOf(RefusalCode::kIssueUnconfirmed);
  if (!Advance(LifecycleEvent::kAttestationRefused, now, device).ok()) return OkStatus();
  device->failure = {.code = std::string(info->name),
                     .message = std::string(info->message),
                     .remedy = std::string(info->remedy),
                     .seen = "no connection with the new certificate",
                     .expected = fmt::format("one within {} minutes", kConfirmWithin.count())};
  return MarkPreparation(tx, PreparationItem::kManagement, ItemState::kFailed,
                         {std::string(info->name), std::string(info->message)}, now, device);
}

}  // namespace

StatusOr<RevokedDigests> ConfirmCertificate(Tx& tx, const DeviceId& device,
                                            ByteView certificate_sha256, WallTime now) {
  RevokedDigests revoked;
  auto used = tx.certificates.FindCertificate(certificate_sha256);
  if (used.status().code() == StatusCode::kNotFound) return revoked;
  RETURN_IF_ERROR(used.status());
  if (used->revoke_time) {
    return Unauthenticated(fmt::format("{} presented a revoked certificate ({}): enrol again",
                                       device.text(), used->revoke_reason));
  }
  if (used->confirm_time) return revoked;
  used->confirm_time = now;
  RETURN_IF_ERROR(tx.certificates.UpdateCertificate(*used));
  ASSIGN_OR_RETURN(const auto all, tx.certificates.CertificatesOf(device));
  for (const DeviceCertificate& other : all) {
    if (other.sha256 == used->sha256) continue;
    RETURN_IF_ERROR(Revoke(tx, other, kRevokedSuperseded, now, &revoked));
  }
  return revoked;
}

Status EnterRenewed(Tx& tx, ByteView certificate_der, const DeviceId& device, WallTime now) {
  ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromDer(certificate_der));
  const auto sha256 = certificate.fingerprint();
  return tx.certificates.InsertCertificate({.serial_hex = certificate.serial_hex(),
                                            .device = device,
                                            .sha256 = Bytes(sha256.begin(), sha256.end()),
                                            .not_before = certificate.not_before(),
                                            .not_after = certificate.not_after(),
                                            .issue_time = now});
}

StatusOr<bool> AdoptRenewed(Tx& tx, ByteView certificate_sha256, Device* device) {
  ASSIGN_OR_RETURN(const auto all, tx.certificates.CertificatesOf(device->id));
  bool after_present = false;
  for (const DeviceCertificate& one : all) {
    const bool shown = std::ranges::equal(one.sha256, certificate_sha256);
    if (shown && after_present && !one.revoke_time && !one.confirm_time) {
      device->certificate_sha256 = one.sha256;
      return true;
    }
    after_present = after_present || one.sha256 == device->certificate_sha256;
  }
  return false;
}

StatusOr<RevokedDigests> RevokeCertificates(Tx& tx, const Device& device, std::string_view reason,
                                            WallTime now) {
  RevokedDigests revoked;
  if (!device.certificate_sha256.empty()) {
    const auto present = tx.certificates.FindCertificate(device.certificate_sha256);
    if (present.status().code() == StatusCode::kNotFound) {
      RETURN_IF_ERROR(EnterOldCertificate(tx, device, now));
      revoked.push_back(device.certificate_sha256);
    } else {
      RETURN_IF_ERROR(present.status());
    }
  }
  ASSIGN_OR_RETURN(const auto all, tx.certificates.CertificatesOf(device.id));
  for (const DeviceCertificate& certificate : all) {
    RETURN_IF_ERROR(Revoke(tx, certificate, reason, now, &revoked));
  }
  return revoked;
}

StatusOr<RevokedDigests> RevokeUnconfirmed(Tx& tx, const DeviceCertificate& certificate,
                                           WallTime now) {
  RevokedDigests revoked;
  // As it is now: it may have been used since the sweep looked.
  ASSIGN_OR_RETURN(const auto present, tx.certificates.FindCertificate(certificate.sha256));
  if (present.confirm_time || present.revoke_time) return revoked;
  RETURN_IF_ERROR(Revoke(tx, present, kRevokedUnconfirmed, now, &revoked));
  ASSIGN_OR_RETURN(Device device, tx.devices.Get(present.device));
  if (device.certificate_sha256 == present.sha256) {
    ASSIGN_OR_RETURN(const auto all, tx.certificates.CertificatesOf(device.id));
    const DeviceCertificate* before = LastConfirmed(all);
    device.certificate_sha256 = before == nullptr ? Bytes() : before->sha256;
    RETURN_IF_ERROR(FailUnconfirmed(tx, now, &device));
    RETURN_IF_ERROR(tx.devices.Put(&device));
  }
  RETURN_IF_ERROR(
      tx.audit.Record({.time = now,
                       .actor = "preseal",
                       .action = "certificate.revoke",
                       .subject = "devices/" + device.id.text(),
                       .detail = fmt::format("{} {}", kRevokedUnconfirmed, present.serial_hex)}));
  return revoked;
}

}  // namespace preseal::server
