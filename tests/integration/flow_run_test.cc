// SPDX-License-Identifier: Apache-2.0
// What happens to a run on its way, with the real programs.
#include <gmock/gmock.h>

#include "tests/integration/flow_fixture.h"

namespace preseal::test {
namespace {

using progress::v1::ITEM_STATE_FAILED;
using progress::v1::Wait;
using testing::HasSubstr;

constexpr int kExitRestart = 75;

std::string Profile(const std::string& items, const std::string& settings = "") {
  return "kind: DeploymentProfile\nname: test\npreprovisioning_allowed: true\n" + settings +
         "items:\n" + items;
}
std::string Script(const std::string& id, const std::string& apply, const std::string& verify,
                   const std::string& more = "") {
  return "  - id: " + id + "\n    name: " + id + "\n    category: policies\n" + more +
         "    script:\n      apply: |\n        " + apply + "\n      verify: " + verify + "\n";
}

constexpr char kReboots[] = "    exit_codes: [{code: 30, result: reboot-now}]\n    reboots: 1\n";

class RunScenario : public FlowScenario {
 protected:
  void Begin(const std::string& profile, const FloorOptions& more = {}) {
    FloorOptions options = more;
    options.profile = profile;
    ASSERT_NO_FATAL_FAILURE(Open(options));
    ASSERT_NO_FATAL_FAILURE(StartRun(1));
  }
  void WaitForItem(const std::string& id, const std::string& what,
                   const std::function<bool(const progress::v1::Item&)>& condition, int slot = 1) {
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitFor(slot, what, [&](const fleet::v1::Device& device) {
      const auto* item = ItemOf(device, id);
      return item != nullptr && condition(*item);
    }));
  }
};

TEST_F(RunScenario, APlannedRestartGoesOnWhereItWasAndTheDeviceIsSealed) {
  ASSERT_NO_FATAL_FAILURE(Begin(
      Profile(Script("firmware", "echo once >> firmware; exit 30", "test -e firmware", kReboots) +
              Script("after", "echo after >> after", "test -e after"))));
  ASSERT_OK(floor_->WaitForEnd(1, kExitRestart));
  EXPECT_FALSE(InTarget("after"));
  ASSERT_OK(floor_->Reboot(1));
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_NO_FATAL_FAILURE(Reseal(1));
  EXPECT_EQ(TargetText("firmware"), "once\n");
  EXPECT_EQ(TargetText("after"), "after\n");
  EXPECT_EQ(device_.run().attempt(), 1U);
}

TEST_F(RunScenario, AStepThatAlwaysWantsARestartEndsWithItsBudget) {
  ASSERT_NO_FATAL_FAILURE(Begin(Profile(Script("loop", "echo again >> loop; exit 30", "\"false\"",
                                               "    attempts: 10\n" + std::string(kReboots)))));
  ASSERT_OK(floor_->WaitForEnd(1, kExitRestart));
  ASSERT_OK(floor_->Reboot(1));
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_FAILED));
  EXPECT_EQ(device_.failure().code(), "REBOOT_BUDGET");
}

TEST_F(RunScenario, APowerCutInMidStepAppliesNothingTwice) {
  ASSERT_NO_FATAL_FAILURE(Begin(Profile(
      Script("slow", "echo begun >> slow; until test -e go; do sleep 0.1; done; echo done >> done",
             "test -e done", "    attempts: 2\n") +
      Script("after", "echo after >> after", "test -e after"))));
  ASSERT_OK(WaitUntil("the step", TestFloor::kDeadline, [&] { return InTarget("slow"); }));
  ASSERT_OK(floor_->CutPower(1));
  ASSERT_NO_FATAL_FAILURE(Touch("go"));
  ASSERT_NO_FATAL_FAILURE(Touch("done"));
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK(floor_->WaitForState(1, DEVICE_STATE_READY_TO_SEAL).status());
  EXPECT_EQ(TargetText("slow"), "begun\n");  // its verify agreed, so it was not applied again
  EXPECT_EQ(TargetText("after"), "after\n");
}

// A TPM that lost its power does not vouch for its clock for a while: no sign that somebody changed
// the device.
TEST_F(RunScenario, APowerCutBeforeTheSealDelaysItAndBlocksNobody) {
  ASSERT_NO_FATAL_FAILURE(Begin(Profile(Script("one", "echo one >> one", "test -e one"))));
  ASSERT_OK(floor_->WaitForState(1, DEVICE_STATE_READY_TO_SEAL).status());
  ASSERT_OK(floor_->CutPower(1));
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK(floor_->api().Reseal(floor_->name(1)));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitFor(1, "the refusal", [](const auto& device) {
    return device.last_command().state() == fleet::v1::Command::STATE_FAILED;
  }));
  EXPECT_EQ(device_.last_command().code(), "QUOTE_CLOCK_UNSAFE");
  EXPECT_THAT(device_.last_command().message(), HasSubstr("leave the device on"));
  EXPECT_EQ(device_.state(), DEVICE_STATE_READY_TO_SEAL);
  ASSERT_OK(WaitUntil("the seal", TestFloor::kDeadline, [&] {
    EXPECT_OK(floor_->api().Reseal(floor_->name(1)));
    const auto answered = floor_->WaitFor(1, "the answer", [](const auto& device) {
      return device.state() == DEVICE_STATE_SEALED || device.state() == DEVICE_STATE_READY_TO_SEAL;
    });
    EXPECT_OK(answered.status());
    return !answered.ok() || answered->state() == DEVICE_STATE_SEALED;
  }));
  EXPECT_OK(floor_->WaitForState(1, DEVICE_STATE_SEALED).status());
}

TEST_F(RunScenario, AWaiverByNameHealsAFailedRunAndStandsInTheBirthCertificate) {
  ASSERT_NO_FATAL_FAILURE(
      Begin(Profile(Script("reader", "echo no reader; exit 4", "test -e reader"))));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_FAILED));
  EXPECT_THAT(flow().Waive(floor_->name(1), "reader", ""), StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK(flow().Waive(floor_->name(1), "reader", "built without one"));
  ASSERT_NO_FATAL_FAILURE(Reseal(1));
  EXPECT_EQ(device_.deployment_state(), progress::v1::DEPLOYMENT_STATE_SUCCESS_WITH_TIMEOUT);
  ASSERT_OK_AND_ASSIGN(const auto jws, floor_->api().BirthCertificate(floor_->name(1)));
  EXPECT_THAT(PayloadOf(jws), HasSubstr("built without one"));
  EXPECT_THAT(PayloadOf(jws), HasSubstr("\"admin\""));
}

TEST_F(RunScenario, ARunOnHoldStartsNothingUntilItIsResumed) {
  ASSERT_NO_FATAL_FAILURE(
      Begin(Profile(Script("first", "until test -e go; do sleep 0.1; done", "test -e go") +
                    Script("second", "echo second >> second", "test -e second"))));
  ASSERT_NO_FATAL_FAILURE(WaitForItem("first", "the first step", [](const auto& item) {
    return item.state() == progress::v1::ITEM_STATE_IN_PROGRESS;
  }));
  ASSERT_OK(flow().Hold(floor_->name(1)));
  ASSERT_OK(floor_
                ->WaitFor(1, "the hold",
                          [](const auto& device) {
                            return device.held() && device.last_command().state() >=
                                                        fleet::v1::Command::STATE_ACCEPTED;
                          })
                .status());
  ASSERT_NO_FATAL_FAILURE(Touch("go"));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitFor(1, "the hold to show", [](const auto& device) {
    return device.wait().kind() == Wait::KIND_HOLD;
  }));
  EXPECT_EQ(device_.state(), DEVICE_STATE_PROVISIONING);
  EXPECT_FALSE(InTarget("second"));
  ASSERT_OK(flow().Resume(floor_->name(1)));
  ASSERT_OK(floor_->WaitForState(1, DEVICE_STATE_READY_TO_SEAL).status());
  EXPECT_TRUE(InTarget("second"));
}

TEST_F(RunScenario, APromptIsAnsweredFromTheServer) {
  ASSERT_NO_FATAL_FAILURE(Begin(Profile(
      "  - id: tag\n    name: Asset tag\n    category: policies\n    prompt: {text: {en: Scan it}, "
      "pattern: \"A-[0-9]+\", answer_path: /etc/tag}\n")));
  ASSERT_NO_FATAL_FAILURE(WaitForItem("tag", "the question", [](const auto& item) {
    return item.wait().kind() == Wait::KIND_PROMPT;
  }));
  EXPECT_THAT(flow().Answer(floor_->name(1), "tag", "B-1"), StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK(flow().Answer(floor_->name(1), "tag", "A-17"));
  ASSERT_OK(floor_->WaitForState(1, DEVICE_STATE_READY_TO_SEAL).status());
  EXPECT_THAT(TargetText("etc/tag"), HasSubstr("A-17"));
}

TEST_F(RunScenario, AResetStartsOverWithTheSameIdentity) {
  ASSERT_NO_FATAL_FAILURE(Begin(Profile(Script("one", "test -e mended", "test -e mended"))));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_FAILED));
  ASSERT_OK(flow().Reset(floor_->name(1)));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_ENROLLED));
  EXPECT_TRUE(device_.enrolled());
  ASSERT_NO_FATAL_FAILURE(Touch("mended"));
  ASSERT_OK(floor_->api().Start(floor_->name(1)));
  ASSERT_NO_FATAL_FAILURE(Reseal(1));
}

TEST_F(RunScenario, ASealedDeviceIsRefusedOnceMoreUntilALeadAllowsIt) {
  ASSERT_NO_FATAL_FAILURE(Begin(Profile(Script("one", "touch one", "test -e one"))));
  ASSERT_NO_FATAL_FAILURE(Reseal(1));
  ASSERT_OK(files::RemoveTree(floor_->home(1) + "/state"));
  ASSERT_OK(floor_->Reboot(1));
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK(WaitUntil("the refusal", TestFloor::kDeadline, [&] {
    return LogOf(1).find("ONE_TIME_LIMIT") != std::string::npos;
  })) << LogOf(1);
  floor_->KillAgent(1);
  ASSERT_OK(flow().AllowNext(floor_->name(1), "wrong image"));
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_ENROLLED));
  EXPECT_EQ(device_.one_time_limit().deployments(), 1U);
}

TEST_F(RunScenario, TwoDevicesTakeTurnsForOneToken) {
  ASSERT_NO_FATAL_FAILURE(
      Open({.profile = Profile(Script("load", "touch at-work; until test -e go; do sleep 0.1; done",
                                      "test -e go", "    token: download\n")),
            .devices = 2,
            .config = "tokens: {download: 1}\n"}));
  ASSERT_NO_FATAL_FAILURE(StartRun(1));
  ASSERT_OK(
      WaitUntil("the first device", TestFloor::kDeadline, [&] { return InTarget("at-work"); }));
  ASSERT_NO_FATAL_FAILURE(StartRun(2));
  ASSERT_NO_FATAL_FAILURE(WaitForItem(
      "load", "the place in the queue",
      [](const auto& item) {
        return item.wait().kind() == Wait::KIND_TOKEN && item.wait().place() == 1;
      },
      2));
  EXPECT_FALSE(InTarget("at-work", 2));
  ASSERT_OK_AND_ASSIGN(const auto tokens, flow().Tokens());
  ASSERT_EQ(tokens.queues_size(), 1);
  EXPECT_EQ(tokens.queues(0).holders(0).device(), floor_->name(1));
  EXPECT_EQ(tokens.queues(0).waiters(0).device(), floor_->name(2));
  ASSERT_NO_FATAL_FAILURE(Touch("go"));
  ASSERT_NO_FATAL_FAILURE(Touch("go", 2));
  ASSERT_OK(floor_->WaitForState(1, DEVICE_STATE_READY_TO_SEAL).status());
  ASSERT_OK(floor_->WaitForState(2, DEVICE_STATE_READY_TO_SEAL).status());
  EXPECT_TRUE(InTarget("at-work", 2));
}

TEST_F(RunScenario, AServerThatIsGoneInMidStepHoldsNothingUp) {
  ASSERT_NO_FATAL_FAILURE(Begin(
      Profile(Script("first", "touch begun; until test -e go; do sleep 0.1; done", "test -e go") +
              Script("second", "touch second", "test -e second"))));
  ASSERT_OK(WaitUntil("the first step", TestFloor::kDeadline, [&] { return InTarget("begun"); }));
  floor_->KillServer();
  ASSERT_NO_FATAL_FAILURE(Touch("go"));
  ASSERT_OK(WaitUntil("the second step", TestFloor::kDeadline, [&] { return InTarget("second"); }));
  ASSERT_OK(floor_->StartServer());
  ASSERT_NO_FATAL_FAILURE(Connect());
  ASSERT_NO_FATAL_FAILURE(Reseal(1));
}

}  // namespace
}  // namespace preseal::test
