// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/attestation_policy.h"

#include <algorithm>
#include <cctype>

namespace preseal::server {

const std::vector<TrustModel>& AttestationPolicy::RequiredAt(std::string_view station) const {
  for (const LineRule& line : lines) {
    if (std::find(line.stations.begin(), line.stations.end(), station) != line.stations.end()) {
      return line.require;
    }
  }
  return require;
}

bool MayQuarantine(RefusalCode code) {
  using enum RefusalCode;
  switch (code) {
    case kEkExpired:
    case kEkRevocationUnknown:
    case kTpmFirmwareTooOld:
    case kTpmModelDenied:
    case kEventLogMissing:
    case kEventLogNoBank:
    case kEventLogBankCapped:
    case kBootSecureBootOff:
    case kBootSetupMode:
    case kBootDbx:
    case kBootAuthorityUnknown:
    case kBootFirmwareError:
    case kBootDebugMode:
    case kBootDmaProtectionOff:
    case kPcrPolicyMismatch:
    case kPcrNotLearned:
      return true;
    default:  // a new refusal refuses until somebody says otherwise here
      return false;
  }
}

bool OnlyLeavesUnvouched(RefusalCode code) {
  using enum RefusalCode;
  return code == kEkCertMissing || code == kEkChainUntrusted || code == kEkExpired ||
         code == kEkNotYetValid || code == kEkRevocationUnknown;
}

namespace {

// '*' stands for any text; everything else, blanks and case aside, for itself.
bool Matches(std::string_view pattern, std::string_view text) {
  while (!pattern.empty() && pattern.front() != '*') {
    if (pattern.front() == ' ') {
      pattern.remove_prefix(1);
      continue;
    }
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    if (text.empty() || std::tolower(static_cast<unsigned char>(pattern.front())) !=
                            std::tolower(static_cast<unsigned char>(text.front()))) {
      return false;
    }
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }
  if (pattern.empty()) return text.find_first_not_of(' ') == std::string_view::npos;
  pattern.remove_prefix(1);
  for (;;) {
    if (Matches(pattern, text)) return true;
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
}

}  // namespace

const FirmwareRule* FindFirmwareRule(const AttestationPolicy& policy, uint32_t vendor,
                                     std::string_view model, uint64_t firmware_version) {
  const FirmwareRule* found = nullptr;
  for (const FirmwareRule& rule : policy.firmware) {
    const bool concerned = (rule.vendor == 0 || rule.vendor == vendor) &&
                           firmware_version >= rule.versions_from &&
                           firmware_version < rule.versions_below && Matches(rule.model, model);
    if (!concerned) continue;
    if (rule.denied) return &rule;
    if (found == nullptr) found = &rule;
  }
  return found;
}

}  // namespace preseal::server
