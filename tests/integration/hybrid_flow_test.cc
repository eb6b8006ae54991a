// SPDX-License-Identifier: Apache-2.0
// Both flows of a device that joins a directory, with the real programs, a software TPM and a real
// domain controller, which is out of sight of the bench.
#include <gmock/gmock.h>

#include "tests/integration/flow_fixture.h"
#include "tests/support/samba_dc_suite.h"
#include "tests/support/side_network.h"

namespace preseal::test {
namespace {

using testing::HasSubstr;

constexpr char kProfile[] = R"(kind: DeploymentProfile
name: test
preprovisioning_allowed: true
name_template: PC-%SEQ:3%
join: {provider: samba, domain: floor.test}
esp: {install_quality_updates: false, show_progress: true}
out_of_box: {hide_privacy: true, hide_licence: true, skip_network: true}
items:
  - id: baseline
    name: Baseline
    category: policies
    script: {apply: echo applied >> baseline, verify: test -e baseline}
)";

constexpr char kUser[] = "ana@corp.example";
constexpr char kComputer[] = "PC-001";
constexpr char kBlob[] = "var/lib/preseal/offline-join.blob";
constexpr uint16_t kLdap = 389;

class HybridFlow : public SambaDcSuite<FlowScenario> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SambaDcSuite::SetUp());
    if (IsSkipped()) return;
    const std::string join = "join: {domain: " + std::string(SambaDc::kDomain) + ", ou: \"" +
                             SambaDc::kOu + "\", auth_file: " + dc_->AuthFile() + "}\n";
    ASSERT_NO_FATAL_FAILURE(Open({.profile = kProfile, .assigned_user = kUser, .config = join}));
    const std::string away = dir_->File("away");
    ASSERT_OK(files::MakeDirectories(away, 0755));
    ASSERT_OK_AND_ASSIGN(
        away_, SideNetwork::Make(away, {floor_->enrollment_port(), floor_->device_port()}));
    ASSERT_TRUE(away_->Reaches("127.0.0.1", floor_->device_port()));
    ASSERT_FALSE(away_->Reaches(SambaDc::kAddress, kLdap));
  }
  void TearDown() override {
    if (dc_) (void)dc_->Tool({"computer", "delete", kComputer});
  }

  // The bench sees the server and nothing else.
  void SealOutOfSight() {
    floor_->StartAgentsThrough(1, away_->Launcher());
    ASSERT_NO_FATAL_FAILURE(SealDevice(1));
    ASSERT_OK(floor_->Reboot(1));
  }
  void StartUserFlow(const std::vector<std::string>& launcher) {
    floor_->StartAgentsThrough(1, launcher);
    ASSERT_OK_AND_ASSIGN(code_, flow().IssueUserCode(floor_->name(1)));
    ASSERT_OK(floor_->StartUserAgent(1, Answers(kUser, code_)));
  }
  void ExpectInServiceAndJoined() {
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_IN_SERVICE));
    ASSERT_OK(floor_->WaitForEnd(1, 0));
    EXPECT_FALSE(InTarget(kBlob));
    EXPECT_THAT(TestJoin(), HasSubstr("Join is OK"));
  }
  // What the controller says to the secrets in the target; asked by nobody of ours.
  std::string TestJoin() {
    process::Command command{.argv = {"net", "ads", "testjoin", "--configfile=/dev/null"},
                             .environment = process::MinimalEnvironment(),
                             .timeout = TestFloor::kDeadline};
    for (const std::string& option :
         {std::string("netbios name=") + kComputer, std::string("workgroup=") + SambaDc::kWorkgroup,
          std::string("realm=") + SambaDc::kDomain, std::string("security=ads"),
          "private dir=" + TargetPath("var/lib/samba/private"),
          "state directory=" + TargetPath("var/lib/samba"),
          "cache directory=" + dir_->path().string(), "lock directory=" + dir_->path().string()}) {
      command.argv.push_back("--option=" + option);
    }
    const auto run = process::RunAndCapture(command);
    return run.ok() ? run->output + run->error : ToString(run.status());
  }

  std::unique_ptr<SideNetwork> away_;
  std::string code_;
};

TEST_F(HybridFlow, ABenchOutOfSightOfTheControllerPreparesWhatTheUserFlowJoins) {
  ASSERT_NO_FATAL_FAILURE(SealOutOfSight());
  EXPECT_EQ(device_.device_name(), kComputer);
  EXPECT_TRUE(InTarget(kBlob));
  EXPECT_FALSE(InTarget("var/lib/samba/private/secrets.tdb"));
  ASSERT_OK_AND_ASSIGN(const std::string ldif, dc_->Computer(kComputer));
  EXPECT_THAT(ldif, HasSubstr(std::string("dn: CN=") + kComputer + "," + SambaDc::kOu));

  ASSERT_NO_FATAL_FAILURE(StartUserFlow({}));
  ASSERT_NO_FATAL_FAILURE(ExpectInServiceAndJoined());
  EXPECT_EQ(device_.deployment_state(), progress::v1::DEPLOYMENT_STATE_SUCCESS);
}

TEST_F(HybridFlow, AUserOutOfSightOfTheControllerIsToldAndJoinsOnceConnected) {
  ASSERT_NO_FATAL_FAILURE(SealOutOfSight());
  ASSERT_NO_FATAL_FAILURE(StartUserFlow(away_->Launcher()));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_FAILED));
  const auto* join = ItemOf(device_, "domain-join");
  ASSERT_NE(join, nullptr);
  EXPECT_EQ(join->code(), "JOIN_UNAVAILABLE");
  EXPECT_THAT(join->message(), HasSubstr("no domain controller of floor.test confirms the join"));
  EXPECT_THAT(LogOf(1, "user.log"), HasSubstr("company network or VPN"));
  EXPECT_TRUE(InTarget(kBlob));

  floor_->KillAgent(1);
  floor_->StartAgentsThrough(1, {});
  ASSERT_OK(floor_->StartUserAgent(1, Answers(kUser, code_)));
  ASSERT_OK(floor_->api().Retry(floor_->name(1)));
  ASSERT_NO_FATAL_FAILURE(ExpectInServiceAndJoined());
  EXPECT_EQ(device_.deployment_state(), progress::v1::DEPLOYMENT_STATE_SUCCESS_ON_RETRY);
}

}  // namespace
}  // namespace preseal::test
