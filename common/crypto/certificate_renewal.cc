// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/certificate_renewal.h"

namespace preseal::crypto {

WallTime RenewalTime(const Certificate& certificate) {
  const auto life = certificate.not_after() - certificate.not_before();
  return certificate.not_after() - life / 3;
}

bool RenewalDue(const Certificate& certificate, WallTime now) {
  return now >= RenewalTime(certificate);
}

}  // namespace preseal::crypto
