// SPDX-License-Identifier: Apache-2.0
// The agent's program in a delivered device: a software TPM with the device's key, what the seal
// laid down, and a device port.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/adapters/identity/identity_files.h"
#include "agent/adapters/steps/hand_over.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/app/run_fixture.h"
#include "agent/app/session_test_server.h"
#include "common/process/process.h"
#include "common/tpmwire/public_area.h"
#include "tests/support/swtpm.h"

namespace preseal::agent {
namespace {

constexpr auto kLimit = std::chrono::seconds(90);

class UserFlowTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(dir_.File("target"));
    ASSERT_OK_AND_ASSIGN(pki_, test::TestPki::Create());
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
    server_ = std::make_unique<SessionTestServer>(*pki_, store_);
    server_->on_message = [this](const dv1::AgentMessage& message) { return Answer(message); };
    auto& card = *store_.landing.mutable_user_flow();
    card.set_mode(plan::v1::MODE_USER_DRIVEN);
    card.set_one_time_code(true);
    server_->Start();
    ASSERT_NO_FATAL_FAILURE(Deliver());
    Boot("boot-1");
  }

  // What the bench leaves behind: the key in the TPM, the rest in the target.
  void Deliver() {
    ASSERT_OK_AND_ASSIGN(const auto tpm, Tpm::Open({.tcti = swtpm_->tcti()}));
    ASSERT_OK_AND_ASSIGN(const auto store, IdentityFiles::Open(dir_.File("bench")));
    ASSERT_OK_AND_ASSIGN(const KeyUniques uniques, store->LoadOrCreateUniques());
    ASSERT_OK_AND_ASSIGN(const auto key, tpm->CreateDeviceKey(uniques.device_key));
    ASSERT_OK_AND_ASSIGN(const uint32_t handle, tpm->PersistDeviceKey(*key));
    ASSERT_OK_AND_ASSIGN(const auto area, tpmwire::ParsePublic(key->public_area()));
    ASSERT_OK_AND_ASSIGN(
        const auto public_key,
        crypto::PublicKey::FromEcAffine(crypto::Curve::kP256, area.ecc()->x, area.ecc()->y));
    ASSERT_OK_AND_ASSIGN(const auto certificate, pki_->IssueDevice("D-1", public_key));
    DeviceIdentity identity;
    identity.device_id = "D-1";
    identity.certificate_chain_pem = certificate.ToPem();
    identity.device_key_handle = handle;
    ASSERT_THAT(store->Save(identity), test::IsOk());
    ASSERT_OK_AND_ASSIGN(auto target, steps::TargetRoot::Open(dir_.File("target")));
    ASSERT_THAT(steps::LayDownUserFlow(target, {dir_.File("bench"), pki_->ca().pem(),
                                                server_->endpoint(), "", swtpm_->tcti()}),
                test::IsOk());
  }
  void Boot(const std::string& id) { std::ofstream(dir_.File("boot-id")) << id << "\n"; }
  std::string Home() const { return dir_.File("target") + steps::kUserFlowHome; }

  void OrderRun(const std::string& apply, int reboot_code = 0) {
    PlanBuilder plan;
    plan.AddScript("one", apply, "test -e one");
    run_.set_command_id(kCommandA);
    run_.mutable_start_run()->set_run_id("D-1.2");
    run_.mutable_start_run()->set_attempt(2);
    auto* out = run_.mutable_start_run()->mutable_plan();
    out->ParseFromString(ToString(ByteView(plan.Encode())));
    out->set_flow(progress::v1::FLOW_USER);
    if (reboot_code == 0) return;
    out->set_reboots_max(2);
    out->mutable_steps(0)->set_reboots_max(1);
    auto& rule = *out->mutable_steps(0)->add_exit_codes();
    rule.set_code(reboot_code);
    rule.set_result(plan::v1::ExitCodeRule::RESULT_REBOOT_NOW);
  }
  std::vector<dv1::ServerMessage> Answer(const dv1::AgentMessage& message) {
    if (!message.has_sign_in()) return {};
    const std::lock_guard lock(store_.mutex);
    ++sign_ins_;
    std::vector<dv1::ServerMessage> answers(2);
    auto& state = *answers[0].mutable_sign_in();
    state.set_request_id(message.sign_in().request_id());
    state.set_state(dv1::SignInState::STATE_SIGNED_IN);
    state.set_username("alice");
    *answers[1].mutable_command() = run_;
    // From now on, as the server would.
    store_.landing.mutable_user_flow()->set_signed_in(true);
    store_.open_commands = {run_};
    return answers;
  }

  std::unique_ptr<process::Child> Start(const std::string& restart = "exit") {
    std::ofstream(dir_.File("answers.yaml"))
        << "{language: en-GB, keyboard: gb, username: alice, code: AAAA-BBBB-CCCC}";
    auto child = process::Child::Start(
        {.argv = {PRESEAL_AGENT_PROGRAM, "run", "--config", Home() + "/agent.conf", "--state-dir",
                  Home(), "--target-root", dir_.File("target"), "--console", "plain", "--answers",
                  dir_.File("answers.yaml"), "--restart", restart, "--boot-id-file",
                  dir_.File("boot-id")},
         .environment = process::OwnEnvironment(),
         .output_file = dir_.File("agent.log")});
    EXPECT_THAT(child, test::IsOk());
    return *std::move(child);
  }
  int ExitCodeOf(process::Child& agent) {
    const auto ending = agent.Wait(kLimit);
    EXPECT_THAT(ending, test::IsOk()) << ReadText(dir_.File("agent.log"));
    return ending.ok() && ending->kind == process::Ending::Kind::kExited ? ending->exit_code : -1;
  }

  test::TempDir dir_;
  std::unique_ptr<test::TestPki> pki_;
  std::unique_ptr<test::Swtpm> swtpm_;
  DeviceStore store_;
  int sign_ins_ = 0;  // guarded by the store's mutex
  dv1::Command run_;
  std::unique_ptr<SessionTestServer> server_;
};

TEST_F(UserFlowTest, TheDeliveredDeviceSignsInRunsAndIsInService) {
  OrderRun("echo for $PRESEAL_USER > one");
  const auto agent = Start();
  EXPECT_EQ(ExitCodeOf(*agent), 0) << ReadText(dir_.File("agent.log"));
  EXPECT_EQ(ReadText(dir_.File("target/one")), "for alice\n");
  EXPECT_EQ(ReadText(dir_.File("target/etc/default/locale")), "LANG=en_GB.UTF-8\n");
  EXPECT_EQ(ReadText(Home() + "/in-service"), "D-1\n");
  EXPECT_EQ(store_.last_hello.flow(), progress::v1::FLOW_USER);
}

TEST_F(UserFlowTest, ARestartInMidRunEndsWith75AndTheNextBootGoesOn) {
  OrderRun("echo once >> one; exit 41", 41);
  auto agent = Start();
  ASSERT_EQ(ExitCodeOf(*agent), 75) << ReadText(dir_.File("agent.log"));
  EXPECT_FALSE(std::filesystem::exists(Home() + "/in-service"));
  Boot("boot-2");
  agent = Start();
  EXPECT_EQ(ExitCodeOf(*agent), 0) << ReadText(dir_.File("agent.log"));
  EXPECT_EQ(ReadText(dir_.File("target/one")), "once\n");
  EXPECT_EQ(sign_ins_, 1);
  EXPECT_TRUE(store_.Has("D-1.2", [](const auto& event) {
    return event.has_run_resumed() && event.run_resumed().planned();
  }));
}

TEST_F(UserFlowTest, ARestartThatIsRefusedFailsTheItemAndTheAgentGoesOn) {
  OrderRun("echo once >> one; exit 41", 41);
  const auto agent = Start("command:echo no power switch; exit 3");
  EXPECT_TRUE(BecomesTrue(
      [&] {
        return store_.Has("D-1.2", [](const auto& event) {
          return event.item_changed().code() == "REBOOT_REFUSED" &&
                 event.item_changed().message().find("no power switch") != std::string::npos;
        });
      },
      kLimit))
      << ReadText(dir_.File("agent.log"));
  EXPECT_TRUE(agent->Running());
}

TEST_F(UserFlowTest, AKillInMidRunLosesNothingAndAsksNothingTwice) {
  OrderRun("echo once >> one; until test -e ../go; do sleep 0.1; done");
  auto agent = Start();
  ASSERT_TRUE(BecomesTrue([&] { return std::filesystem::exists(dir_.File("target/one")); }, kLimit))
      << ReadText(dir_.File("agent.log"));
  agent->Signal(SIGKILL);
  ExitCodeOf(*agent);
  std::ofstream(dir_.File("go")) << "go";
  agent = Start();
  EXPECT_EQ(ExitCodeOf(*agent), 0) << ReadText(dir_.File("agent.log"));
  EXPECT_EQ(ReadText(dir_.File("target/one")), "once\n");
  EXPECT_EQ(sign_ins_, 1);
}

TEST_F(UserFlowTest, WithoutAnIdentityItSaysSoAndEnds) {
  std::filesystem::remove(Home() + "/identity/identity.json");
  const auto agent = Start();
  EXPECT_EQ(ExitCodeOf(*agent), 1);
  EXPECT_NE(ReadText(dir_.File("agent.log")).find("not handed over"), std::string::npos);
}

}  // namespace
}  // namespace preseal::agent
