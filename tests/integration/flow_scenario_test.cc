// SPDX-License-Identifier: Apache-2.0
// The technician flow and the user flow with the real programs: server, agent, software TPM.
#include <gmock/gmock.h>

#include "tests/integration/flow_fixture.h"

namespace preseal::test {
namespace {

using testing::HasSubstr;

constexpr char kOffice[] = R"(kind: DeploymentProfile
name: test
preprovisioning_allowed: true
name_template: PC-%SEQ:3%
esp: {install_quality_updates: false, show_progress: true}
out_of_box: {hide_privacy: true, hide_licence: true, skip_network: true}
items:
  - id: baseline
    name: Baseline
    category: policies
    script:
      detect: test -e baseline
      apply: |
        echo applied >> baseline
        # The user's account; an agent that is not root can only be its own.
        uid=$(id -u) gid=$(id -g)
        [ "$uid" -ne 0 ] || uid=61234 gid=61234
        mkdir -p etc home/ana
        chown "$uid:$gid" home/ana
        echo "ana@corp.example:x:$uid:$gid::/home/ana:/bin/sh" > etc/passwd
      verify: test -e baseline
  - id: desk
    name: Desk
    category: policies
    context: user
    script: {apply: echo "$PRESEAL_USER" > desk, verify: test -s desk}
)";

constexpr char kLater[] = R"(kind: Item
id: screen-lock
name: Screen lock
category: policies
file: {path: /etc/screen-lock, content: "5"}
---
kind: Item
id: mail
name: Mail client
category: apps
script: {apply: echo installed >> mail, verify: test -e mail}
---
kind: Assignment
name: late
items: [screen-lock, mail]
to: {all_devices: true}
)";

class UserFlowScenario : public FlowScenario {
 protected:
  void SealedWithLaterAssignments() {
    ASSERT_NO_FATAL_FAILURE(Open({.profile = kOffice, .assigned_user = "ana@corp.example"}));
    ASSERT_NO_FATAL_FAILURE(SealDevice(1));
    ASSERT_OK(flow().Apply(kLater));
  }
  // It is made within seconds of coming into service.
  std::string AwaitServiceRecord() {
    std::string jws;
    EXPECT_OK(WaitUntil("the service record", TestFloor::kDeadline, [&] {
      const auto record = flow().ServiceRecord(floor_->name(1));
      if (record.ok()) jws = *record;
      return record.ok();
    }));
    return jws;
  }
  // The user switches the delivered device on.
  void FirstBoot(const std::string& answers) {
    ASSERT_OK(floor_->Reboot(1));
    ASSERT_OK(floor_->StartUserAgent(1, answers));
  }
  void InService() {
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_IN_SERVICE));
    ASSERT_OK(floor_->WaitForEnd(1, 0));
  }
};

TEST_F(UserFlowScenario, WhatWasAssignedAfterTheSealReachesTheUserAndARecordSaysSo) {
  ASSERT_NO_FATAL_FAILURE(SealedWithLaterAssignments());
  ASSERT_OK_AND_ASSIGN(device_, floor_->Device(1));
  EXPECT_TRUE(device_.seal().drifted());
  EXPECT_THAT(device_.seal().DebugString(), HasSubstr("Mail client"));
  EXPECT_EQ(device_.device_name(), "PC-001");
  EXPECT_FALSE(InTarget("mail"));

  ASSERT_OK_AND_ASSIGN(const std::string code, flow().IssueUserCode(floor_->name(1)));
  ASSERT_NO_FATAL_FAILURE(FirstBoot(Answers("ana@corp.example", code)));
  ASSERT_NO_FATAL_FAILURE(InService());
  EXPECT_EQ(TargetText("mail"), "installed\n");
  EXPECT_EQ(TargetText("etc/screen-lock"), "5");
  EXPECT_EQ(TargetText("baseline"), "applied\n");  // found in place, not applied again
  EXPECT_EQ(TargetText("home/ana/desk"), "ana@corp.example\n");
  EXPECT_EQ(device_.signed_in_user(), "ana@corp.example");
  EXPECT_EQ(device_.run().flow(), progress::v1::FLOW_USER);
  EXPECT_EQ(device_.deployment_state(), progress::v1::DEPLOYMENT_STATE_SUCCESS);
  EXPECT_TRUE(device_.durations().has_account_setup());

  const std::string record = PayloadOf(AwaitServiceRecord());
  EXPECT_THAT(record, HasSubstr(R"("signed_in_user":"ana@corp.example")"));
  const size_t added = record.find("\"added_since_seal\"");
  ASSERT_NE(added, std::string::npos) << record;
  EXPECT_NE(record.find("\"mail\"", added), std::string::npos) << record;
}

TEST_F(UserFlowScenario, AWrongCodeBeginsNothing) {
  ASSERT_NO_FATAL_FAILURE(SealedWithLaterAssignments());
  ASSERT_OK(flow().IssueUserCode(floor_->name(1)).status());
  ASSERT_NO_FATAL_FAILURE(FirstBoot(Answers("ana@corp.example", "AAAA-AAAA-AAAA")));
  ASSERT_OK(WaitUntil("the refusal on the user's screen", TestFloor::kDeadline, [&] {
    return LogOf(1, "user.log").find("attempts") != std::string::npos ||
           LogOf(1, "user.log").find("left") != std::string::npos;
  })) << LogOf(1, "user.log");
  ASSERT_OK_AND_ASSIGN(device_, floor_->Device(1));
  EXPECT_EQ(device_.state(), DEVICE_STATE_SEALED);
  EXPECT_FALSE(InTarget("mail"));
}

TEST_F(UserFlowScenario, ASelfDeployingDeviceAsksNobodyAndComesIntoService) {
  std::string profile = kOffice;
  profile.replace(profile.find("name_template"), 0, "mode: self-deploying\n");
  ASSERT_NO_FATAL_FAILURE(Open({.profile = profile}));
  ASSERT_NO_FATAL_FAILURE(SealDevice(1));
  ASSERT_OK(flow().Apply(kLater));
  ASSERT_NO_FATAL_FAILURE(FirstBoot("{}"));
  ASSERT_NO_FATAL_FAILURE(InService());
  EXPECT_EQ(TargetText("mail"), "installed\n");
  EXPECT_FALSE(InTarget("home/ana/desk"));  // nobody signed in, so there is no account setup
  EXPECT_EQ(device_.signed_in_user(), "");
  EXPECT_THAT(PayloadOf(AwaitServiceRecord()), HasSubstr(R"("signed_in_user":"")"));
}

TEST_F(UserFlowScenario, AUserDrivenFirstBootWaitsForItsUserAcrossAPowerCut) {
  ASSERT_NO_FATAL_FAILURE(SealedWithLaterAssignments());
  ASSERT_OK_AND_ASSIGN(const std::string code, flow().IssueUserCode(floor_->name(1)));
  ASSERT_NO_FATAL_FAILURE(FirstBoot("{language: en-GB, keyboard: gb}"));
  ASSERT_OK(WaitUntil("the sign-in page", TestFloor::kDeadline,
                      [&] { return LogOf(1, "user.log").find("sign") != std::string::npos; }));
  ASSERT_OK_AND_ASSIGN(device_, floor_->Device(1));
  EXPECT_EQ(device_.state(), DEVICE_STATE_SEALED);
  ASSERT_OK(floor_->CutPower(1));
  ASSERT_OK(floor_->StartUserAgent(1, Answers("ana@corp.example", code)));
  ASSERT_NO_FATAL_FAILURE(InService());
}

}  // namespace
}  // namespace preseal::test
