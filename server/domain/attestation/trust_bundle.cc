// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/trust_bundle.h"

#include <algorithm>

namespace preseal::server {

const AnchorNote* TrustBundle::NoteOn(const crypto::Certificate& certificate) const {
  const auto found = notes.find(certificate.fingerprint());
  return found == notes.end() ? nullptr : &found->second;
}

bool TrustBundle::AllowsSha1Below(const crypto::Certificate& authority) const {
  const AnchorNote* note = NoteOn(authority);
  return note != nullptr && !note->sha1_reason.empty();
}

std::string TrustBundle::VendorOf(const std::vector<crypto::Certificate>& path) const {
  for (const crypto::Certificate& certificate : path) {
    const AnchorNote* note = NoteOn(certificate);
    if (note != nullptr && !note->vendor.empty()) return note->vendor;
  }
  return {};
}

bool TrustBundle::MayLackEku(const std::string& vendor) const {
  return std::find(eku_optional.begin(), eku_optional.end(), vendor) != eku_optional.end();
}

}  // namespace preseal::server
