// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/replay.h"

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_types.h"

namespace preseal::server {
namespace {

constexpr uint32_t kFirstDynamicPcr = 17;
constexpr uint32_t kLastDynamicPcr = 22;
constexpr uint8_t kHcrtmLocality = 4;

bool IsDynamic(uint32_t pcr) { return pcr >= kFirstDynamicPcr && pcr <= kLastDynamicPcr; }

void Extend(uint16_t algorithm, ReplayedPcr& pcr, const Bytes& digest) {
  Bytes joined = pcr.value;
  joined.insert(joined.end(), digest.begin(), digest.end());
  pcr.value = BankHash(algorithm, joined);
  ++pcr.extends;
}

ReplayedBank ReplayBank(const ParsedEventLog& log, const LogAlgorithm& algorithm) {
  ReplayedBank bank;
  bank.algorithm = algorithm.id;
  for (uint32_t pcr = 0; pcr < bank.pcrs.size(); ++pcr) {
    bank.pcrs[pcr].value = ResetPcrValue(log, algorithm.digest_bytes, pcr);
  }
  for (const LoggedEvent& event : log.events) {
    if (event.type == kEvNoAction || event.pcr >= bank.pcrs.size()) continue;
    const EventDigest* digest = event.FindDigest(algorithm.id);
    if (digest == nullptr) continue;
    ReplayedPcr& pcr = bank.pcrs[event.pcr];
    if (!pcr.touched() && IsDynamic(event.pcr)) pcr.value.assign(algorithm.digest_bytes, 0);
    Extend(algorithm.id, pcr, digest->value);
  }
  return bank;
}

}  // namespace

Bytes ResetPcrValue(const ParsedEventLog& log, size_t digest_bytes, uint32_t pcr) {
  Bytes value(digest_bytes, IsDynamic(pcr) ? 0xFF : 0x00);
  if (pcr == 0 && !value.empty()) {
    value.back() = log.has_hcrtm ? kHcrtmLocality : log.startup_locality.value_or(0);
  }
  return value;
}

std::vector<ReplayedBank> ReplayEventLog(const ParsedEventLog& log) {
  std::vector<ReplayedBank> banks;
  for (const LogAlgorithm& algorithm : log.algorithms) {
    if (CanHashBank(algorithm.id)) banks.push_back(ReplayBank(log, algorithm));
  }
  return banks;
}

const ReplayedBank* FindBank(const std::vector<ReplayedBank>& banks, uint16_t algorithm) {
  for (const ReplayedBank& bank : banks) {
    if (bank.algorithm == algorithm) return &bank;
  }
  return nullptr;
}

}  // namespace preseal::server
