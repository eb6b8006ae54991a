// SPDX-License-Identifier: Apache-2.0
// What needs no directory; tests/integration/hybrid_join_test.cc has the real one. The program run
// here as `net` notes how it was called and answers as told.
#include "agent/adapters/steps/join_steps.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/adapters/steps/steps_fixture.h"
#include "common/crypto/encoding.h"

namespace preseal::agent::steps {
namespace {

using testing::HasSubstr;

constexpr char kBlob[] = "/var/lib/preseal/offline-join.blob";
constexpr char kNote[] = "/var/lib/preseal/domain-join.json";

std::string BlobFor(const std::string& computer) {
  const Bytes odj = ToBytes("odj of " + computer);
  const nlohmann::json blob = {{"format", 1},
                               {"provider", "samba-offline-join"},
                               {"domain", "floor.test"},
                               {"workgroup", "FLOOR"},
                               {"computer_name", computer},
                               {"odj_sha256", ToHex(crypto::Sha256(odj))},
                               {"odj", crypto::Base64Encode(odj)}};
  return blob.dump();
}

// Hands out one text, or a failure.
class TextSource final : public JoinSource {
 public:
  StatusOr<JoinBlob> Fetch(const std::string&, std::chrono::milliseconds,
                           const std::function<void(std::string_view)>& on_wait,
                           std::stop_token) override {
    ++fetches;
    if (!failure.ok()) {
      on_wait(MessageOf(failure));
      return failure;
    }
    return JoinBlob{provider, "floor.test", Secret(text)};
  }
  std::string provider = "samba-offline-join";
  std::string text = BlobFor("PS-1");
  Status failure;
  int fetches = 0;
};

class JoinStepsTest : public StepsTest {
 protected:
  JoinStepsTest() {
    std::filesystem::create_directory(Outside("join-scratch"));
    CommandSettings commands;
    commands.target_root = Root();
    commands.scratch_directory = Outside("join-scratch");
    commands.marker = "PRESEAL_AGENT_STATE=test";
    steps_.emplace(*target_, &source_, commands, Outside("net"));
    AnswerWith("exit 0");
  }
  // `lines` of shell, after the call was noted.
  void AnswerWith(const std::string& lines) {
    WriteFile(Outside("net"), "#!/bin/sh\nfor word in \"$@\"; do echo \"$word\" >>" +
                                  Outside("noted") +
                                  "; case $word in loadfile=*) cat \"${word#loadfile=}\" >>" +
                                  Outside("noted") + ";; esac; done\n" + lines + "\n");
    std::filesystem::permissions(Outside("net"), std::filesystem::perms::owner_all);
  }
  std::string Noted() const { return ReadFile(Outside("noted")); }

  StepResult ApplyOffline() { return steps_->Apply(StepOf(offline_), offline_, notes_, {}); }
  StepResult ApplyDomain() { return steps_->Apply(StepOf(domain_), domain_, notes_, {}); }
  StepResult CheckDomain() { return steps_->Check(StepOf(domain_), domain_, notes_, {}); }
  static void ExpectFailure(const StepResult& result, ItemCode code, const std::string& text) {
    EXPECT_EQ(result.kind, StepResult::Kind::kFailed);
    EXPECT_EQ(NameOf(result.code), NameOf(code));
    EXPECT_THAT(result.message, HasSubstr(text));
  }

  OfflineJoinStep offline_{"floor.test", "PS-1"};
  DomainJoinStep domain_{"floor.test"};
  TextSource source_;
  std::optional<JoinSteps> steps_;
};

TEST_F(JoinStepsTest, LaysTheBlobIntoTheTargetForItsOwnerAlone) {
  EXPECT_EQ(steps_->Check(offline_).kind, StepResult::Kind::kNotInPlace);
  EXPECT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot(kBlob)), BlobFor("PS-1"));
  EXPECT_EQ(ModeOf(InRoot(kBlob)), 0600U);
  EXPECT_EQ(steps_->Check(offline_).kind, StepResult::Kind::kDone);
}

TEST_F(JoinStepsTest, TechnicianHalfRunsNoProgram) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  EXPECT_EQ(Noted(), "");
}

TEST_F(JoinStepsTest, SeesThatTheBlobWasCutShort) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  std::filesystem::resize_file(InRoot(kBlob), 100);
  EXPECT_EQ(steps_->Check(offline_).kind, StepResult::Kind::kNotInPlace);
}

TEST_F(JoinStepsTest, SeesThatOthersMayReadTheBlob) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  std::filesystem::permissions(InRoot(kBlob), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(steps_->Check(offline_).kind, StepResult::Kind::kNotInPlace);
}

TEST_F(JoinStepsTest, SeesThatTheBlobIsForAnEarlierName) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  offline_.computer_name = "PS-2";
  const StepResult result = steps_->Check(offline_);
  EXPECT_EQ(result.kind, StepResult::Kind::kNotInPlace);
  EXPECT_THAT(result.message, HasSubstr("PS-1"));
}

TEST_F(JoinStepsTest, RefusesABlobForAnotherDomain) {
  offline_.domain = "other.test";
  ExpectFailure(ApplyOffline(), ItemCode::kJoinRefused, "floor.test");
  EXPECT_FALSE(std::filesystem::exists(InRoot(kBlob)));
}

TEST_F(JoinStepsTest, RefusesAProviderItDoesNotKnow) {
  source_.provider = "other";
  ExpectFailure(ApplyOffline(), ItemCode::kJoinRefused, "join provider other");
}

TEST_F(JoinStepsTest, DirectoryThatIsGoneIsNamedAndMayBeTriedAgain) {
  source_.failure = Unavailable("no domain controller of floor.test answers");
  const StepResult result = ApplyOffline();
  ExpectFailure(result, ItemCode::kJoinUnavailable, "no domain controller");
  EXPECT_FALSE(result.final);
  EXPECT_THAT(notes_.lines, testing::Contains(HasSubstr("waiting for the directory")));
}

TEST_F(JoinStepsTest, RefusalOfTheDirectoryIsFinal) {
  source_.failure = FailedPrecondition("the computer name PS-1 belongs to somebody");
  const StepResult result = ApplyOffline();
  ExpectFailure(result, ItemCode::kJoinRefused, "belongs to somebody");
  EXPECT_TRUE(result.final);
}

TEST_F(JoinStepsTest, UserHalfLoadsTheBlobAsksTheControllerAndForgetsTheBlob) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  EXPECT_EQ(CheckDomain().kind, StepResult::Kind::kNotInPlace);
  const StepResult applied = ApplyDomain();
  EXPECT_EQ(applied.kind, StepResult::Kind::kDone) << applied.message;
  EXPECT_THAT(Noted(), HasSubstr("requestodj"));
  EXPECT_THAT(Noted(), HasSubstr("odj of PS-1"));
  EXPECT_THAT(Noted(), HasSubstr("testjoin"));
  EXPECT_FALSE(std::filesystem::exists(InRoot(kBlob)));
  EXPECT_TRUE(std::filesystem::exists(InRoot(kNote)));
  EXPECT_EQ(CheckDomain().kind, StepResult::Kind::kDone);
  EXPECT_TRUE(std::filesystem::is_empty(Outside("join-scratch")));
}

TEST_F(JoinStepsTest, KeepsTheBlobUntilAControllerConfirmed) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  AnswerWith("if [ \"$1\" = ads ]; then echo No logon servers >&2; exit 255; fi");
  const StepResult result = ApplyDomain();
  ExpectFailure(result, ItemCode::kJoinUnavailable, "No logon servers");
  EXPECT_FALSE(result.final);
  EXPECT_TRUE(std::filesystem::exists(InRoot(kBlob)));
}

// Samba calls such a join good for an hour yet.
TEST_F(JoinStepsTest, SupersededBlobIsNoJoin) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  AnswerWith(
      "if [ \"$1\" = ads ]; then echo 'kerberos_kinit_password PS-1$ failed: Preauthentication "
      "failed' >&2; echo Join is OK; fi");
  ExpectFailure(ApplyDomain(), ItemCode::kJoinRefused, "newer join blob");
  EXPECT_TRUE(std::filesystem::exists(InRoot(kBlob)));
}

TEST_F(JoinStepsTest, JoinedDeviceIsGivenNoOtherBlob) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  ASSERT_EQ(ApplyDomain().kind, StepResult::Kind::kDone);
  EXPECT_EQ(steps_->Check(offline_).kind, StepResult::Kind::kDone);
  EXPECT_EQ(source_.fetches, 1);
}

TEST_F(JoinStepsTest, SaysThatNoBlobWasDelivered) {
  ExpectFailure(ApplyDomain(), ItemCode::kJoinRefused, "technician flow must fetch it");
}

TEST_F(JoinStepsTest, SaysThatNetIsMissing) {
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  std::filesystem::remove(Outside("net"));
  ExpectFailure(ApplyDomain(), ItemCode::kJoinRefused, "samba-common-bin");
}

TEST_F(JoinStepsTest, LeavesTheTargetsOwnSambaConfigurationAlone) {
  WriteFile(InRoot("/etc/samba/smb.conf"), "[global]\nworkgroup = MINE\n");
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  ASSERT_EQ(ApplyDomain().kind, StepResult::Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot("/etc/samba/smb.conf")), "[global]\nworkgroup = MINE\n");
  EXPECT_THAT(ReadFile(InRoot("/etc/samba/preseal-join.conf")), HasSubstr("workgroup = FLOOR\n"));
}

TEST_F(JoinStepsTest, RefusesASambaFolderThatLeadsOutOfTheTarget) {
  std::filesystem::create_directories(InRoot("/var/lib"));
  std::filesystem::create_directories(Outside("elsewhere"));
  std::filesystem::create_directories(InRoot(Outside("elsewhere")));
  std::filesystem::create_symlink(Outside("elsewhere"), InRoot("/var/lib/samba"));
  ASSERT_EQ(ApplyOffline().kind, StepResult::Kind::kDone);
  ExpectFailure(ApplyDomain(), ItemCode::kTargetPathRefused, "leads out of the target");
  EXPECT_EQ(Noted(), "");
}

}  // namespace
}  // namespace preseal::agent::steps
