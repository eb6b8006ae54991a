// SPDX-License-Identifier: Apache-2.0
// Between a trust bundle and the part of it that goes into a record. Pure.
#pragma once

#include "common/status/status.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "server/domain/evidence/evidence_record.h"

namespace preseal::server {

// What of `trust` the EK certificate in the evidence, or the cached one, can lead to: every
// certificate whose name is an issuer's name on some way up, in the bundle's order. FindEkPath
// looks at no other, so it finds the same path, or the same lack of one, in the part. With the
// notes on them and their revocation lists. At most kEvidenceTrustCertificatesMax of a kind.
TrustRecord TrustUsed(const TrustBundle& trust, const AttestationEvidence& evidence,
                      const RecordFacts& facts);

// InvalidArgument: an entry is no certificate.
StatusOr<TrustBundle> ToBundle(const TrustRecord& record);

}  // namespace preseal::server
