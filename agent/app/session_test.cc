// SPDX-License-Identifier: Apache-2.0
#include "agent/service/session/session.h"

#include <map>

#include "agent/adapters/grpc/artifact_client.h"
#include "agent/adapters/grpc/session_client.h"
#include "agent/app/run_fixture.h"
#include "agent/app/session_test_server.h"
#include "common/crypto/digest.h"

namespace preseal::agent {
namespace {

using std::chrono::milliseconds;
using test::StatusIs;

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    pki_ = *test::TestPki::Create();
    server_ = std::make_unique<SessionTestServer>(*pki_, store_);
    server_->Start();
    bench_ = std::make_unique<Workbench>(dir_.path());
  }
  ~SessionTest() override { StopAgent(); }

  DeviceChannelOptions ChannelOptions() const {
    auto key = crypto::PrivateKey::GenerateP256();
    return {server_->endpoint(), pki_->ca().pem(), "",
            pki_->IssueDevice("D-1", key->public_key())->ToPem(), ToString(key->ToPem()->Reveal())};
  }
  void StartAgent() {
    channel_ = std::make_unique<DeviceChannel>(ChannelOptions());
    agent_ = std::jthread([this](std::stop_token stop) {
      SessionClient dialer(*channel_);
      SessionTiming timing;
      timing.reconnect_first = milliseconds(10);
      timing.reconnect_longest = milliseconds(100);
      timing.blocked_retry = milliseconds(100);
      timing.identity_refused_after = milliseconds(300);
      Session session({dialer, *bench_->desk, *bench_->display, bench_->clock, bench_->signal,
                       [] { return 0.5; }},
                      timing);
      end_ = session.Run(stop);
      ended_ = true;
    });
  }
  void StopAgent() {
    agent_.request_stop();
    if (agent_.joinable()) agent_.join();
  }
  // The server has the run whole, each event once, in order.
  void ExpectWholeRun(const std::string& run_id) {
    const auto log = bench_->LogOf(run_id);
    ASSERT_NE(log, nullptr);
    EXPECT_TRUE(BecomesTrue([&] { return log->AckedWhole(); }));
    ASSERT_EQ(store_.Count(run_id), log->next_sequence() - 1);
    for (size_t i = 0; i < store_.Count(run_id); ++i) {
      EXPECT_EQ(store_.EventAt(run_id, i).sequence(), i + 1);
    }
  }
  bool ServerHasEnd(const std::string& run_id) {
    return store_.Has(run_id, [](const auto& event) {
      return event.has_command_changed() &&
             event.command_changed().state() == progress::v1::CommandChanged::STATE_DONE;
    });
  }
  static dv1::Command StartCommand(const std::string& run_id, const char* command_id,
                                   const PlanBuilder& plan) {
    dv1::Command command;
    command.set_command_id(command_id);
    command.mutable_start_run()->set_run_id(run_id);
    command.mutable_start_run()->set_attempt(RunId::Parse(run_id)->attempt());
    command.mutable_start_run()->mutable_plan()->ParseFromString(ToString(ByteView(plan.Encode())));
    return command;
  }
  static PlanBuilder ChattyPlan(int lines) {
    PlanBuilder plan;
    plan.AddScript("one",
                   "i=0; while [ $i -lt " + std::to_string(lines) +
                       " ]; do echo line $i; i=$((i+1)); done; echo x >> one",
                   "test -e one");
    return plan;
  }
  void Order(dv1::Command command) {
    const std::lock_guard lock(store_.mutex);
    store_.open_commands.push_back(std::move(command));
  }

  test::TempDir dir_;
  std::unique_ptr<test::TestPki> pki_;
  DeviceStore store_;
  std::unique_ptr<SessionTestServer> server_;
  std::unique_ptr<Workbench> bench_;
  std::unique_ptr<DeviceChannel> channel_;
  std::jthread agent_;
  SessionEnd end_ = SessionEnd::kStopped;
  std::atomic<bool> ended_ = false;
};

TEST_F(SessionTest, DeliversARunWhole) {
  Order(StartCommand("D-1.1", kCommandA, ChattyPlan(2000)));
  StartAgent();
  ASSERT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.1"); }));
  ExpectWholeRun("D-1.1");
  EXPECT_EQ(store_.repeats, 0);
  EXPECT_GT(store_.Count("D-1.1"), 2000u);
}

TEST_F(SessionTest, DeliversWhatItDidOffline) {
  bench_->StartAndWait("D-1.1", kCommandA, ChattyPlan(500));
  StartAgent();
  ASSERT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.1"); }));
  ExpectWholeRun("D-1.1");
}

TEST_F(SessionTest, DeliversTheRestOfAnOlderRunFirst) {
  bench_->StartAndWait("D-1.1", kCommandA, ChattyPlan(300));
  bench_->StartAndWait("D-1.2", kCommandB, ChattyPlan(5));
  StartAgent();
  ASSERT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.2"); }));
  EXPECT_TRUE(ServerHasEnd("D-1.1"));
  ExpectWholeRun("D-1.1");
  ExpectWholeRun("D-1.2");
}

TEST_F(SessionTest, SendsAgainWhatWasStoredButNotAcked) {
  bench_->StartAndWait("D-1.1", kCommandA, ChattyPlan(1000));
  server_->faults.end_code = static_cast<int>(grpc::StatusCode::UNAVAILABLE);
  server_->faults.end_after_batches = 2;
  StartAgent();
  ASSERT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.1"); }));
  ExpectWholeRun("D-1.1");
  EXPECT_GE(store_.hellos, 2);
  // Welcome told how far the server was, so nothing had to be repeated.
  EXPECT_EQ(store_.repeats, 0);
  EXPECT_EQ(store_.last_hello_run, "D-1.1");
}

TEST_F(SessionTest, SurvivesRepeatedAndOldAcks) {
  server_->faults.repeat_acks = true;
  Order(StartCommand("D-1.1", kCommandA, ChattyPlan(2000)));
  StartAgent();
  ASSERT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.1"); }));
  ExpectWholeRun("D-1.1");
}

TEST_F(SessionTest, SurvivesRestartsOfTheServerInMidRun) {
  PlanBuilder plan;
  plan.AddScript("one", "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.1; done; echo x >> one",
                 "test -e one");
  Order(StartCommand("D-1.1", kCommandA, plan));
  StartAgent();
  for (int restart = 1; restart <= 3; ++restart) {
    const size_t before = store_.Count("D-1.1");
    ASSERT_TRUE(BecomesTrue([&] { return store_.Count("D-1.1") > before; }));
    server_->Restart();
  }
  ASSERT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.1"); }));
  ExpectWholeRun("D-1.1");
  // The order came again with every Hello, and was carried out once.
  EXPECT_EQ(ReadText(dir_.File("target/one")), "x\n");
  EXPECT_GE(store_.hellos, 4);
}

TEST_F(SessionTest, EveryTransientEndKeepsTheSpoolAndIsTriedAgain) {
  using grpc::StatusCode;
  bench_->StartAndWait("D-1.1", kCommandA, ChattyPlan(2000));
  server_->faults.end_after_batches = 1;
  server_->faults.end_code = static_cast<int>(StatusCode::RESOURCE_EXHAUSTED);
  StartAgent();
  for (const StatusCode code :
       {StatusCode::OUT_OF_RANGE, StatusCode::ABORTED, StatusCode::INTERNAL, StatusCode::UNKNOWN}) {
    ASSERT_TRUE(BecomesTrue([&] { return server_->faults.end_after_batches == 0; }));
    server_->faults.end_code = static_cast<int>(code);
    server_->faults.end_after_batches = 1;
  }
  ASSERT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.1"); }));
  ExpectWholeRun("D-1.1");
}

TEST_F(SessionTest, ADeviceThatLostItsDiskContinuesBehindTheServersEvents) {
  const PlanBuilder plan = ChattyPlan(20);
  Order(StartCommand("D-1.1", kCommandA, plan));
  StartAgent();
  ASSERT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.1"); }));
  const size_t first_life = store_.Count("D-1.1");
  StopAgent();
  bench_.reset();
  std::filesystem::remove_all(dir_.File("state"));
  bench_ = std::make_unique<Workbench>(dir_.path());
  StartAgent();
  // The order is still open there, so the run is begun again under the same name.
  ASSERT_TRUE(BecomesTrue([&] {
    const auto log = bench_->LogOf("D-1.1");
    return log && log->acked() > first_life && log->AckedWhole() &&
           bench_->HasCommand("D-1.1", kCommandA, CommandState::kDone);
  }));
  EXPECT_GT(store_.Count("D-1.1"), first_life);
  ExpectWholeRun("D-1.1");
}

TEST_F(SessionTest, ABlockedDeviceKeepsAskingAndGoesOnWhenItIsUnblocked) {
  bench_->StartAndWait("D-1.1", kCommandA, ChattyPlan(5));
  server_->faults.refuse_hello_code = static_cast<int>(grpc::StatusCode::PERMISSION_DENIED);
  StartAgent();
  EXPECT_FALSE(BecomesTrue([&] { return ended_ || store_.hellos > 0; }, std::chrono::seconds(1)));
  server_->faults.refuse_hello_code = 0;
  EXPECT_TRUE(BecomesTrue([&] { return ServerHasEnd("D-1.1"); }));
}

TEST_F(SessionTest, ACertificateTheServerDoesNotTakeEndsTheSession) {
  const auto other = *test::TestPki::Create();
  auto key = crypto::PrivateKey::GenerateP256();
  auto options = ChannelOptions();
  options.certificate_chain_pem = other->IssueDevice("D-1", key->public_key())->ToPem();
  options.private_key = ToString(key->ToPem()->Reveal());
  StartAgent();
  StopAgent();
  channel_ = std::make_unique<DeviceChannel>(options);
  SessionClient dialer(*channel_);
  SessionTiming timing;
  timing.reconnect_longest = milliseconds(100);
  timing.identity_refused_after = milliseconds(300);
  Session session(
      {dialer, *bench_->desk, *bench_->display, bench_->clock, bench_->signal, [] { return 0.5; }},
      timing);
  EXPECT_EQ(session.Run({}), SessionEnd::kIdentityRefused);
}

TEST_F(SessionTest, AnAbsentServerIsNotARefusal) {
  StartAgent();
  server_->Stop();
  EXPECT_FALSE(BecomesTrue([&] { return ended_.load(); }, std::chrono::seconds(2)));
  StopAgent();
  EXPECT_EQ(end_, SessionEnd::kStopped);
}

TEST_F(SessionTest, SealsAndSaysGoodbye) {
  bench_->StartAndWait("D-1.1", kCommandA, ChattyPlan(5));
  dv1::Command quote;
  quote.set_command_id(kCommandSeal);
  quote.mutable_take_seal_quote()->set_run_id("D-1.1");
  quote.mutable_take_seal_quote()->set_nonce(std::string(32, 'n'));
  Order(quote);
  StartAgent();
  ASSERT_TRUE(BecomesTrue([&] {
    return store_.Has("D-1.1", [](const auto& event) { return event.has_seal_quoted(); });
  }));
  dv1::Command seal;
  seal.set_command_id(kCommandSeal);
  seal.mutable_seal()->set_run_id("D-1.1");
  seal.mutable_seal()->set_birth_certificate("a.b.c");
  {
    const std::lock_guard lock(store_.mutex);
    store_.open_commands = {seal};
  }
  server_->Restart();  // the order reaches it with the next Hello
  ASSERT_TRUE(BecomesTrue([&] { return ended_.load(); }));
  EXPECT_EQ(end_, SessionEnd::kSealed);
  EXPECT_EQ(store_.goodbyes, 1);
  ExpectWholeRun("D-1.1");
  EXPECT_TRUE(store_.EventAt("D-1.1", store_.Count("D-1.1") - 1).has_seal_armed());
}

class ArtifactTest : public SessionTest {
 protected:
  ArtifactTest() : content_(50'000, 'x') {
    for (size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<char>(i * 7);
    artifact_ = {crypto::Sha256(AsBytes(content_)), content_.size(), "name"};
    store_.artifacts[ToString(ByteView(artifact_.sha256))] = content_;
    channel_ = std::make_unique<DeviceChannel>(ChannelOptions());
  }
  StatusOr<std::string> Fetch(milliseconds limit = milliseconds(20'000)) {
    ArtifactClient client(*channel_, dir_.File("artifacts"));
    return client.Fetch(artifact_, limit, [this](uint32_t percent) { percent_ = percent; }, {});
  }
  std::string Name() const { return dir_.File("artifacts/") + ToHex(artifact_.sha256); }

  std::string content_;
  Artifact artifact_;
  uint32_t percent_ = 0;
};

TEST_F(ArtifactTest, IsFetchedCheckedAndKept) {
  ASSERT_OK_AND_ASSIGN(const std::string path, Fetch());
  EXPECT_EQ(path, Name());
  EXPECT_EQ(ReadText(path), content_);
  EXPECT_EQ(percent_, 100u);
  server_->Stop();
  EXPECT_THAT(Fetch(milliseconds(100)), test::IsOk());
}

TEST_F(ArtifactTest, IsContinuedWhereItBrokeOff) {
  server_->faults.cut_artifact_at = 20'000;
  ASSERT_OK_AND_ASSIGN(const std::string path, Fetch());
  EXPECT_EQ(ReadText(path), content_);
}

TEST_F(ArtifactTest, IsContinuedByAnotherProcess) {
  std::filesystem::create_directory(dir_.File("artifacts"));
  std::ofstream(Name() + ".part", std::ios::binary) << content_.substr(0, 12'345);
  ASSERT_OK_AND_ASSIGN(const std::string path, Fetch());
  EXPECT_EQ(ReadText(path), content_);
}

TEST_F(ArtifactTest, ADamagedBeginningIsFetchedAnew) {
  std::filesystem::create_directory(dir_.File("artifacts"));
  std::ofstream(Name() + ".part", std::ios::binary) << std::string(12'345, '?');
  ASSERT_OK_AND_ASSIGN(const std::string path, Fetch());
  EXPECT_EQ(ReadText(path), content_);
}

TEST_F(ArtifactTest, OtherContentIsRefusedAndThrownAway) {
  server_->faults.spoil_artifact = true;
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kDataLoss));
  EXPECT_FALSE(std::filesystem::exists(Name()));
  EXPECT_FALSE(std::filesystem::exists(Name() + ".part"));
}

TEST_F(ArtifactTest, MoreContentThanPromisedIsRefused) {
  artifact_.size = 10'000;
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kDataLoss));
}

TEST_F(ArtifactTest, AnUnknownArtefactIsNotWaitedFor) {
  artifact_.sha256[0] ^= 1;
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kNotFound));
}

TEST_F(ArtifactTest, AnAbsentServerIsWaitedForUntilTheLimit) {
  server_->Stop();
  EXPECT_THAT(Fetch(milliseconds(500)), StatusIs(StatusCode::kUnavailable));
}

}  // namespace
}  // namespace preseal::agent
