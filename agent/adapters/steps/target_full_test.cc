// SPDX-License-Identifier: Apache-2.0
// A target whose disk is full.
#include <optional>

#include "agent/adapters/steps/steps_fixture.h"
#include "tests/support/small_file_system.h"

namespace preseal::agent::steps {
namespace {

using Kind = StepResult::Kind;

class TargetFullTest : public StepsTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(Small());
    disk_.emplace(Small(), "1m");
    if (!disk_->mounted()) GTEST_SKIP() << disk_->kWhyNot;
    auto target = TargetRoot::Open(Small());
    ASSERT_THAT(target, test::IsOk());
    small_ = std::make_unique<TargetRoot>(*std::move(target));
    auto executor =
        MakeStepExecutor(*small_, artifacts_, {dir_.File("scratch-2"), "PRESEAL_AGENT_STATE=test"});
    ASSERT_THAT(executor, test::IsOk());
    executor_ = *std::move(executor);
  }
  void TearDown() override {
    executor_.reset();
    small_.reset();
  }
  std::string Small() const { return dir_.File("small"); }
  Artifact TooMuch() {
    WriteFile(Outside("too-much"), std::string(2 << 20, 'x'));
    return artifacts_.Add(Outside("too-much"));
  }
  size_t FilesThere() const {
    const auto all = std::filesystem::recursive_directory_iterator(Small());
    return static_cast<size_t>(std::count_if(
        begin(all), end(all), [](const auto& entry) { return entry.is_regular_file(); }));
  }

  std::optional<test::SmallFileSystem> disk_;
  std::unique_ptr<TargetRoot> small_;
};

TEST_F(TargetFullTest, IsNamedAndLeavesNothingHalfWritten) {
  const Step step = StepOf(FileStep{"/opt/big", 0644, TooMuch()});
  ExpectFails(step, ItemCode::kTargetFull);
  EXPECT_EQ(FilesThere(), 0u);
}

TEST_F(TargetFullTest, KeepsTheOldContent) {
  ASSERT_EQ(Apply(StepOf(FileStep{"/opt/big", 0644, ToBytes("old")})).kind, Kind::kDone);
  ExpectFails(StepOf(FileStep{"/opt/big", 0644, TooMuch()}), ItemCode::kTargetFull);
  EXPECT_EQ(ReadFile(Small() + "/opt/big"), "old");
  EXPECT_EQ(FilesThere(), 1u);
}

TEST_F(TargetFullTest, IsToldOfAPackageThatDpkgRolledBack) {
  const std::string tree = Outside("tree");
  WriteFile(tree + "/DEBIAN/control",
            "Package: tiny\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\n"
            "Description: test\n");
  Shell("mkdir -p " + tree + "/opt; head -c 2000000 /dev/urandom > " + tree + "/opt/data");
  Shell("dpkg-deb --root-owner-group --build " + tree + " " + Outside("tiny.deb") + " >/dev/null");
  const Step step = StepOf(PackageStep{PackageStep::Format::kDeb,
                                       artifacts_.Add(Outside("tiny.deb")), "tiny", "1.0", ""});
  ExpectFails(step, ItemCode::kTargetFull);
  EXPECT_FALSE(std::filesystem::exists(Small() + "/opt/data"));
  EXPECT_EQ(Verify(step).kind, Kind::kNotInPlace);
}

}  // namespace
}  // namespace preseal::agent::steps
