// SPDX-License-Identifier: Apache-2.0
// Follows the hash chain of evidence, in a database or in a file. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/crypto/digest.h"
#include "common/status/status.h"

namespace preseal::server {

struct EvidenceLink {
  uint64_t sequence = 0;
  crypto::Digest256 record_sha256{};    // of the record's payload
  crypto::Digest256 previous_sha256{};  // of the one before; zeros for sequence 1
};

struct ChainFault {
  uint64_t sequence = 0;  // the first record that does not fit
  std::string seen;
  std::string expected;
};

// Takes links in the order given. Not thread-safe.
class ChainWalk {
 public:
  // kWhole begins at sequence 1; kExcerpt anywhere.
  enum class Extent { kWhole, kExcerpt };
  explicit ChainWalk(Extent extent) : extent_(extent) {}

  // What does not fit, if anything; the walk then goes on from this link. `gap_allowed`: records
  // between the last link and this one may be missing.
  std::optional<ChainFault> Step(const EvidenceLink& link, bool gap_allowed);
  uint64_t missing() const { return missing_; }              // in allowed gaps
  uint64_t first_missing() const { return first_missing_; }  // 0: none
  const std::optional<EvidenceLink>& last() const { return last_; }

 private:
  const Extent extent_;
  std::optional<EvidenceLink> last_;
  uint64_t missing_ = 0;
  uint64_t first_missing_ = 0;
};

// A line of an evidence file that stands for a record whose text is no longer kept, without the
// line feed. Decode: InvalidArgument for anything but what Encode gives.
std::string EncodeLink(const EvidenceLink& link);
StatusOr<EvidenceLink> DecodeLink(std::string_view line);

}  // namespace preseal::server
