// SPDX-License-Identifier: Apache-2.0
#include "server/domain/diagnosis/trouble.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "server/domain/diagnosis/thresholds.h"

namespace preseal::server {
namespace {

using std::chrono::microseconds;
using std::chrono::minutes;
using Found = std::vector<DiagnosisEvidence>;

std::string Spoken(microseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return seconds < 120 ? fmt::format("{} s", seconds) : fmt::format("{} min", seconds / 60);
}

// How long the item has been at it; zero before it began.
microseconds Took(const Item& item, WallTime now) {
  if (!item.start_time) return microseconds{0};
  const WallTime end = item.end_time.value_or(now);
  return std::max(microseconds{0},
                  std::chrono::duration_cast<microseconds>(end - *item.start_time));
}

std::string SourceOf(const Item& item) { return "item " + item.item_id.text(); }

// Items whose wait of `kind` has lasted `least`.
Found Waiting(const CaseFile& file, Wait::Kind kind, microseconds least, std::string_view what) {
  Found found;
  for (const Item& item : file.items) {
    if (!item.wait || item.wait->kind != kind) continue;
    const auto waited = file.now - item.wait->start_time;
    if (waited < least) continue;
    std::string text =
        fmt::format("{} for {}", what, Spoken(std::chrono::duration_cast<microseconds>(waited)));
    if (item.wait->place > 0) text += fmt::format(", place {} in the queue", item.wait->place);
    found.push_back({SourceOf(item), std::move(text)});
  }
  return found;
}

// From the run's start to its end, or to now, in the technician flow.
microseconds DeviceSetupTime(const CaseFile& file) {
  if (!file.run || file.run->flow != Flow::kTechnician) return microseconds{0};
  const WallTime end = file.run->end_time.value_or(file.now);
  return std::chrono::duration_cast<microseconds>(end - file.run->start_time);
}

Found SetupOver(const CaseFile& file, microseconds least, microseconds below) {
  const microseconds took = DeviceSetupTime(file);
  if (took < least || took >= below) return {};
  Found found{{"run " + file.run->run_id.text(), "device setup takes " + Spoken(took)}};
  const auto longest = std::max_element(file.items.begin(), file.items.end(),
                                        [&file](const Item& one, const Item& other) {
                                          return Took(one, file.now) < Took(other, file.now);
                                        });
  if (longest != file.items.end() && Took(*longest, file.now) > microseconds{0}) {
    found.push_back({SourceOf(*longest), "the longest: " + Spoken(Took(*longest, file.now))});
  }
  return found;
}

}  // namespace

bool InTrouble(const Item& item) {
  const bool failed = item.state == ItemState::kFailed && !item.waiver;
  return failed || item.stalled || item.attempt > 1;
}

std::string Shortened(std::string_view text) {
  if (text.size() <= kDiagnosisTextBytesMax) return std::string(text);
  size_t size = kDiagnosisTextBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

DiagnosisEvidence EvidenceOf(const Item& item) {
  std::string text = item.code;
  if (!item.message.empty()) text += (text.empty() ? "" : ": ") + item.message;
  if (item.exit_code) text += fmt::format(" (exit code {})", *item.exit_code);
  return {SourceOf(item), Shortened(text)};
}

DiagnosisEvidence EvidenceOf(const JournalLine& line) {
  return {fmt::format("event {}", line.sequence), Shortened(line.text)};
}

Found DeviceOffline(const CaseFile& file) {
  const Device& device = file.device;
  const bool gone =
      device.contact == ContactState::kDisconnected || device.contact == ContactState::kSilent;
  const bool expected = file.run && file.run->outcome == RunOutcome::kRunning;
  if (!gone || !expected || !device.contact_time) return {};
  const auto since = std::chrono::duration_cast<microseconds>(file.now - *device.contact_time);
  if (since < kDiagnosisOfflineLeast) return {};
  return {{"device", "not heard of for " + Spoken(since) + " while its run goes on"}};
}

Found ClockIsOff(const CaseFile& file) {
  if (!file.clock_offset) return {};
  const auto off = std::max(*file.clock_offset, -*file.clock_offset);
  if (off < kDiagnosisClockOffLeast) return {};
  const bool ahead = *file.clock_offset > std::chrono::milliseconds{0};
  return {{"device clock", Spoken(off) + (ahead ? " ahead of" : " behind") + " the server's"}};
}

// One restart by itself may be somebody's foot on the cable.
Found RestartsAgainAndAgain(const CaseFile& file) {
  Found found;
  for (const JournalLine& line : file.journal) {
    const bool unplanned = line.text.starts_with("unplanned restart");  // TextOf(RunResumed)
    if (line.kind == "run-resumed" && unplanned) found.push_back(EvidenceOf(line));
  }
  if (found.size() < kDiagnosisRestartsLeast) found.clear();
  return found;
}

Found Stalls(const CaseFile& file) {
  Found found;
  for (const Item& item : file.items) {
    if (item.stalled)
      found.push_back({SourceOf(item), "no output for longer than its stall timer"});
  }
  return found;
}

Found WaitsLongForToken(const CaseFile& file) {
  return Waiting(file, Wait::Kind::kToken, kDiagnosisTokenWaitLeast, "waits for a token");
}

Found WaitsForAnswer(const CaseFile& file) {
  return Waiting(file, Wait::Kind::kPrompt, kDiagnosisPromptWaitLeast, "waits for an answer");
}

// Names the item that took the time, not the one the bell rang for.
Found RanOutOfTime(const CaseFile& file) {
  if (!file.run || !file.run->timed_out) return {};
  Found found{{"run " + file.run->run_id.text(), "the run timed out"}};
  const Item* longest = nullptr;
  for (const Item& item : file.items) {
    if (longest == nullptr || Took(item, file.now) > Took(*longest, file.now)) longest = &item;
  }
  if (longest != nullptr && longest->start_time) {
    found.push_back({SourceOf(*longest), "took " + Spoken(Took(*longest, file.now))});
  }
  return found;
}

Found MostDoesNotApply(const CaseFile& file) {
  Found found;
  size_t counted = 0;
  for (const Item& item : file.items) {
    if (item.phase != Phase::kDeviceSetup) continue;
    ++counted;
    if (item.state == ItemState::kNotRequired) found.push_back({SourceOf(item), "not applicable"});
  }
  if (found.size() < 2 || found.size() * 2 < counted) found.clear();
  return found;
}

Found ManyAttempts(const CaseFile& file) {
  Found found;
  for (const Item& item : file.items) {
    if (item.attempt < kDiagnosisAttemptsLeast) continue;
    found.push_back({SourceOf(item), fmt::format("attempt {}", item.attempt)});
  }
  return found;
}

Found SlowApps(const CaseFile& file) {
  Found found;
  for (const Item& item : file.items) {
    if (item.category != Category::kApps || item.wait) continue;
    const microseconds took = Took(item, file.now);
    if (took > kDiagnosisSlowAppLeast) found.push_back({SourceOf(item), "took " + Spoken(took)});
  }
  return found;
}

Found SetupIsLong(const CaseFile& file) {
  return SetupOver(file, kDiagnosisSetupLong, kDiagnosisSetupVeryLong);
}

Found SetupIsVeryLong(const CaseFile& file) {
  return SetupOver(file, kDiagnosisSetupVeryLong, microseconds::max());
}

// 127 is what a shell says of a command it does not find.
Found ProgramMissing(const CaseFile& file) {
  Found found;
  for (const Item& item : file.items) {
    if (item.exit_code == 127 && InTrouble(item)) found.push_back(EvidenceOf(item));
  }
  return found;
}

}  // namespace preseal::server
