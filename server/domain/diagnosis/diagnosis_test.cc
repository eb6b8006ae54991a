// SPDX-License-Identifier: Apache-2.0
// Each rule has an example that fires it and a near miss, one thing away, that does not.
#include "server/domain/diagnosis/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

namespace preseal::server {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A run of the technician flow that began 20 minutes ago and goes well; "office" is in progress.
CaseFile GoodCase() {
  CaseFile file;
  file.now = FromMicros(1'700'000'000'000'000);
  file.device.contact = ContactState::kConnected;
  file.device.contact_time = file.now - seconds(5);
  Run run;
  run.run_id = *RunId::Parse("D-1001.1");
  run.start_time = file.now - minutes(20);
  file.run = run;
  for (const char* id : {"office", "policy", "wallpaper"}) {
    Item item;
    item.item_id = *ItemId::Parse(id);
    item.category = Category::kPolicies;
    item.state = ItemState::kInProgress;
    item.attempt = 1;
    item.start_time = file.now - minutes(5);
    file.items.push_back(item);
  }
  file.items[0].category = Category::kApps;
  return file;
}

using Change = std::function<void(CaseFile&)>;

Change Fails(std::string code) {
  return [code](CaseFile& file) {
    file.items[0].state = ItemState::kFailed;
    file.items[0].code = code;
  };
}

void AddLine(CaseFile& file, std::string kind, std::string item, std::string text) {
  file.journal.push_back(
      {file.journal.size() + 1, file.now, std::move(kind), std::move(item), std::move(text)});
}

// The item failed and its log says so.
Change Says(std::string text) {
  return [text](CaseFile& file) {
    Fails("STEP_EXIT_CODE")(file);
    AddLine(file, "log-line", "office", text);
  };
}
// The same line from an item that goes well.
Change SaysElsewhere(std::string text) {
  return [text](CaseFile& file) {
    Fails("STEP_EXIT_CODE")(file);
    AddLine(file, "log-line", "policy", text);
  };
}

Change Refused(std::string code) {
  return [code](CaseFile& file) { file.device.failure.code = code; };
}

Change Waits(Wait::Kind kind, minutes since) {
  return [kind, since](CaseFile& file) {
    file.items[0].wait = Wait{.kind = kind, .start_time = file.now - since};
  };
}

Change Resumes(bool planned, int times) {
  return [planned, times](CaseFile& file) {
    for (int i = 0; i < times; ++i) {
      const RunResumed resumed{.boot_id = "b", .rebooted = true, .planned = planned};
      AddLine(file, "run-resumed", "", TextOf(Event{.body = resumed}));
    }
  };
}

Change Silent(minutes since) {
  return [since](CaseFile& file) {
    file.device.contact = ContactState::kSilent;
    file.device.contact_time = file.now - since;
  };
}

Change ClockOffset(seconds by) {
  return [by](CaseFile& file) { file.clock_offset = by; };
}

Change Began(minutes ago) {
  return [ago](CaseFile& file) { file.run->start_time = file.now - ago; };
}

Change AppTook(minutes took, Category category) {
  return [took, category](CaseFile& file) {
    file.items[0].category = category;
    file.items[0].start_time = file.now - took;
  };
}

Change Attempt(uint32_t attempt) {
  return [attempt](CaseFile& file) { file.items[0].attempt = attempt; };
}

Change ExitCode(int code) {
  return [code](CaseFile& file) {
    Fails("STEP_EXIT_CODE")(file);
    file.items[0].exit_code = code;
  };
}

Change NotRequired(size_t count) {
  return [count](CaseFile& file) {
    for (size_t i = 0; i < count; ++i) file.items[i].state = ItemState::kNotRequired;
  };
}

Change Waived(std::string code) {
  return [code](CaseFile& file) {
    Fails(code)(file);
    file.items[0].waiver = Waiver{};
  };
}

Change TimedOut(bool timed_out) {
  return [timed_out](CaseFile& file) { file.run->timed_out = timed_out; };
}

Change Stalls(bool stalled) {
  return [stalled](CaseFile& file) { file.items[0].stalled = stalled; };
}

struct Pair {
  Change example;
  Change near_miss;
};

const std::multimap<std::string, Pair>& Pairs() {
  static const std::multimap<std::string, Pair> pairs = {
      {"DISK_FULL_ON_TARGET", {Fails("TARGET_FULL"), Waived("TARGET_FULL")}},
      {"DISK_FULL_ON_TARGET",
       {Says("tar: write: No space left on device"), SaysElsewhere("No space left on device")}},
      {"ARTIFACT_DIGEST_MISMATCH",
       {Fails("ARTIFACT_DIGEST_MISMATCH"), Fails("ARTIFACT_MALFORMED")}},
      {"JOIN_REFUSED", {Fails("JOIN_REFUSED"), Fails("JOIN_UNAVAILABLE")}},
      {"JOIN_UNAVAILABLE", {Fails("JOIN_UNAVAILABLE"), Fails("JOIN_REFUSED")}},
      {"REBOOT_LOOP", {Fails("REBOOT_BUDGET"), Fails("REBOOT_LATE")}},
      {"REBOOT_LOOP", {Resumes(false, 2), Resumes(false, 1)}},
      {"REBOOT_LOOP", {Resumes(false, 2), Resumes(true, 5)}},
      {"PROMPT_UNANSWERED", {Fails("PROMPT_UNANSWERED"), Fails("RUN_ENDED")}},
      {"PROMPT_UNANSWERED",
       {Waits(Wait::Kind::kPrompt, minutes(5)), Waits(Wait::Kind::kPrompt, minutes(4))}},
      {"TPM_NOT_TRUSTED", {Refused("EK_CHAIN_UNTRUSTED"), Refused("QUOTE_NONCE")}},
      {"TPM_NOT_TRUSTED", {Refused("TPM_IS_VIRTUAL"), Refused("")}},
      {"BOOT_STATE_REFUSED", {Refused("BOOT_SECURE_BOOT_OFF"), Refused("EK_EXPIRED")}},
      {"BOOT_STATE_REFUSED", {Refused("PCR_POLICY_MISMATCH"), Refused("EK_EXPIRED")}},
      {"DEVICE_NOT_REGISTERED", {Refused("UNKNOWN_DEVICE"), Refused("DEVICE_STATE")}},
      {"SEALED_BEFORE", {Refused("ONE_TIME_LIMIT"), Refused("ATTEMPTS_EXCEEDED")}},
      {"ATTESTATION_TOO_SLOW", {Refused("SESSION_EXPIRED"), Refused("SESSION_UNKNOWN")}},
      {"PACKAGE_MANAGER_LOCKED",
       {Says("E: Could not get lock /var/lib/dpkg/lock-frontend"), Says("E: Could not get it")}},
      {"PACKAGE_MANAGER_LOCKED", {Fails("INSTALLER_BUSY"), Fails("TOKEN_TIMEOUT")}},
      {"PACKAGE_DEPENDENCY_MISSING",
       {Says("The following packages have unmet dependencies:"), Says("dependencies are met")}},
      {"CLOCK_OFF", {ClockOffset(minutes(-5)), ClockOffset(seconds(-299))}},
      {"CLOCK_OFF", {ClockOffset(seconds(86400)), ClockOffset(seconds(299))}},
      {"CLOCK_OFF",
       {Says("Release file is not valid yet (invalid for another 2d)"),
        SaysElsewhere("Release file is not valid yet")}},
      {"USER_ACCOUNT_MISSING",
       {Says("this device has no account ada@corp.example: make it"), Says("no account manager")}},
      {"USER_ACCOUNT_MISSING",
       {Says("nobody has signed in whose step this could be: let the user"),
        Says("nobody has signed in")}},
      {"TLS_INTERCEPTED",
       {Says("SSL: unable to get local issuer certificate"), Says("SSL: connection reset")}},
      {"NAME_NOT_RESOLVED",
       {Says("Temporary failure in name resolution"), Says("failure in name")}},
      {"PROXY_REFUSES", {Says("HTTP/1.1 407 Proxy Authentication Required"), Says("HTTP/1.1 401")}},
      {"OUT_OF_MEMORY", {Says("virtual memory exhausted: Cannot allocate memory"), Says("memory")}},
      {"PROGRAM_MISSING", {Fails("STEP_NOT_STARTED"), Fails("STEP_SIGNALLED")}},
      {"PROGRAM_MISSING", {ExitCode(127), ExitCode(126)}},
      {"STEP_STALLED", {Fails("STEP_STALLED"), Fails("STEP_EXIT_CODE")}},
      {"STEP_STALLED", {Stalls(true), Stalls(false)}},
      {"TIMED_OUT", {Fails("STEP_TIMEOUT"), Fails("STEP_STALLED")}},
      {"TIMED_OUT", {TimedOut(true), TimedOut(false)}},
      {"TOKEN_WAIT_TOO_LONG", {Fails("TOKEN_TIMEOUT"), Fails("INSTALLER_BUSY")}},
      {"TOKEN_WAIT_TOO_LONG",
       {Waits(Wait::Kind::kToken, minutes(15)), Waits(Wait::Kind::kToken, minutes(14))}},
      {"CONTENT_UNAVAILABLE", {Fails("ARTIFACT_UNAVAILABLE"), Fails("ARTIFACT_MALFORMED")}},
      {"DEVICE_OFFLINE", {Silent(minutes(10)), Silent(minutes(9))}},
      {"DEVICE_OFFLINE",
       {Silent(minutes(10)),
        [](CaseFile& file) {
          Silent(minutes(10))(file);
          file.run->outcome = RunOutcome::kSucceeded;
        }}},
      {"PROFILE_DOES_NOT_FIT", {Fails("PLAN_INVALID"), Fails("CONTENT_INVALID")}},
      {"PROFILE_DOES_NOT_FIT", {NotRequired(2), NotRequired(1)}},
      {"MANY_ATTEMPTS", {Attempt(3), Attempt(2)}},
      {"SLOW_APP", {AppTook(minutes(11), Category::kApps), AppTook(minutes(10), Category::kApps)}},
      {"SLOW_APP",
       {AppTook(minutes(11), Category::kApps), AppTook(minutes(11), Category::kPolicies)}},
      {"SETUP_LONG", {Began(minutes(30)), Began(minutes(29))}},
      {"SETUP_LONG", {Began(minutes(59)), Began(minutes(60))}},
      {"SETUP_VERY_LONG", {Began(minutes(60)), Began(minutes(59))}},
  };
  return pairs;
}

std::vector<std::string> Fired(const Change& change) {
  CaseFile file = GoodCase();
  change(file);
  std::vector<std::string> names;
  for (const Diagnosis& diagnosis : Diagnose(file)) {
    EXPECT_FALSE(diagnosis.evidence.empty()) << diagnosis.rule;
    for (const DiagnosisEvidence& one : diagnosis.evidence) {
      EXPECT_FALSE(one.source.empty()) << diagnosis.rule;
      EXPECT_FALSE(one.text.empty()) << diagnosis.rule;
    }
    names.emplace_back(diagnosis.rule);
  }
  return names;
}

TEST(DiagnosisTest, ARunThatGoesWellHasNothingToDiagnose) {
  EXPECT_THAT(Fired([](CaseFile&) {}), testing::IsEmpty());
}

TEST(DiagnosisTest, EveryRuleFiresOnItsExample) {
  for (const auto& [rule, pair] : Pairs()) {
    EXPECT_THAT(Fired(pair.example), testing::Contains(rule));
  }
}

TEST(DiagnosisTest, NoRuleFiresOnItsNearMiss) {
  for (const auto& [rule, pair] : Pairs()) {
    EXPECT_THAT(Fired(pair.near_miss), testing::Not(testing::Contains(rule)));
  }
}

TEST(DiagnosisTest, EveryRuleHasAnExampleANameOfItsOwnAndAConfidence) {
  std::set<std::string_view> names;
  uint32_t before = 100;
  for (const DiagnosisRule& rule : DiagnosisRules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name << " is there twice";
    EXPECT_TRUE(Pairs().contains(std::string(rule.name))) << rule.name << " has no example";
    EXPECT_GE(rule.confidence, 1u);
    EXPECT_LE(rule.confidence, before) << rule.name << " is out of order";
    before = rule.confidence;
  }
  EXPECT_GE(names.size(), 12u);
}

TEST(DiagnosisTest, EvidenceNamesTheEventAndTheItem) {
  CaseFile file = GoodCase();
  Says("No space left on device")(file);
  file.items[0].message = "dpkg: No space left on device";
  file.items[0].exit_code = 2;
  const auto diagnoses = Diagnose(file);
  ASSERT_EQ(diagnoses.size(), 1u);
  EXPECT_THAT(diagnoses[0].evidence,
              testing::ElementsAre(
                  DiagnosisEvidence{"item office",
                                    "STEP_EXIT_CODE: dpkg: No space left on device (exit code 2)"},
                  DiagnosisEvidence{"event 1", "No space left on device"}));
}

TEST(DiagnosisTest, ATimeoutNamesTheItemThatTookTheTimeNotTheOneCutOff) {
  CaseFile file = GoodCase();
  TimedOut(true)(file);
  file.items[1].start_time = file.now - minutes(18);
  file.items[2].start_time = file.now - minutes(1);
  const auto diagnoses = Diagnose(file);
  ASSERT_EQ(diagnoses.size(), 1u);
  EXPECT_THAT(diagnoses[0].evidence,
              testing::Contains(DiagnosisEvidence{"item policy", "took 18 min"}));
}

TEST(DiagnosisTest, AStepThatPrintsForeverMakesNoEndlessEvidence) {
  CaseFile file = GoodCase();
  Fails("STEP_EXIT_CODE")(file);
  for (int i = 0; i < 1000; ++i) {
    AddLine(file, "log-line", "office",
            std::to_string(i) + " no space left on device " + std::string(5000, 'x'));
  }
  const auto diagnoses = Diagnose(file);
  ASSERT_EQ(diagnoses.size(), 1u);
  EXPECT_EQ(diagnoses[0].evidence.size(), 8u);
  for (const auto& one : diagnoses[0].evidence) EXPECT_LE(one.text.size(), 300u);
}

}  // namespace
}  // namespace preseal::server
