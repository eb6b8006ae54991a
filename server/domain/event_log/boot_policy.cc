// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/boot_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_log_checks.h"

namespace preseal::server {
namespace {

using enum RefusalCode;

struct BootInput {
  const BootFacts& facts;
  const std::vector<QuotedBank>& quoted;
  const BootPolicy& policy;
  std::string_view model;
};

void Unmet(FindingSink& sink, Demand demand, RefusalCode code, std::string seen,
           std::string expected) {
  switch (demand) {
    case Demand::kRequired:
      return sink.Fail(code, std::move(seen), std::move(expected));
    case Demand::kFinding:
      return sink.Note(std::move(seen), std::move(expected));
    case Demand::kOff:
      return;
  }
}

std::string_view TextOf(SecureBootState state) {
  switch (state) {
    case SecureBootState::kNotLogged:
      return "SecureBoot is not logged";
    case SecureBootState::kOff:
      return "SecureBoot is not 1";
    case SecureBootState::kOn:
      return "SecureBoot is 1";
    case SecureBootState::kMalformed:
      return "SecureBoot is longer than one byte";
  }
  return "";
}

void CheckSecureBoot(const BootInput& in, FindingSink& sink) {
  if (in.facts.secure_boot == SecureBootState::kOn) return;
  Unmet(sink, in.policy.secure_boot, kBootSecureBootOff, std::string(TextOf(in.facts.secure_boot)),
        "SecureBoot is 1");
}

void CheckSetupMode(const BootInput& in, FindingSink& sink) {
  const auto unmet = [&](std::string_view seen) {
    Unmet(sink, in.policy.setup_mode_off, kBootSetupMode, std::string(seen),
          "a platform key, setup and audit mode off");
  };
  if (in.facts.setup_mode.value_or(false)) unmet("setup mode");
  if (in.facts.audit_mode.value_or(false)) unmet("audit mode");
  // Without a platform key anybody at the console can enrol his own.
  if (in.facts.pk.logged && in.facts.pk.lists.entries.empty()) unmet("no platform key (PK)");
}

void CheckDbx(const BootInput& in, FindingSink& sink) {
  if (in.policy.dbx_minimum.empty()) return;
  const std::string expected =
      fmt::format("dbx with the {} hashes demanded", in.policy.dbx_minimum.size());
  if (!in.facts.dbx.logged) return sink.Fail(kBootDbx, "dbx is not logged", expected);
  std::set<Bytes> missing = in.policy.dbx_minimum;
  for (const SignatureEntry& entry : in.facts.dbx.lists.entries) {
    if (entry.kind == SignatureKind::kSha256) missing.erase(entry.data);
  }
  if (missing.empty()) return;
  sink.Fail(kBootDbx, fmt::format("{} missing, first {}", missing.size(), ToHex(*missing.begin())),
            expected);
}

// SbatLevel and the like are settings of shim, no authority an image was allowed by.
bool AllowsImages(const AuthorityFact& authority) {
  return authority.kind != AuthorityKind::kOther ||
         (authority.variable != "SbatLevel" && authority.variable != "MokListTrusted" &&
          authority.variable != "MokSBState");
}

void CheckAuthorities(const BootInput& in, FindingSink& sink) {
  const auto& allowed = in.policy.authorities_allowed;
  if (allowed.empty()) return;
  for (const AuthorityFact& authority : in.facts.authorities) {
    if (!AllowsImages(authority) || allowed.contains(authority.fingerprint)) continue;
    sink.Fail(kBootAuthorityUnknown,
              fmt::format("event {}: {} {} {}", authority.event, authority.variable,
                          authority.fingerprint, authority.subject),
              "a key of the policy");
  }
  if (in.facts.left_out > 0) {
    sink.Fail(kBootAuthorityUnknown, "more facts than are kept", "all authorities seen");
  }
}

void CheckFirmwareError(const BootInput& in, FindingSink& sink) {
  for (const SeparatorFact& separator : in.facts.separators) {
    if (!separator.firmware_error) continue;
    Unmet(sink, in.policy.no_firmware_error, kBootFirmwareError,
          fmt::format("PCR {}: the separator reports an error", separator.pcr), "no error");
  }
}

void CheckDebugMode(const BootInput& in, FindingSink& sink) {
  if (!in.facts.debug_mode) return;
  Unmet(sink, in.policy.no_debug_mode, kBootDebugMode, "UEFI Debug Mode", "debug mode off");
}

void CheckDmaProtection(const BootInput& in, FindingSink& sink) {
  if (!in.facts.dma_protection_disabled) return;
  Unmet(sink, in.policy.dma_protection, kBootDmaProtectionOff, "DMA Protection Disabled",
        "DMA protection on");
}

void ComparePcrs(const QuotedBank& bank, const PcrAllowance& allowance, FindingSink& sink) {
  for (const auto& [pcr, allowed] : allowance.values) {
    const auto quoted = bank.values.find(pcr);
    if (quoted != bank.values.end() && allowed.contains(quoted->second)) continue;
    sink.Fail(kPcrPolicyMismatch,
              fmt::format("{} PCR {}: {}", BankName(bank.algorithm), pcr,
                          quoted == bank.values.end() ? "not quoted" : ToHex(quoted->second)),
              allowed.empty() ? "no value is allowed"
                              : fmt::format("{}{}", ToHex(*allowed.begin()),
                                            allowed.size() > 1 ? " or another allowed value" : ""));
  }
}

// Every allocated bank, or the one an attacker left alone would show what he did.
void CompareBanks(const BootInput& in, const std::vector<const PcrAllowance*>& allowances,
                  FindingSink& sink) {
  for (const QuotedBank& bank : in.quoted) {
    if (!bank.allocated) continue;
    bool known = false;
    for (const PcrAllowance* allowance : allowances) {
      if (allowance->bank != bank.algorithm) continue;
      known = true;
      ComparePcrs(bank, *allowance, sink);
    }
    if (known) continue;
    sink.Fail(kPcrNotLearned, fmt::format("no values for {}", BankName(bank.algorithm)),
              "values for every allocated bank");
  }
}

void CheckGolden(const BootInput& in, FindingSink& sink) {
  std::vector<const PcrAllowance*> allowances;
  for (const GoldenSet& golden : in.policy.golden) {
    if (golden.model.empty() || golden.model == in.model) allowances.push_back(&golden.allowance);
  }
  if (!allowances.empty()) return CompareBanks(in, allowances, sink);
  if (in.policy.golden_required) {
    sink.Fail(kPcrNotLearned, fmt::format("model {}", Shown(in.model)), "a model with golden PCRs");
  }
}

void CheckMedia(const BootInput& in, FindingSink& sink) {
  std::vector<const PcrAllowance*> allowances;
  for (const PcrAllowance& media : in.policy.media) allowances.push_back(&media);
  if (!allowances.empty()) CompareBanks(in, allowances, sink);
}

struct NumberedCheck {
  int number;
  std::string_view name;
  void (*run)(const BootInput&, FindingSink&);
};

// The numbers are the record's; never reuse one.
constexpr NumberedCheck kChecks[] = {
    {1001, "Secure Boot is on", CheckSecureBoot},
    {1002, "setup and audit mode are off", CheckSetupMode},
    {1003, "dbx is recent enough", CheckDbx},
    {1004, "boot programs are signed by known keys", CheckAuthorities},
    {1005, "the firmware reports no error", CheckFirmwareError},
    {1006, "the firmware is not in debug mode", CheckDebugMode},
    {1007, "DMA protection is on", CheckDmaProtection},
    {1008, "PCRs are those of the model", CheckGolden},
    {1009, "PCRs are those of our media", CheckMedia},
};

}  // namespace

std::vector<AttestationFinding> JudgeBoot(const BootFacts& facts,
                                          const std::vector<QuotedBank>& quoted,
                                          const BootPolicy& policy, std::string_view model) {
  const BootInput input{facts, quoted, policy, model};
  std::vector<AttestationFinding> findings;
  for (const NumberedCheck& check : kChecks) {
    FindingSink sink(check.number, check.name);
    check.run(input, sink);
    for (AttestationFinding& finding : sink.Take()) findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace preseal::server
