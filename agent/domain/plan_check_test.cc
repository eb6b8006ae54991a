// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/plan_check.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

using test::IsOk;
using test::IsOkAndHolds;
using test::StatusIs;
using testing::ElementsAre;

Step FileStepNamed(std::string id, std::vector<std::string> after = {}) {
  Step step;
  step.item_id = std::move(id);
  step.display_name = "A file";
  step.after = std::move(after);
  step.timeout = std::chrono::minutes(1);
  step.action = FileStep{"/etc/motd", 0644, ToBytes("hello")};
  return step;
}

Plan GoodPlan() {
  Plan plan;
  plan.steps = {FileStepNamed("a"), FileStepNamed("b", {"a"})};
  return plan;
}

// Every negative case spoils one thing of this plan's first step.
Plan Spoilt(const std::function<void(Step&)>& spoil) {
  Plan plan = GoodPlan();
  spoil(plan.steps[0]);
  return plan;
}

TEST(CheckPlanTest, AcceptsAGoodPlan) { EXPECT_OK(CheckPlan(GoodPlan())); }

TEST(CheckPlanTest, RefusesAnEmptyPlan) {
  EXPECT_THAT(CheckPlan(Plan{}), StatusIs(StatusCode::kInvalidArgument));
}

TEST(CheckPlanTest, RefusesMoreStepsThanTheLimit) {
  Plan plan;
  for (size_t i = 0; i <= kPlanStepsMax; ++i) {
    plan.steps.push_back(FileStepNamed("s" + std::to_string(i)));
  }
  EXPECT_THAT(CheckPlan(plan), StatusIs(StatusCode::kInvalidArgument, "kPlanStepsMax"));
  plan.steps.pop_back();
  EXPECT_OK(CheckPlan(plan));
}

TEST(CheckPlanTest, RefusesADuplicateId) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) { step.item_id = "b"; })),
              StatusIs(StatusCode::kInvalidArgument, "item b: id is used twice"));
}

TEST(CheckPlanTest, RefusesAnIdThatIsNone) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) { step.item_id = "Not An Id"; })),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(CheckPlanTest, RefusesAnUnknownAfter) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) { step.after = {"nobody"}; })),
              StatusIs(StatusCode::kInvalidArgument, "item a: after names no item: nobody"));
}

TEST(CheckPlanTest, RefusesACycle) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) { step.after = {"b"}; })),
              StatusIs(StatusCode::kInvalidArgument, "cycle"));
}

TEST(CheckPlanTest, RefusesAStepAfterItself) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) { step.after = {"a"}; })),
              StatusIs(StatusCode::kInvalidArgument, "item a: after forms a cycle"));
}

TEST(CheckPlanTest, RefusesATimeoutOfZero) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) { step.timeout = std::chrono::minutes(0); })),
              StatusIs(StatusCode::kInvalidArgument, "timeout"));
}

TEST(CheckPlanTest, RefusesATimeoutOverTheLimit) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) {
                step.timeout = kStepTimeoutMax + std::chrono::milliseconds(1);
              })),
              StatusIs(StatusCode::kInvalidArgument, "timeout"));
}

TEST(CheckPlanTest, RefusesNoAttempts) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) { step.attempts = 0; })),
              StatusIs(StatusCode::kInvalidArgument, "attempts"));
}

TEST(CheckPlanTest, RefusesAModeBeyondThePermissionBits) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) {
                step.action = FileStep{"/etc/motd", 010000, Bytes{}};
              })),
              StatusIs(StatusCode::kInvalidArgument, "mode"));
}

TEST(CheckPlanTest, RefusesABlockingScriptWithoutVerify) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) {
                step.action = ScriptStep{"", "true", ""};
              })),
              StatusIs(StatusCode::kInvalidArgument, "verify is empty"));
}

TEST(CheckPlanTest, AcceptsATrackedScriptWithoutVerify) {
  EXPECT_OK(CheckPlan(Spoilt([](Step& step) {
    step.gating = Gating::kTracked;
    step.action = ScriptStep{"", "true", ""};
  })));
}

TEST(CheckPlanTest, RefusesANetworkNameThatIsAPath) {
  for (const char* name : {"", "..", ".hidden", "a/b", "a b"}) {
    EXPECT_THAT(CheckPlan(Spoilt([name](Step& step) {
                  step.action = NetworkProfileStep{
                      name, NetworkProfileStep::Format::kSystemdNetworkd, "[Match]\n"};
                })),
                StatusIs(StatusCode::kInvalidArgument, "name"))
        << name;
  }
}

TEST(CheckPlanTest, RefusesAPackageNameThatReadsAsAnOption) {
  EXPECT_THAT(
      CheckPlan(Spoilt([](Step& step) {
        step.action = PackageStep{PackageStep::Format::kDeb, Artifact{}, "--purge", "1.0", ""};
      })),
      StatusIs(StatusCode::kInvalidArgument, "package_name"));
}

TEST(CheckPlanTest, RefusesAnArchiveWithoutADestination) {
  EXPECT_THAT(CheckPlan(Spoilt([](Step& step) {
                step.action = PackageStep{PackageStep::Format::kTarZst, Artifact{}, "", "", ""};
              })),
              StatusIs(StatusCode::kInvalidArgument, "destination"));
}

TEST(CheckTargetPathTest, RefusesEveryPathThatCouldLeaveTheTarget) {
  for (const char* path : {"", "etc/motd", "/", "//etc", "/etc/", "/etc/../passwd", "/..", "/a/./b",
                           "/etc/a\nb", "/etc/\x7f"}) {
    EXPECT_THAT(CheckTargetPath(path), StatusIs(StatusCode::kInvalidArgument)) << path;
  }
  EXPECT_OK(CheckTargetPath("/etc/..hidden/a b"));
  EXPECT_OK(CheckTargetPath("/" + std::string(kTargetPathBytesMax - 1, 'a')));
  EXPECT_THAT(CheckTargetPath("/" + std::string(kTargetPathBytesMax, 'a')),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(OrderStepsTest, KeepsTheWrittenOrderWhereAfterLeavesAChoice) {
  Plan plan;
  plan.steps = {FileStepNamed("c", {"a"}), FileStepNamed("a"), FileStepNamed("b")};
  EXPECT_THAT(OrderSteps(plan), IsOkAndHolds(ElementsAre(1, 0, 2)));
}

}  // namespace
}  // namespace preseal::agent
