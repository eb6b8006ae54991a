// SPDX-License-Identifier: Apache-2.0
// What a TPM holds: handles and NV content. Inner part of this folder.
#pragma once

#include <cstdint>
#include <set>

#include "agent/adapters/tpm/connection.h"
#include "common/base/bytes.h"

namespace preseal::agent {

// Handles in use from `first` to `last`, both included.
StatusOr<std::set<uint32_t>> ListHandles(Link& link, uint32_t first, uint32_t last);
// One fixed property (TPM_PT); `fallback` if the TPM does not have it.
StatusOr<uint32_t> ReadProperty(Link& link, uint32_t property, uint32_t fallback);
// Whole content of an NV index, by its own empty password, or the owner's if only that may read.
// RESOURCE_EXHAUSTED if it is longer than `bytes_max`; NOT_FOUND if it was never written.
StatusOr<Bytes> ReadNv(Link& link, uint32_t index, size_t bytes_max);

}  // namespace preseal::agent
