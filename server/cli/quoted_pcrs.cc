// SPDX-License-Identifier: Apache-2.0
#include "server/cli/quoted_pcrs.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/tpmwire/attest.h"
#include "common/tpmwire/pcr.h"
#include "server/domain/event_log/event_log.h"
#include "server/domain/event_log/replay.h"

namespace preseal::server::cli {
namespace {

// Sizes of tpm2-tss: TPML_PCR_SELECTION, TPML_DIGEST, TPM2B_DIGEST and TPMS_PCR_SELECTION, which
// holds two bytes of algorithm, one of size, four of mask and one of padding.
constexpr size_t kSelectionEntries = 16;
constexpr size_t kSelectionMaskBytes = 4;
constexpr size_t kListDigests = 8;
constexpr size_t kDigestBytes = 64;

class ToolFile {
 public:
  void AddNumber(size_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  void AddPadded(ByteView value, size_t size) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    bytes_.resize(bytes_.size() + size - value.size());
  }
  Bytes Take() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

void AddSelections(const tpmwire::PcrSelections& selections, ToolFile* file) {
  file->AddNumber(selections.size(), 4);
  for (size_t i = 0; i < kSelectionEntries; ++i) {
    const bool used = i < selections.size();
    file->AddNumber(used ? selections[i].hash_algorithm : 0, 2);
    file->AddNumber(used ? tpmwire::kPcrMaskBytes : 0, 1);
    file->AddPadded(used ? ByteView(selections[i].mask) : ByteView(), kSelectionMaskBytes + 1);
  }
}

void AddDigestLists(const std::vector<ByteView>& digests, ToolFile* file) {
  file->AddNumber((digests.size() + kListDigests - 1) / kListDigests, 4);
  for (size_t start = 0; start < digests.size(); start += kListDigests) {
    file->AddNumber(std::min(kListDigests, digests.size() - start), 4);
    for (size_t i = start; i < start + kListDigests; ++i) {
      const ByteView digest = i < digests.size() ? digests[i] : ByteView();
      file->AddNumber(digest.size(), 2);
      file->AddPadded(digest, kDigestBytes);
    }
  }
}

using ValueMap = std::map<std::pair<uint32_t, uint32_t>, ByteView>;  // by bank and PCR

// What the device read, and where it read nothing, what its event log says: a device with a log
// sends no values. The tool holds both against the quote.
ValueMap ValuesOf(const preseal::enrollment::v1::Evidence& evidence,
                  const std::vector<ReplayedBank>& replayed) {
  ValueMap value_of;
  for (const ReplayedBank& bank : replayed) {
    for (uint32_t pcr = 0; pcr < tpmwire::kPcrCount; ++pcr) {
      value_of[{bank.algorithm, pcr}] = bank.pcrs[pcr].value;
    }
  }
  for (const auto& value : evidence.pcr_values()) {
    value_of[{value.hash_algorithm(), value.index()}] = AsBytes(value.value());
  }
  return value_of;
}

}  // namespace

Bytes QuotedPcrsForTools(const preseal::enrollment::v1::Evidence& evidence) {
  const auto attest = tpmwire::ParseAttest(AsBytes(evidence.quote_attest()));
  if (!attest.ok() || attest->quote() == nullptr) return {};
  const tpmwire::PcrSelections& selections = attest->quote()->selections;
  if (selections.size() > kSelectionEntries) return {};
  const auto replayed = ReplayEventLog(ParseEventLog(AsBytes(evidence.event_log())));
  const auto value_of = ValuesOf(evidence, replayed);
  // In the order of the quote's own selection, which is how its digest was made.
  std::vector<ByteView> digests;
  for (const auto& bank : selections) {
    for (uint32_t pcr = 0; pcr < tpmwire::kPcrCount; ++pcr) {
      if (!bank.Selects(pcr)) continue;
      const auto value = value_of.find({bank.hash_algorithm, pcr});
      if (value == value_of.end() || value->second.size() > kDigestBytes) return {};
      digests.push_back(value->second);
    }
  }
  ToolFile file;
  AddSelections(selections, &file);
  AddDigestLists(digests, &file);
  return std::move(file).Take();
}

}  // namespace preseal::server::cli
