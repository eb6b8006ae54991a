// SPDX-License-Identifier: Apache-2.0
// What keeping evidence needs of a store and of the authority that signs it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/crypto/jws.h"
#include "common/status/status.h"

namespace preseal::server {

// docs/formats.md "Evidence record", "Chain". The link is kept for ever, the text not.
struct StoredEvidence {
  uint64_t sequence = 0;
  Bytes record_sha256;    // 32 bytes
  Bytes previous_sha256;  // 32 bytes
  std::string jws;        // empty: no longer kept
};

// Called as the stores of ports.h are, with the same errors.
class EvidenceChain {
 public:
  virtual ~EvidenceChain() = default;
  // The end of the chain, without its text. NotFound: no evidence yet.
  virtual StatusOr<StoredEvidence> LastEvidence() = 0;
  // Drops the texts of `device` that need no longer be kept. AlreadyExists: the sequence is taken.
  virtual Status AppendEvidence(const StoredEvidence& evidence, const DeviceId& device,
                                bool accepted) = 0;
  // By sequence, ascending, after `sequence`; of one device only those with their text.
  virtual StatusOr<std::vector<StoredEvidence>> EvidenceAfter(uint64_t sequence,
                                                              std::optional<DeviceId> device,
                                                              int limit) = 0;
  // The newest of the device that follows `after` (none: of the first one that has any).
  // NotFound: no more devices.
  virtual StatusOr<StoredEvidence> NewestEvidence(std::optional<DeviceId> after,
                                                  DeviceId* device) = 0;
  virtual StatusOr<uint64_t> DevicesWithEvidence() = 0;
};

// Signs evidence records with the seal key. Thread-safe.
class EvidenceSigner {
 public:
  virtual ~EvidenceSigner() = default;
  // Compact JWS (ES256, x5c) of kEvidenceRecordType. InvalidArgument: the result would exceed
  // kEvidenceRecordBytesMax.
  virtual StatusOr<std::string> SignEvidence(std::string_view payload) const = 0;
  // Roots that such a signer's certificate must lead to.
  virtual std::vector<crypto::Certificate> EvidenceRoots() const = 0;
};

}  // namespace preseal::server
