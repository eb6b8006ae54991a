// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/clock.h"
#include "common/crypto/certificate.h"

namespace preseal::crypto {

// When the holder should ask for a successor: after two thirds of the validity. The last third is
// for machines that are off and servers that are down; with a device's year it is four months.
WallTime RenewalTime(const Certificate& certificate);

// True from RenewalTime on, an expired certificate included: whether an expired one may still be
// renewed is the issuer's decision. False before the validity begins. Pure, thread-safe.
bool RenewalDue(const Certificate& certificate, WallTime now);

}  // namespace preseal::crypto
