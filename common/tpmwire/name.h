// SPDX-License-Identifier: Apache-2.0
// Names of TPM objects (TPM 2.0 Library, Part 1, "Names"). Pure.
#pragma once

#include "common/base/bytes.h"
#include "common/tpmwire/public_area.h"

namespace preseal::tpmwire {

// nameAlg (2 bytes) || nameAlg-digest of the marshalled TPMT_PUBLIC.
Bytes NameOf(const PublicArea& area);

// Qualified name of a primary key in `hierarchy` (kHierarchyOwner, kHierarchyEndorsement):
// nameAlg || nameAlg-digest of hierarchy handle || Name. Proves, inside an attestation, where the
// key lives.
Bytes QualifiedNameOf(uint32_t hierarchy, const PublicArea& area);

}  // namespace preseal::tpmwire
