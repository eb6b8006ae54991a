// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/event_log_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_log_checks.h"
#include "server/domain/event_log/event_types.h"

namespace preseal::server {
namespace {

void CheckForm(const JudgeInput& in, FindingSink& sink) {
  if (in.log.fault) sink.Fail(in.log.fault->code, in.log.fault->seen, in.log.fault->expected);
}

void CheckStartupFault(const JudgeInput& in, FindingSink& sink) {
  const auto& fault = in.log.startup_fault;
  if (fault) sink.Fail(fault->code, fault->seen, fault->expected);
}

void CheckDataDigests(const JudgeInput& in, FindingSink& sink) {
  for (size_t i = 0; i < in.bindings.size(); ++i) {
    if (in.bindings[i].form != DataForm::kMismatch) continue;
    sink.Fail(RefusalCode::kEventLogDataDigest,
              Describe(in.log.events[i]) + " has data that was not measured",
              "data its digest is made of, in every bank");
  }
}

// Real firmware differs here (attestation.md, check 46): never a refusal by itself.
void CheckBootFlow(const JudgeInput& in, FindingSink& sink) {
  const BootFacts& facts = in.facts;
  if (!facts.calling_boot_option) {
    sink.Note("no \"Calling EFI Application from Boot Option\"", "logged in PCR 4");
  } else if (facts.application_before_call) {
    sink.Note("a boot application before \"Calling EFI Application from Boot Option\"", "after it");
  }
  if (!facts.exit_boot_services) sink.Note("ExitBootServices is not logged", "logged in PCR 5");
}

void CheckQuirks(const JudgeInput& in, FindingSink& sink) {
  for (const LogAlgorithm& unfed : in.log.unfed) {
    sink.Note(fmt::format("{} is in the header, in no record", BankName(unfed.id)),
              "every algorithm in every record");
  }
  for (const QuirkFact& quirk : in.facts.quirks) {
    sink.Note(fmt::format("event {}: {}", quirk.event, quirk.text), "as the specification says");
  }
  const EventTagFacts& tags = in.facts.event_tags;
  if (tags.too_deep) sink.Note("event containers nested too deeply", "at most 4 levels");
  if (tags.malformed)
    sink.Note("event containers with lengths that do not fit", "lengths that fit");
}

struct NumberedCheck {
  int number;
  std::string_view name;
  void (*run)(const JudgeInput&, FindingSink&);
};

// The numbers are the record's; never reuse one.
constexpr NumberedCheck kChecks[] = {
    {901, "the event log is well-formed", CheckForm},
    {902, "the event log feeds SHA-256", CheckSha256Bank},
    {903, "the startup locality is sound", CheckStartupFault},
    {904, "no live bank is left open", CheckOpenBanks},
    {905, "the event log replays to the quoted PCRs", CheckReplay},
    {906, "every quoted PCR is explained", CheckExplained},
    {907, "each firmware PCR is closed by one separator", CheckSeparators},
    {908, "no other event passes for a separator", CheckDisguisedSeparators},
    {909, "PCR 7 holds only the types it may", CheckPcr7Types},
    {910, "the Secure Boot variables are logged once", CheckPcr7Variables},
    {911, "event data is what was measured", CheckDataDigests},
    {912, "the signature databases are well-formed", CheckSignatureLists},
    {913, "the boot took the usual steps", CheckBootFlow},
    {914, "no quirks of firmware or loader", CheckQuirks},
};

bool IsFragment(const ParsedEventLog& log) {
  return std::none_of(log.events.begin(), log.events.end(), [](const LoggedEvent& event) {
    return event.pcr == kSecureBootPcr || (event.type == kEvSeparator && event.pcr < kFirmwarePcrs);
  });
}

void Append(EventLogJudgement& out, std::vector<AttestationFinding> findings) {
  for (AttestationFinding& finding : findings) {
    if (finding.verdict == CheckVerdict::kFail && !out.refused()) {
      out.code = finding.code;
      out.seen = finding.seen;
      out.expected = finding.expected;
    }
    out.findings.push_back(std::move(finding));
  }
}

}  // namespace

std::string Describe(const LoggedEvent& event) {
  return fmt::format("event {} ({} in PCR {})", event.number, EventTypeName(event.type), event.pcr);
}

void FindingSink::Add(CheckVerdict verdict, RefusalCode code, std::string seen,
                      std::string expected) {
  // The first failure always gets its line: it may be the one that decides.
  const bool first_failure = verdict == CheckVerdict::kFail && !failed_;
  failed_ = failed_ || first_failure;
  if (lines_.size() >= kLinesMax && !first_failure) {
    ++more_;
    return;
  }
  lines_.push_back({number_, check_, verdict, code, Shown(seen), Shown(expected)});
}

void FindingSink::Fail(RefusalCode code, std::string seen, std::string expected) {
  Add(CheckVerdict::kFail, code, std::move(seen), std::move(expected));
}

void FindingSink::Note(std::string seen, std::string expected) {
  Add(CheckVerdict::kFinding, RefusalCode::kNone, std::move(seen), std::move(expected));
}

void FindingSink::FailUnless(bool fragment, RefusalCode code, std::string seen,
                             std::string expected) {
  if (fragment) return Note(std::move(seen), std::move(expected));
  Fail(code, std::move(seen), std::move(expected));
}

std::vector<AttestationFinding> FindingSink::Take() {
  if (more_ > 0) {
    lines_.push_back({number_, check_, CheckVerdict::kFinding, RefusalCode::kNone,
                      fmt::format("and {} more", more_), ""});
  }
  if (lines_.empty()) lines_.push_back({number_, check_, CheckVerdict::kPass, {}, {}, {}});
  return std::move(lines_);
}

EventLogJudgement JudgeEventLog(const ParsedEventLog& log, const std::vector<QuotedBank>& quoted,
                                const EventLogPolicy& policy) {
  const std::vector<DataBinding> bindings = BindAll(log);
  EventLogJudgement out;
  out.banks = ReplayEventLog(log);
  out.facts = CollectBootFacts(log, bindings);
  const JudgeInput input{
      log, bindings, quoted, policy, out.banks, out.facts, quoted.empty() && IsFragment(log)};
  for (const NumberedCheck& check : kChecks) {
    FindingSink sink(check.number, check.name);
    check.run(input, sink);
    Append(out, sink.Take());
    if (log.fault && out.refused()) break;
  }
  return out;
}

}  // namespace preseal::server
