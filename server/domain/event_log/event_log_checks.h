// SPDX-License-Identifier: Apache-2.0
// The single checks of JudgeEventLog; included by this folder's .cc files only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/domain/event_log/event_log_judge.h"

namespace preseal::server {

struct JudgeInput {
  const ParsedEventLog& log;
  const std::vector<DataBinding>& bindings;
  const std::vector<QuotedBank>& quoted;
  const EventLogPolicy& policy;
  const std::vector<ReplayedBank>& banks;
  const BootFacts& facts;

  bool has_quote() const { return !quoted.empty(); }
  // A piece of a log looked at without a quote: whole-boot rules only give findings.
  bool is_fragment = false;
};

// Takes what one check sees: at most kLinesMax lines, then a last one that counts the rest.
class FindingSink {
 public:
  FindingSink(int number, std::string_view check) : number_(number), check_(check) {}
  void Fail(RefusalCode code, std::string seen, std::string expected);
  void Note(std::string seen, std::string expected);
  // Fail, or Note for a fragment.
  void FailUnless(bool fragment, RefusalCode code, std::string seen, std::string expected);
  // kPass if nothing was seen.
  std::vector<AttestationFinding> Take();

 private:
  static constexpr size_t kLinesMax = 16;
  void Add(CheckVerdict verdict, RefusalCode code, std::string seen, std::string expected);

  int number_;
  std::string_view check_;
  std::vector<AttestationFinding> lines_;
  size_t more_ = 0;
  bool failed_ = false;
};

inline constexpr uint32_t kFirmwarePcrs = 8;  // PCR 0 to 7 belong to the firmware
inline constexpr uint32_t kSecureBootPcr = 7;

// "event 12 (EV_IPL in PCR 8)".
std::string Describe(const LoggedEvent& event);

// bank_checks.cc
void CheckSha256Bank(const JudgeInput& in, FindingSink& sink);
void CheckOpenBanks(const JudgeInput& in, FindingSink& sink);
void CheckReplay(const JudgeInput& in, FindingSink& sink);
void CheckExplained(const JudgeInput& in, FindingSink& sink);

// separator_checks.cc
void CheckSeparators(const JudgeInput& in, FindingSink& sink);
void CheckDisguisedSeparators(const JudgeInput& in, FindingSink& sink);

// secure_boot_checks.cc
void CheckPcr7Types(const JudgeInput& in, FindingSink& sink);
void CheckPcr7Variables(const JudgeInput& in, FindingSink& sink);
void CheckSignatureLists(const JudgeInput& in, FindingSink& sink);

}  // namespace preseal::server
