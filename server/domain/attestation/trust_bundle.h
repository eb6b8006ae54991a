// SPDX-License-Identifier: Apache-2.0
// Whose word about TPMs counts: certificates and revocation lists, as one version. Pure.
//
// This is the bundle as it acts. What a site keeps, vendors it does not use included, is a
// TrustDocument (server/domain/trust/trust_document.h), which makes it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"
#include "common/crypto/revocation_list.h"

namespace preseal::server {

// What the site says of one certificate of the bundle.
struct AnchorNote {
  std::string vendor;       // "Infineon"; empty if nobody said
  std::string sha1_reason;  // why SHA-1 below this authority is accepted; empty: it is not
};

struct TrustBundle {
  uint64_t version = 0;                            // only ever grows
  crypto::Digest256 sha256{};                      // of its signed text
  std::vector<crypto::Certificate> roots;          // makers of TPM chips
  std::vector<crypto::Certificate> intermediates;  // helpers, never trusted by themselves
  std::vector<crypto::Certificate> lab_roots;      // what ends here is marked lab

  std::map<crypto::Digest256, AnchorNote> notes;  // by fingerprint
  // Makers whose EK certificates may come without extended key usage.
  std::vector<std::string> eku_optional;
  std::vector<crypto::RevocationList> revocations;  // signatures not checked yet

  // Null if nothing was said of it.
  const AnchorNote* NoteOn(const crypto::Certificate& certificate) const;
  // Whether certificates below this authority may be signed over SHA-1.
  bool AllowsSha1Below(const crypto::Certificate& authority) const;
  // Of the first certificate in `path` that has one; "" if none.
  std::string VendorOf(const std::vector<crypto::Certificate>& path) const;
  bool MayLackEku(const std::string& vendor) const;
};

}  // namespace preseal::server
