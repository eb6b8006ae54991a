// SPDX-License-Identifier: Apache-2.0
// Checks 909, 910 and 912: PCR 7 and the Secure Boot variables in it.
#include <fmt/format.h>

#include <set>

#include "server/domain/event_log/authority.h"
#include "server/domain/event_log/event_log_checks.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/guid.h"
#include "server/domain/event_log/uefi_variable.h"

namespace preseal::server {
namespace {

using enum RefusalCode;

struct RequiredVariable {
  std::string_view name;
  std::string_view guid;
};

// Every one of 32 real logs has exactly these, once.
constexpr RequiredVariable kRequired[] = {
    {"SecureBoot", kGuidGlobalVariable}, {"PK", kGuidGlobalVariable},
    {"KEK", kGuidGlobalVariable},        {"db", kGuidSecurityDatabase},
    {"dbx", kGuidSecurityDatabase},
};

using VariableId = std::pair<std::string, std::string>;  // name, GUID

// One driver-config event of PCR 7.
void TakeVariable(const LoggedEvent& event, bool separated, std::set<VariableId>& seen,
                  FindingSink& sink) {
  const auto variable = ParseUefiVariable(event.data);
  if (!variable) {
    return sink.Fail(kEventLogMalformed, Describe(event) + " is no UEFI variable",
                     "name, GUID and data that fill it");
  }
  const std::string name = fmt::format("{}: {}", Describe(event), Shown(variable->name));
  if (separated) {
    return sink.Fail(kEventLogSeparator, name + " after the separator", "before it");
  }
  if (!seen.emplace(variable->name, variable->guid).second) {
    sink.Fail(kEventLogDupVariable, name + " a second time", "once");
  }
}

}  // namespace

void CheckPcr7Types(const JudgeInput& in, FindingSink& sink) {
  for (const LoggedEvent& event : in.log.events) {
    if (event.pcr != kSecureBootPcr) continue;
    switch (event.type) {
      case kEvEfiVariableDriverConfig:
      case kEvEfiVariableAuthority:
      case kEvSeparator:
      case kEvEfiAction:
        break;
      default:
        sink.Fail(kEventLogEventType, Describe(event),
                  "variables, authorities, actions, separator");
    }
  }
}

void CheckPcr7Variables(const JudgeInput& in, FindingSink& sink) {
  std::set<VariableId> seen;
  bool separated = false;
  for (size_t i = 0; i < in.log.events.size(); ++i) {
    const LoggedEvent& event = in.log.events[i];
    if (event.pcr != kSecureBootPcr) continue;
    separated = separated || event.type == kEvSeparator;
    if (event.type == kEvEfiVariableDriverConfig) TakeVariable(event, separated, seen, sink);
    const ByteView attested = in.bindings[i].attested;
    if (event.type == kEvEfiVariableAuthority && !attested.empty() && !ReadAuthority(attested)) {
      sink.Fail(kEventLogMalformed, Describe(event) + " is no UEFI variable",
                "name, GUID and data that fill it");
    }
  }
  for (const RequiredVariable& required : kRequired) {
    if (seen.contains({std::string(required.name), std::string(required.guid)})) continue;
    sink.FailUnless(in.is_fragment, kEventLogDupVariable,
                    fmt::format("no {} of {}", required.name, required.guid), "once in PCR 7");
  }
}

void CheckSignatureLists(const JudgeInput& in, FindingSink& sink) {
  const auto check = [&](std::string_view name, const SignatureDatabase& database) {
    if (database.lists.wrong.empty()) return;
    sink.Fail(kEventLogMalformed, fmt::format("{}: {}", name, database.lists.wrong),
              "signature lists that fill the variable");
  };
  check("PK", in.facts.pk);
  check("KEK", in.facts.kek);
  check("db", in.facts.db);
  check("dbx", in.facts.dbx);
}

}  // namespace preseal::server
