// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/startup.h"

#include <fmt/format.h>

#include <string_view>

#include "server/domain/event_log/event_types.h"

namespace preseal::server {
namespace {

using std::string_view_literals::operator""sv;

constexpr auto kSignature = "StartupLocality\0"sv;
constexpr uint8_t kHcrtmLocality = 4;

void Fault(ParsedEventLog& log, const LoggedEvent& event, std::string_view seen,
           std::string_view expected) {
  if (log.startup_fault) return;
  log.startup_fault =
      EventLogFault{RefusalCode::kEventLogMalformed,
                    fmt::format("event {} at byte {}: {}", event.number, event.offset, seen),
                    std::string(expected), event.offset};
}

void CheckLocality(ParsedEventLog& log, const LoggedEvent& event, bool pcr0_extended) {
  if (event.pcr != 0) return Fault(log, event, "StartupLocality not in PCR 0", "PCR 0");
  if (event.data.size() != kSignature.size() + 1) {
    return Fault(log, event, fmt::format("StartupLocality of {} bytes", event.data.size()),
                 "17 bytes");
  }
  const uint8_t locality = event.data.back();
  if (locality != 0 && locality != 3 && locality != kHcrtmLocality) {
    return Fault(log, event, fmt::format("startup locality {}", locality), "0, 3 or 4");
  }
  if (log.startup_locality) return Fault(log, event, "a second StartupLocality", "one");
  if (pcr0_extended) {
    return Fault(log, event, "StartupLocality after PCR 0 was extended", "before");
  }
  log.startup_locality = locality;
}

void CheckHcrtm(ParsedEventLog& log, const LoggedEvent& event, bool pcr0_extended) {
  if (event.pcr != 0 || (pcr0_extended && !log.has_hcrtm)) {
    return Fault(log, event, "an H-CRTM event after others, or not in PCR 0",
                 "in PCR 0 before other events");
  }
  if (log.startup_locality && *log.startup_locality != kHcrtmLocality) {
    return Fault(log, event, fmt::format("H-CRTM with startup locality {}", *log.startup_locality),
                 "startup locality 4");
  }
  log.has_hcrtm = true;
}

}  // namespace

void CheckStartup(ParsedEventLog& log) {
  bool pcr0_extended = false;
  for (const LoggedEvent& event : log.events) {
    if (event.type == kEvNoAction) {
      if (AsText(event.data).starts_with(kSignature)) CheckLocality(log, event, pcr0_extended);
      continue;
    }
    if (event.type == kEvEfiHcrtmEvent) CheckHcrtm(log, event, pcr0_extended);
    pcr0_extended = pcr0_extended || event.pcr == 0;
  }
}

}  // namespace preseal::server
