// SPDX-License-Identifier: Apache-2.0
// What plans of both flows must be: groups, times, budgets, inputs, prompts, names, phases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "agent/domain/plan_check.h"
#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

using std::chrono::minutes;
using test::IsOk;
using test::IsOkAndHolds;
using test::StatusIs;
using testing::ElementsAre;

Step StepNamed(std::string id, std::string group = "", std::vector<std::string> after = {}) {
  Step step;
  step.item_id = std::move(id);
  step.after = std::move(after);
  step.group = std::move(group);
  step.timeout = minutes(1);
  step.action = FileStep{"/etc/motd", 0644, ToBytes("hello")};
  return step;
}

StepGroup GroupNamed(std::string name, std::vector<std::string> after = {}) {
  StepGroup group;
  group.name = std::move(name);
  group.after = std::move(after);
  return group;
}

// a; b and c in group g, which comes after a; d in group h, which comes after g.
Plan GoodPlan() {
  Plan plan;
  plan.steps = {StepNamed("a"), StepNamed("b", "g"), StepNamed("c", "g"), StepNamed("d", "h")};
  plan.groups = {GroupNamed("g", {"a"}), GroupNamed("h", {"g"})};
  return plan;
}

// Every negative case spoils one thing of the good plan.
Status CheckSpoilt(const std::function<void(Plan&)>& spoil) {
  Plan plan = GoodPlan();
  spoil(plan);
  return CheckPlan(plan);
}
Status CheckSpoiltStep(const std::function<void(Step&)>& spoil) {
  return CheckSpoilt([&spoil](Plan& plan) { spoil(plan.steps[0]); });
}
auto Refused(const std::string& why) { return StatusIs(StatusCode::kInvalidArgument, why); }

TEST(CheckGroupsTest, AcceptsAGoodPlan) { EXPECT_OK(CheckPlan(GoodPlan())); }

TEST(CheckGroupsTest, OrdersItemsBehindTheGroupsTheyWaitFor) {
  Plan plan = GoodPlan();
  std::reverse(plan.steps.begin(), plan.steps.end());  // d c b a
  EXPECT_THAT(OrderSteps(plan), IsOkAndHolds(ElementsAre(3, 1, 2, 0)));
}

TEST(CheckGroupsTest, RefusesAGroupNobodyDefined) {
  EXPECT_THAT(CheckSpoiltStep([](Step& step) { step.group = "nobody"; }),
              Refused("item a: group names no group: nobody"));
}

TEST(CheckGroupsTest, RefusesANameThatIsNone) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) { plan.groups.push_back(GroupNamed("No Name")); }),
              Refused("group No Name"));
}

TEST(CheckGroupsTest, RefusesANameUsedTwice) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) { plan.groups.push_back(GroupNamed("g")); }),
              Refused("group g: name is used twice"));
}

TEST(CheckGroupsTest, RefusesANameThatIsAnItems) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) { plan.groups.push_back(GroupNamed("a")); }),
              Refused("group a: name is an item's id"));
}

TEST(CheckGroupsTest, RefusesAnUnknownAfter) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) { plan.groups[0].after = {"nobody"}; }),
              Refused("group g: after names no item or group: nobody"));
}

TEST(CheckGroupsTest, NamesACycleOfItems) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) {
                plan.steps[1].after = {"c"};
                plan.steps[2].after = {"b"};
              }),
              Refused("b -> c -> b"));
}

TEST(CheckGroupsTest, NamesACycleOfGroups) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) { plan.groups[0].after = {"h"}; }),
              Refused("g -> h -> g"));
}

TEST(CheckGroupsTest, NamesACycleThroughAnItemAndItsGroup) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) { plan.groups[0].after = {"b"}; }),
              Refused("b -> g -> b"));
}

TEST(CheckGroupsTest, RefusesMoreGroupsThanTheLimit) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) {
                for (size_t i = 0; i < kPlanGroupsMax; ++i) {
                  plan.groups.push_back(GroupNamed("x" + std::to_string(i)));
                }
              }),
              Refused("groups must be at most 64"));
}

TEST(CheckGroupsTest, RefusesABlockingItemInATeardown) {
  const auto tear_down = [](Plan& plan) { plan.groups[1].teardown = true; };
  EXPECT_THAT(CheckSpoilt(tear_down), Refused("item d: gating must not be blocking"));
  EXPECT_OK(CheckSpoilt([&tear_down](Plan& plan) {
    tear_down(plan);
    plan.steps[3].gating = Gating::kTracked;
  }));
}

TEST(CheckGroupsTest, RefusesToWaitForATeardown) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) {
                plan.groups[1].teardown = true;
                plan.steps[3].gating = Gating::kTracked;
                plan.steps.push_back(StepNamed("e", "", {"d"}));
              }),
              Refused("item e: waits for d, which is in the teardown"));
}

TEST(CheckTimesTest, RefusesATotalBelowOneAttempt) {
  EXPECT_THAT(CheckSpoiltStep([](Step& step) {
                step.total_timeout = step.timeout - std::chrono::milliseconds(1);
              }),
              Refused("item a: total_timeout must be at least"));
}

TEST(CheckTimesTest, RefusesATotalBeyondTheRuns) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) {
                plan.esp.timeout = minutes(60);
                plan.steps[0].total_timeout = minutes(61);
              }),
              Refused("item a: total_timeout must be at most the run's"));
}

TEST(CheckTimesTest, RefusesNegativeTimes) {
  const std::chrono::milliseconds negative(-1);
  EXPECT_THAT(CheckSpoiltStep([&](Step& step) { step.stall_timeout = negative; }),
              Refused("item a: stall_timeout must be over 0"));
  EXPECT_THAT(CheckSpoiltStep([&](Step& step) { step.total_timeout = negative; }),
              Refused("item a: total_timeout"));
  EXPECT_THAT(CheckSpoiltStep([&](Step& step) { step.reboot_within = negative; }),
              Refused("item a: reboot_within"));
  EXPECT_THAT(CheckSpoilt([&](Plan& plan) { plan.device_setup_timeout = negative; }),
              Refused("device_setup_timeout"));
  EXPECT_THAT(CheckSpoilt([&](Plan& plan) { plan.account_setup_timeout = negative; }),
              Refused("account_setup_timeout"));
}

TEST(CheckTimesTest, TakesTheEspTimeoutUpToItsLimitAndTheHybridExtra) {
  const auto with = [](minutes timeout) {
    return CheckSpoilt([timeout](Plan& plan) { plan.esp.timeout = timeout; });
  };
  EXPECT_OK(with(kEspTimeoutMax + kEspHybridExtra));
  EXPECT_THAT(with(kEspTimeoutMax + kEspHybridExtra + minutes(1)), Refused("esp: timeout"));
}

TEST(CheckBudgetsTest, RefusesMoreRestartsThanTheLimits) {
  EXPECT_THAT(CheckSpoiltStep([](Step& step) { step.reboots_max = kStepRebootsMax + 1; }),
              Refused("item a: reboots_max must be 0..10"));
  EXPECT_THAT(CheckSpoilt([](Plan& plan) { plan.reboots_max = kRunRebootsMax + 1; }),
              Refused("reboots_max must be 0..50"));
}

TEST(CheckBudgetsTest, RefusesATokenThatIsNoName) {
  for (const std::string& token : {std::string("Down"), std::string("a b"), std::string(33, 'a')}) {
    EXPECT_THAT(CheckSpoiltStep([&token](Step& step) { step.token = token; }),
                Refused("item a: token must be"))
        << token;
  }
}

TEST(CheckBudgetsTest, RefusesMoreBlockingItemsThanAutopilot) {
  EXPECT_THAT(
      CheckSpoilt([](Plan& plan) { plan.esp.blocking_items.assign(kBlockingItemsMax + 1, "a"); }),
      Refused("blocking_items must be at most 100"));
}

// It is a filter: it may name what is not assigned to this device.
TEST(CheckBudgetsTest, TakesABlockingItemThatIsNotInThePlan) {
  EXPECT_OK(CheckSpoilt([](Plan& plan) { plan.esp.blocking_items = {"somewhere-else"}; }));
}

TEST(CheckUndoTest, RefusesACommandWithoutUndoAndUndoWithoutACommand) {
  EXPECT_THAT(CheckSpoiltStep([](Step& step) { step.undo = Undo::kCommand; }),
              Refused("item a: undo is command"));
  EXPECT_THAT(CheckSpoiltStep([](Step& step) { step.undo_command = "true"; }),
              Refused("item a: undo_command is set"));
}

TEST(CheckInputsTest, TakesAGoodInputOfEveryType) {
  EXPECT_OK(CheckSpoiltStep([](Step& step) {
    step.inputs = {{"TEXT", StepInput::Type::kString, "any thing"},
                   {"NUMBER", StepInput::Type::kInteger, "-5", {}, -5, 5},
                   {"FREE_NUMBER", StepInput::Type::kInteger, "123456"},
                   {"FLAG", StepInput::Type::kBoolean, "false"},
                   {"COLOUR", StepInput::Type::kChoice, "red", {"red", "blue"}},
                   {"WHERE", StepInput::Type::kPath, "/opt/site"}};
  }));
}

TEST(CheckInputsTest, RefusesAValueThatDoesNotFitItsType) {
  const std::vector<StepInput> bad = {
      {"X", StepInput::Type::kString, std::string("a\0b", 3)},
      {"X", StepInput::Type::kString, std::string(kEventTextBytesMax + 1, 'x')},
      {"X", StepInput::Type::kString, "a", {"a"}},
      {"X", StepInput::Type::kInteger, "7x"},
      {"X", StepInput::Type::kInteger, ""},
      {"X", StepInput::Type::kInteger, "99999999999999999999"},
      {"X", StepInput::Type::kInteger, "6", {}, 1, 5},
      {"X", StepInput::Type::kInteger, "3", {}, 5, 1},
      {"X", StepInput::Type::kBoolean, "yes"},
      {"X", StepInput::Type::kChoice, "green", {"red", "blue"}},
      {"X", StepInput::Type::kChoice, "red", {}},
      {"X", StepInput::Type::kPath, "opt/site"},
      {"X", StepInput::Type::kPath, "/opt/../etc"}};
  for (const StepInput& input : bad) {
    EXPECT_THAT(CheckSpoiltStep([&input](Step& step) { step.inputs = {input}; }),
                Refused("item a: input X: "))
        << input.value;
  }
}

TEST(CheckInputsTest, RefusesANameThatIsNoVariables) {
  for (const std::string& name : {std::string(), std::string("a"), std::string("1A"),
                                  std::string("A-B"), std::string(65, 'A')}) {
    EXPECT_THAT(CheckSpoiltStep([&name](Step& step) {
                  step.inputs = {{name, StepInput::Type::kString, "v"}};
                }),
                Refused("name must be [A-Z][A-Z0-9_]{0,63}"))
        << name;
  }
}

TEST(CheckInputsTest, RefusesANameUsedTwice) {
  EXPECT_THAT(
      CheckSpoiltStep([](Step& step) {
        step.inputs = {{"A", StepInput::Type::kString, "1"}, {"A", StepInput::Type::kString, "2"}};
      }),
      Refused("input A: name is used twice"));
}

Status CheckPrompt(const std::function<void(PromptStep&)>& spoil) {
  PromptStep prompt;
  prompt.text = {{"en", "Scan the label"}, {"de", "Etikett lesen"}};
  prompt.pattern = "A-[0-9]{4}";
  prompt.answer_path = "/var/lib/site/asset";
  spoil(prompt);
  return CheckSpoiltStep([&prompt](Step& step) { step.action = prompt; });
}

TEST(CheckPromptTest, TakesAGoodOne) {
  EXPECT_OK(CheckPrompt([](PromptStep&) {}));
  EXPECT_OK(CheckPrompt([](PromptStep& prompt) {
    prompt.pattern.clear();
    prompt.choices = {"yes", "no"};
  }));
}

TEST(CheckPromptTest, RefusesWhatNobodyCanReadOrAnswer) {
  EXPECT_THAT(CheckPrompt([](PromptStep& prompt) { prompt.text.erase("en"); }), Refused("\"en\""));
  EXPECT_THAT(CheckPrompt([](PromptStep& prompt) { prompt.text["en"] = ""; }), Refused("\"en\""));
  EXPECT_THAT(CheckPrompt([](PromptStep& prompt) {
                prompt.choices = {"yes", ""};
              }),
              Refused("choices: each must have 1..1024 bytes"));
  EXPECT_THAT(CheckPrompt([](PromptStep& prompt) {
                prompt.pattern.clear();
                prompt.choices.assign(kPromptChoicesMax + 1, "x");
              }),
              Refused("choices must be at most 32"));
}

TEST(CheckPromptTest, RefusesAPatternThatDoesNotCompile) {
  for (const std::string& pattern :
       {std::string("["), std::string("(a"), std::string("a{2,1}"), std::string("*"),
        std::string(kPromptPatternBytesMax + 1, 'a')}) {
    EXPECT_THAT(CheckPrompt([&pattern](PromptStep& prompt) { prompt.pattern = pattern; }),
                Refused("item a: pattern: "))
        << pattern;
  }
}

TEST(CheckPromptTest, RefusesAnAnswerOutsideOfTheTarget) {
  EXPECT_THAT(CheckPrompt([](PromptStep& prompt) { prompt.answer_path = "../asset"; }),
              Refused("answer_path"));
}

TEST(CheckWaitTest, RefusesADurationWithoutSense) {
  for (const minutes duration : {minutes(0), minutes(-1), minutes(1441)}) {
    EXPECT_THAT(CheckSpoiltStep([duration](Step& step) { step.action = WaitStep{duration}; }),
                Refused("item a: duration"))
        << duration.count();
  }
  EXPECT_OK(CheckSpoiltStep([](Step& step) { step.action = WaitStep{minutes(1440)}; }));
}

TEST(CheckNameTest, RefusesToSetNoName) {
  EXPECT_THAT(CheckSpoiltStep([](Step& step) { step.action = SetNameStep{}; }),
              Refused("item a: the plan has no device_name"));
}

TEST(CheckNameTest, RefusesANameNetworksDoNotTake) {
  for (const char* name : {"-a", "a-", "a b", "a.b", "a_b", "1234", "sixteen-letters-"}) {
    EXPECT_THAT(CheckSpoilt([name](Plan& plan) { plan.device_name = name; }),
                Refused("device_name must be"))
        << name;
  }
  for (const char* name : {"a", "BENCH-7", "7A", "fifteen-letters"}) {
    EXPECT_OK(CheckSpoilt([name](Plan& plan) { plan.device_name = name; })) << name;
  }
}

TEST(CheckPhaseTest, RefusesAccountSetupInTheTechnicianFlow) {
  const auto account = [](Plan& plan) { plan.steps[3].phase = Phase::kAccountSetup; };
  EXPECT_THAT(CheckSpoilt(account), Refused("item d: phase account setup"));
  EXPECT_OK(CheckSpoilt([&account](Plan& plan) {
    account(plan);
    plan.flow = Flow::kUser;
  }));
}

TEST(CheckPhaseTest, RefusesAUsersStepOutsideOfAccountSetup) {
  EXPECT_THAT(CheckSpoiltStep([](Step& step) { step.user_context = true; }),
              Refused("item a: user_context"));
}

TEST(CheckPhaseTest, RefusesToWaitForALaterPhase) {
  EXPECT_THAT(CheckSpoilt([](Plan& plan) {
                plan.flow = Flow::kUser;
                plan.steps[0].phase = Phase::kAccountSetup;
              }),
              Refused("waits for a, which is of a later phase"));
}

TEST(CheckPhaseTest, RefusesADomainJoinInTheTechnicianFlow) {
  EXPECT_THAT(CheckSpoiltStep([](Step& step) { step.action = DomainJoinStep{"corp.example"}; }),
              Refused("domain_join"));
  EXPECT_OK(CheckSpoiltStep([](Step& step) { step.action = OfflineJoinStep{"corp.example"}; }));
  EXPECT_THAT(CheckSpoiltStep([](Step& step) { step.action = OfflineJoinStep{"-o evil"}; }),
              Refused("domain must be a DNS name"));
}

}  // namespace
}  // namespace preseal::agent
