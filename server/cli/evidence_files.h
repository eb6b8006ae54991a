// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "preseal/fleet/v1/fleet.pb.h"

namespace preseal::server::cli {

struct EvidenceFile {
  std::string name;
  Bytes content;
};

// An attestation as files that stock tools read, VERIFY.txt saying how. Raw bytes are given exactly
// as stored; keys and certificates also as PEM. What the evidence does not hold has no file; what
// does not parse is given raw only. DataLoss if the evidence itself is no Evidence message. Pure.
//   challenge.bin evidence.bin credential.bin proof.bin   S0, D1, S2, D3 as on the wire
//   quote.attest quote.sig   TPMS_ATTEST, TPMT_SIGNATURE; certify.attest certify.sig likewise
//   quote.pcrs               the selected PCR values as tpm2_checkquote reads them
//   quote.nonce              the quote's qualifying data in hex; certify.nonce likewise
//   ak.pub ak.pem device-key.pub device-key.pem ek.pub ek.pem   TPMT_PUBLIC and its public key
//   ek.nv ek.der ek-cert.pem ek-chain-N.der   the EK certificate as read from NV, unwrapped, as PEM
//   event.log claims.bin claims.json device.der device.pem decision.json
StatusOr<std::vector<EvidenceFile>> EvidenceFiles(
    const preseal::fleet::v1::AttestationEvidence& evidence);

}  // namespace preseal::server::cli
