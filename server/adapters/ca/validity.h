// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/crypto/issue.h"
#include "common/status/status.h"

namespace preseal::server {

// From kCertificateBackdate before `now` until `not_after`, cut to `issuer`'s own validity.
// FAILED_PRECONDITION: `issuer` is not valid at `now`.
StatusOr<crypto::Validity> ValidityWithin(const crypto::Certificate& issuer, WallTime now,
                                          WallTime not_after);

// Of an authority made at `now`: kCaCertificateLife. It begins further back than any certificate
// under it, so that a clock set back a little can still issue.
crypto::Validity CaValidity(WallTime now);

// FAILED_PRECONDITION "SUBJECT is valid only from … until …" unless `certificate` is valid at
// `now`.
Status CheckValidAt(const crypto::Certificate& certificate, WallTime now);

}  // namespace preseal::server
