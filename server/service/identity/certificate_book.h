// SPDX-License-Identifier: Apache-2.0
// The life of device certificates inside a transaction: confirmed, revoked.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/service/ports.h"

namespace preseal::server {

// Why a certificate was revoked; stored and shown.
inline constexpr std::string_view kRevokedByPerson = "DEVICE_REVOKED";
inline constexpr std::string_view kRevokedUnconfirmed = "ISSUE_UNCONFIRMED";
inline constexpr std::string_view kRevokedForRebind = "EK_CHANGED";
inline constexpr std::string_view kRevokedByRelease = "RELEASED";
inline constexpr std::string_view kRevokedSuperseded = "SUPERSEDED";

// SHA-256 of what was revoked: for the RevocationMap, once the transaction is durable.
using RevokedDigests = std::vector<Bytes>;

// The device used this certificate: confirms it, and revokes its older ones. Unauthenticated if it
// is revoked itself. One that was issued before certificates were entered passes.
StatusOr<RevokedDigests> ConfirmCertificate(Tx& tx, const DeviceId& device,
                                            ByteView certificate_sha256, WallTime now);

// Enters a certificate that a renewal issued. It opens the channel from now on, beside the present
// one, for as long as that stays the present one; the device's first use of it ends that
// (AdoptRenewed, ConfirmCertificate).
Status EnterRenewed(Tx& tx, ByteView certificate_der, const DeviceId& device, WallTime now);

// The device came with a certificate that is not its present one. True: a renewal issued it after
// that one, and it counts; now it is the present one, and the caller writes `device`.
StatusOr<bool> AdoptRenewed(Tx& tx, ByteView certificate_sha256, Device* device);

// Revokes all of the device's certificates, also one from before they were entered.
StatusOr<RevokedDigests> RevokeCertificates(Tx& tx, const Device& device, std::string_view reason,
                                            WallTime now);

// One certificate that was not used within kConfirmWithin. A device that was never enrolled fails
// with ISSUE_UNCONFIRMED; an enrolled one goes back to the certificate it had.
StatusOr<RevokedDigests> RevokeUnconfirmed(Tx& tx, const DeviceCertificate& certificate,
                                           WallTime now);

}  // namespace preseal::server
