// SPDX-License-Identifier: Apache-2.0
// Signed TPM statements, judged alike wherever they come from. Internal to the domain. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/crypto/key.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/pcr.h"
#include "common/tpmwire/public_area.h"

namespace preseal::server {

// An answer of the functions below: empty `seen` means yes.
struct Objection {
  std::string seen;
  std::string expected;
  explicit operator bool() const { return !seen.empty(); }
};

// TPMT_SIGNATURE `signature` is ECDSA with SHA-256 by `ak` over `attest`.
Objection ObjectToSignature(const crypto::PublicKey& ak, ByteView attest, ByteView signature);
// The TPM made it: a restricted key signs nothing else that begins so.
Objection ObjectToMagic(ByteView attest);
// It is the asked kind of statement (kAttestCertify, kAttestQuote).
Objection ObjectToType(ByteView attest, uint16_t type);
// extraData is `nonce`, compared in constant time.
Objection ObjectToNonce(const tpmwire::Attest& attest, ByteView nonce);
// The signer is `ak` as a primary key of the endorsement hierarchy.
Objection ObjectToSigner(const tpmwire::Attest& attest, const tpmwire::PublicArea& ak);
// The selection is the asked one, bank by bank, in order; a bank that is not allocated may be
// empty.
Objection ObjectToSelection(const tpmwire::PcrSelections& seen,
                            const tpmwire::PcrSelections& asked);

}  // namespace preseal::server
