// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "common/status/status.h"

namespace preseal::agent {

// TPM and TSS return codes, translated once, by the action they call for. `rc` is a TSS2_RC: layer
// in bits 16..23, below it the TPM_RC (TPM 2.0 Library, Part 2, "TPM_RC") or the layer's own code.

// The connection is of no more use and must be opened anew: ESYS keeps refusing with "called in the
// wrong order" after any transport error.
bool IsConnectionLost(uint32_t rc);
// A transient object or session is no longer loaded: the TPM was restarted in between.
bool IsObjectGone(uint32_t rc);
// No object at that persistent handle or NV index (0x18B).
bool IsNoSuchHandle(uint32_t rc);
// A persistent object sits at that handle already (0x14C).
bool IsHandleTaken(uint32_t rc);
// No slot for another transient object (0x902) or session (0x903).
bool IsOutOfSlots(uint32_t rc);

// OK for 0. Otherwise "verb: what happened (TPM code 0x…): what to do".
Status TpmStatus(uint32_t rc, std::string_view verb);
// Why the TPM of that TCTI could not be opened; `error` is the errno of opening its device, 0 if it
// has none. UNAVAILABLE, with what to do.
Status OpenFailed(std::string_view tcti, int error);

}  // namespace preseal::agent
