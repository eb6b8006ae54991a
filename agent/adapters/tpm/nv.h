// SPDX-License-Identifier: Apache-2.0
// What a TPM holds: handles and NV content. Inner part of this folder.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "agent/adapters/tpm/connection.h"
#include "common/base/bytes.h"

namespace preseal::agent {

// What a chip has that does not change while it runs. Two commands, asked for once: with it nobody
// probes one NV index after the other.
struct Inventory {
  std::set<uint32_t> nv_indices;            // of the EK Credential Profile's ranges
  std::vector<uint16_t> implemented_banks;  // TPM_ALG_IDs, allocated or not
};
StatusOr<Inventory> TakeInventory(Link& link);

// Handles in use from `first` to `last`, both included. One command, more if the chip pages.
StatusOr<std::set<uint32_t>> ListHandles(Link& link, uint32_t first, uint32_t last);

// Flushes objects and sessions that occupy a slot and are not this connection's: a process that was
// killed on a TPM without a resource manager leaves them. Behind one, others' are not seen at all.
// True if there was anything.
StatusOr<bool> FlushLeftovers(Link& link);

// Whole content of an NV index, by its own empty password, or the owner's if only that may read.
// Two commands if the content fits `step` bytes, one more for every further step.
// RESOURCE_EXHAUSTED if it is longer than `bytes_max`; NOT_FOUND if it is not defined or was never
// written.
StatusOr<Bytes> ReadNv(Link& link, uint32_t index, size_t bytes_max, size_t step);

}  // namespace preseal::agent
