// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/name_step.h"

#include <gmock/gmock.h>

#include "agent/adapters/steps/steps_fixture.h"

namespace preseal::agent::steps {
namespace {

using Kind = StepResult::Kind;

TEST(HostsWithNameTest, KeepsEveryOtherLine) {
  EXPECT_EQ(
      HostsWithName("127.0.0.1 localhost\n127.0.1.1\told.lan old\n# mine\n::1 localhost\n", "NEW"),
      "127.0.0.1 localhost\n127.0.1.1\tNEW\n# mine\n::1 localhost\n");
}

TEST(HostsWithNameTest, LeavesOneLineOfSeveral) {
  EXPECT_EQ(HostsWithName("127.0.1.1 a\n127.0.1.1 b\n", "NEW"), "127.0.1.1\tNEW\n");
}

TEST(HostsWithNameTest, AppendsWhereThereIsNone) {
  EXPECT_EQ(HostsWithName("127.0.0.1 localhost", "NEW"), "127.0.0.1 localhost\n127.0.1.1\tNEW\n");
  EXPECT_EQ(HostsWithName("", "NEW"), "127.0.1.1\tNEW\n");
}

TEST(HostsWithNameTest, TakesNoOtherAddressForItsOwn) {
  const std::string hosts = "127.0.1.10 a\n#127.0.1.1 b\n10.127.0.1.1 c\n";
  EXPECT_EQ(HostsWithName(hosts, "NEW"), hosts + "127.0.1.1\tNEW\n");
}

class NameStepTest : public StepsTest {};

TEST_F(NameStepTest, TakesHoldInAnEmptyTarget) {
  ExpectTakesHold(StepOf(SetNameStep{"BENCH-7"}));
  EXPECT_EQ(ReadFile(InRoot("/etc/hostname")), "BENCH-7\n");
  EXPECT_EQ(ModeOf(InRoot("/etc/hosts")), 0644);
}

TEST_F(NameStepTest, TakesHoldInASystemWithAnotherName) {
  WriteFile(InRoot("/etc/hostname"), "old\n");
  WriteFile(InRoot("/etc/hosts"), "127.0.1.1 old\n10.0.0.9 printer\n");
  ExpectTakesHold(StepOf(SetNameStep{"BENCH-7"}));
  EXPECT_EQ(ReadFile(InRoot("/etc/hosts")), "127.0.1.1\tBENCH-7\n10.0.0.9 printer\n");
}

TEST_F(NameStepTest, VerifyLooksAfresh) {
  const Step step = StepOf(SetNameStep{"BENCH-7"});
  ASSERT_EQ(Apply(step).kind, Kind::kDone);
  WriteFile(InRoot("/etc/hosts"), "127.0.1.1 somebody\n");
  EXPECT_EQ(Verify(step).kind, Kind::kNotInPlace);
}

TEST_F(NameStepTest, TwoWritersOfOneNameAreKeptApart) {
  const auto inner = [this](int) {
    EXPECT_OK(target_->WriteBytes("/other", 0644, AsBytes("y")));
    return target_->WriteBytes("/file", 0644, AsBytes("inner"));
  };
  EXPECT_THAT(target_->Write("/file", 0644, inner), test::StatusIs(StatusCode::kAborted));
  EXPECT_FALSE(std::filesystem::exists(InRoot("/file")));
  EXPECT_OK(target_->WriteBytes("/file", 0644, AsBytes("outer")));
}

}  // namespace
}  // namespace preseal::agent::steps
