// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "agent/adapters/steps/steps_fixture.h"
#include "common/crypto/issue.h"

namespace preseal::agent::steps {
namespace {

using test::StatusIs;
using testing::Contains;
using testing::ElementsAre;
using Kind = StepResult::Kind;

FileStep Motd(uint32_t mode = 0640) { return {"/etc/motd", mode, ToBytes("hello\n")}; }

TEST_F(StepsTest, FileIsWrittenWithItsContentAndMode) {
  ExpectTakesHold(StepOf(Motd()));
  EXPECT_EQ(ReadFile(InRoot("/etc/motd")), "hello\n");
  EXPECT_EQ(ModeOf(InRoot("/etc/motd")), 0640u);
}

TEST_F(StepsTest, FileWithOtherContentIsNotInPlace) {
  ASSERT_EQ(Apply(StepOf(Motd())).kind, Kind::kDone);
  WriteFile(InRoot("/etc/motd"), "Hello\n");
  EXPECT_EQ(Verify(StepOf(Motd())).kind, Kind::kNotInPlace);
}

TEST_F(StepsTest, FileWithAnotherModeIsNotInPlace) {
  ASSERT_EQ(Apply(StepOf(Motd())).kind, Kind::kDone);
  ASSERT_EQ(::chmod(InRoot("/etc/motd").c_str(), 0644), 0);
  EXPECT_EQ(Verify(StepOf(Motd())).kind, Kind::kNotInPlace);
}

TEST_F(StepsTest, FileFromAnArtefactHasItsContent) {
  WriteFile(Outside("source"), std::string(3 << 20, 'z'));
  ExpectTakesHold(StepOf(FileStep{"/opt/data", 0600, artifacts_.Add(Outside("source"))}));
  EXPECT_EQ(ReadFile(InRoot("/opt/data")).size(), size_t{3} << 20);
}

TEST_F(StepsTest, ArtefactFailuresHaveTheirOwnCodes) {
  const Step step = StepOf(FileStep{"/opt/data", 0600, Artifact{{}, 1, "x"}});
  artifacts_.FailWith(DataLoss("digest"));
  ExpectFails(step, ItemCode::kArtifactDigestMismatch);
  artifacts_.FailWith(Unavailable("no server"));
  ExpectFails(step, ItemCode::kArtifactUnavailable);
  artifacts_.FailWith(ResourceExhausted("disk full"));
  ExpectFails(step, ItemCode::kTargetFull);
  EXPECT_FALSE(std::filesystem::exists(InRoot("/opt/data")));
}

TEST_F(StepsTest, FileReplacesALinkInsteadOfFollowingIt) {
  WriteFile(Outside("victim"), "untouched");
  std::filesystem::create_directory(InRoot("/etc"));
  std::filesystem::create_symlink(Outside("victim"), InRoot("/etc/motd"));
  ExpectTakesHold(StepOf(Motd()));
  EXPECT_EQ(ReadFile(Outside("victim")), "untouched");
  EXPECT_TRUE(
      std::filesystem::is_regular_file(std::filesystem::symlink_status(InRoot("/etc/motd"))));
}

TEST_F(StepsTest, AFolderThatIsAnAbsoluteLinkStaysInsideTheTarget) {
  std::filesystem::create_directory(Outside("victim"));
  std::filesystem::create_directory_symlink(Outside("victim"), InRoot("/etc"));
  // The link's text, read inside the target, names a folder that is not there.
  EXPECT_EQ(Apply(StepOf(Motd())).kind, Kind::kFailed);
  EXPECT_TRUE(std::filesystem::is_empty(Outside("victim")));
}

TEST_F(StepsTest, AFolderLinkThatClimbsOutStaysInsideTheTarget) {
  std::filesystem::create_directory(Outside("victim"));
  std::filesystem::create_directory(InRoot("/victim"));
  std::filesystem::create_directory_symlink("../../victim", InRoot("/etc"));
  ExpectTakesHold(StepOf(Motd()));
  EXPECT_TRUE(std::filesystem::is_empty(Outside("victim")));
  EXPECT_EQ(ReadFile(InRoot("/victim/motd")), "hello\n");
}

TEST_F(StepsTest, AMergedUsrLinkIsFollowedAsTheTargetWould) {
  std::filesystem::create_directories(InRoot("/usr/lib"));
  std::filesystem::create_directory_symlink("usr/lib", InRoot("/lib"));
  ExpectTakesHold(StepOf(FileStep{"/lib/x", 0644, ToBytes("x")}));
  EXPECT_EQ(ReadFile(InRoot("/usr/lib/x")), "x");
}

TEST_F(StepsTest, AFileInPlaceOfAFolderIsRefused) {
  WriteFile(InRoot("/etc"), "a file");
  ExpectFails(StepOf(Motd()), ItemCode::kTargetPathRefused);
}

TEST_F(StepsTest, AFullTargetHasItsOwnCodeAndLeavesNothingBehind) {
  const std::string small = Outside("small");
  std::filesystem::create_directory(small);
  if (::system(("mount -t tmpfs -o size=64k tmpfs " + small + " 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "LOUD SKIP: mounting a tmpfs is not allowed here, a full disk was not tested";
  }
  {
    ASSERT_OK_AND_ASSIGN(TargetRoot target, TargetRoot::Open(small));
    ASSERT_OK_AND_ASSIGN(const auto executor,
                         MakeStepExecutor(target, artifacts_, {dir_.File("scratch2"), "M=1"}));
    const Step step = StepOf(FileStep{"/big", 0644, Bytes(200 * 1024, 'x')});
    const StepResult result = executor->Apply(step, notes_, {});
    EXPECT_EQ(NameOf(result.code), "TARGET_FULL");
    EXPECT_TRUE(std::filesystem::is_empty(small));
  }
  ASSERT_EQ(::system(("umount " + small).c_str()), 0);
}

TEST_F(StepsTest, CertificateMustParse) {
  const Step step = StepOf(CertificateStep{"/etc/ssl/ca.pem", ToBytes("not a certificate")});
  const StepResult result = Detect(step);
  EXPECT_EQ(result.kind, Kind::kFailed);
  EXPECT_EQ(NameOf(result.code), "CONTENT_INVALID");
  EXPECT_TRUE(result.final);
}

TEST_F(StepsTest, CertificateIsInstalled) {
  const WallTime now = std::chrono::system_clock::now();
  ASSERT_OK_AND_ASSIGN(const auto key, crypto::PrivateKey::GenerateP256());
  ASSERT_OK_AND_ASSIGN(const auto ca,
                       crypto::IssueCa("Org", "CA", {now, now + std::chrono::hours(1)}, key));
  ExpectTakesHold(StepOf(CertificateStep{"/etc/ssl/ca.pem", ToBytes(ca.ToPem())}));
  EXPECT_EQ(ModeOf(InRoot("/etc/ssl/ca.pem")), 0644u);
}

TEST_F(StepsTest, NetworkProfilesGoWhereTheirManagerLooks) {
  using Format = NetworkProfileStep::Format;
  ExpectTakesHold(StepOf(NetworkProfileStep{"10-lan", Format::kSystemdNetworkd, "[Match]\n"}));
  EXPECT_EQ(ReadFile(InRoot("/etc/systemd/network/10-lan.network")), "[Match]\n");
  ExpectTakesHold(
      StepOf(NetworkProfileStep{"office", Format::kNetworkManagerKeyfile, "[connection]\n"}));
  // It may hold a pre-shared key, and NetworkManager ignores it otherwise.
  EXPECT_EQ(ModeOf(InRoot("/etc/NetworkManager/system-connections/office.nmconnection")), 0600u);
}

TEST_F(StepsTest, ScriptRunsInTheTargetAndTellsLinesAndProgress) {
  const Step step = StepOf(ScriptStep{"test -e done",
                                      "echo working; echo 'PRESEAL_PROGRESS 40'; pwd; "
                                      "echo \"$PRESEAL_TARGET_ROOT\"; touch done",
                                      "test -e done"});
  ExpectTakesHold(step);
  EXPECT_THAT(notes_.lines, ElementsAre("working", Root(), Root()));
  EXPECT_THAT(notes_.percents, ElementsAre(40));
}

TEST_F(StepsTest, ScriptWithAWrongProgressLineIsJustOutput) {
  ASSERT_EQ(Apply(StepOf(ScriptStep{"", "echo 'PRESEAL_PROGRESS 4x'", ""})).kind, Kind::kDone);
  EXPECT_THAT(notes_.lines, ElementsAre("PRESEAL_PROGRESS 4x"));
}

TEST_F(StepsTest, ScriptExitCodesAreMapped) {
  Step step = StepOf(ScriptStep{"", "echo fan stalled >&2; exit 7", ""});
  StepResult result = Apply(step);
  EXPECT_EQ(result.message, "apply ended with exit code 7: fan stalled");
  EXPECT_EQ(NameOf(result.code), "STEP_EXIT_CODE");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_FALSE(result.final);
  step.exit_codes = {{7, ExitMeaning::kFail}};
  EXPECT_TRUE(Apply(step).final);
  step.exit_codes = {{7, ExitMeaning::kSuccess}};
  result = Apply(step);
  EXPECT_EQ(result.kind, Kind::kDone);
  EXPECT_EQ(result.exit_code, 7);
}

TEST_F(StepsTest, ScriptOverItsTimeoutIsEnded) {
  Step step = StepOf(ScriptStep{"", "sleep 100", ""});
  step.timeout = std::chrono::milliseconds(100);
  ExpectFails(step, ItemCode::kStepTimeout);
}

TEST_F(StepsTest, ScriptEndedByASignalHasItsOwnCode) {
  ExpectFails(StepOf(ScriptStep{"", "kill -SEGV $$", ""}), ItemCode::kStepSignalled);
}

TEST_F(StepsTest, ScriptLongerThanOneArgumentMayBeRuns) {
  const std::string padding(200 * 1024, '#');
  ASSERT_EQ(Apply(StepOf(ScriptStep{"", padding + "\necho end", ""})).kind, Kind::kDone);
  EXPECT_THAT(notes_.lines, Contains("end"));
}

TEST_F(StepsTest, ScriptLeavesNoCopyOfItself) {
  ASSERT_EQ(Apply(StepOf(ScriptStep{"", "true # secret", ""})).kind, Kind::kDone);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.File("scratch")));
}

TEST_F(StepsTest, StopEndsAScript) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(
      executor_->Apply(StepOf(ScriptStep{"", "sleep 100", ""}), notes_, stop.get_token()).kind,
      Kind::kStopped);
}

TEST_F(StepsTest, SealWritesCertificateAndFirstBootAndRemovesSecrets) {
  const std::string state = dir_.File("state");
  WriteFile(state + "/artifacts/x", "cached");
  WriteFile(state + "/station/key.pem", "key");
  WriteFile(state + "/identity/identity.json", "{}");
  const auto seal = MakeSealTarget(
      *target_, {state, {state + "/artifacts", state + "/station", state + "/none"}});
  for (int again = 0; again < 2; ++again) {
    EXPECT_OK(seal->StoreBirthCertificate("a.b.c"));
    EXPECT_OK(seal->ScrubSecrets());
    EXPECT_OK(seal->ArmFirstBoot({"D-1", "D-1.2", "C-0"}));
  }
  EXPECT_EQ(ReadFile(InRoot("/var/lib/preseal/birth-certificate.jws")), "a.b.c");
  EXPECT_EQ(ReadFile(state + "/birth-certificate.jws"), "a.b.c");
  EXPECT_NE(ReadFile(InRoot("/var/lib/preseal/first-boot.json")).find("\"device_id\": \"D-1\""),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(state + "/artifacts"));
  EXPECT_FALSE(std::filesystem::exists(state + "/station"));
  EXPECT_TRUE(std::filesystem::exists(state + "/identity/identity.json"));
}

}  // namespace
}  // namespace preseal::agent::steps
