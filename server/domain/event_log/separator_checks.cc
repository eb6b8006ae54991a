// SPDX-License-Identifier: Apache-2.0
// Checks 907 and 908: separators mark where the firmware's part of a PCR ends.
#include <fmt/format.h>

#include <array>

#include "server/domain/event_log/event_log_checks.h"
#include "server/domain/event_log/event_types.h"

namespace preseal::server {
namespace {

using enum RefusalCode;

constexpr std::string_view kWindowsMark = "WBCL";
constexpr uint32_t kWindowsFirstPcr = 12;
constexpr uint32_t kWindowsLastPcr = 14;

bool IsProperSeparator(const LoggedEvent& event, DataForm form) {
  // An altered one is CheckDataDigests' to refuse; an error's data is the firmware's own text.
  if (form == DataForm::kMismatch || form == DataForm::kErrorSeparator) return true;
  if (IsPlainSeparatorData(event.data)) return true;
  return AsText(event.data) == kWindowsMark && event.pcr >= kWindowsFirstPcr &&
         event.pcr <= kWindowsLastPcr;
}

// Real logs have a few: a boot variable of four zero bytes in PCR 1, S-CRTM contents of four zero
// bytes in PCR 0. Both come before the separator of a PCR whose values are judged as a whole.
bool IsKnownLookalike(const LoggedEvent& event, DataForm form, bool separated) {
  if (separated) return false;
  const bool boot_variable = event.type == kEvEfiVariableBoot || event.type == kEvEfiVariableBoot2;
  if (boot_variable) return event.pcr == 1 && form == DataForm::kVariableData;
  return event.pcr == 0 && (event.type == kEvSCrtmContents || event.type == kEvSCrtmVersion);
}

}  // namespace

void CheckSeparators(const JudgeInput& in, FindingSink& sink) {
  std::array<int, kFirmwarePcrs> count{};
  for (size_t i = 0; i < in.log.events.size(); ++i) {
    const LoggedEvent& event = in.log.events[i];
    if (event.type != kEvSeparator) continue;
    if (!IsProperSeparator(event, in.bindings[i].form)) {
      sink.Fail(kEventLogSeparator,
                fmt::format("{} holds {}", Describe(event), Shown(ToHex(event.data))),
                "00000000 or ffffffff");
    }
    if (event.pcr < count.size() && ++count[event.pcr] == 2) {
      sink.Fail(kEventLogSeparator, Describe(event) + " is the second separator", "one");
    }
  }
  for (uint32_t pcr = 0; pcr < count.size(); ++pcr) {
    if (count[pcr] > 0) continue;
    sink.FailUnless(in.is_fragment, kEventLogSeparator, fmt::format("no separator in PCR {}", pcr),
                    "one");
  }
}

// Types are not measured: somebody may call the true separator something else, extend what he likes
// and log a separator of his own.
void CheckDisguisedSeparators(const JudgeInput& in, FindingSink& sink) {
  std::array<bool, 24> separated{};
  for (size_t i = 0; i < in.log.events.size(); ++i) {
    const LoggedEvent& event = in.log.events[i];
    if (event.type == kEvNoAction || event.pcr >= separated.size()) continue;
    if (event.type == kEvSeparator) {
      separated[event.pcr] = true;
    } else if (CarriesSeparatorDigest(event)) {
      const std::string seen = Describe(event) + " has the digest of a separator";
      const bool known = IsKnownLookalike(event, in.bindings[i].form, separated[event.pcr]);
      sink.FailUnless(known, kEventLogEventType, seen, "EV_SEPARATOR only");
    }
  }
}

}  // namespace preseal::server
