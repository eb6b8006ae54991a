// SPDX-License-Identifier: Apache-2.0
// Several packages at the same time: dpkg takes one lock, so they take turns.
#include <future>
#include <latch>

#include "agent/adapters/steps/steps_fixture.h"

namespace preseal::agent::steps {
namespace {

using Kind = StepResult::Kind;

// Holds an installation up where it has its turn and dpkg has not begun.
class HoldUp final : public StepObserver {
 public:
  void OnLine(std::string_view) override {}
  void OnPercent(uint32_t percent) override {
    if (percent != 70) return;
    there.count_down();
    go.wait();
  }
  void OnCount(uint64_t, uint64_t) override {}

  std::latch there{1};
  std::latch go{1};
};

class PackageTurnTest : public StepsTest {
 protected:
  Step PackageNamed(const std::string& name) {
    const std::string tree = Outside("tree-" + name), deb = Outside(name + ".deb");
    WriteFile(tree + "/DEBIAN/control", "Package: " + name +
                                            "\nVersion: 1.0\nArchitecture: all\n"
                                            "Maintainer: T <t@example.org>\nDescription: test\n");
    WriteFile(tree + "/opt/" + name, name);
    Shell("dpkg-deb --root-owner-group --build " + tree + " " + deb + " >/dev/null");
    Step step =
        StepOf(PackageStep{PackageStep::Format::kDeb, artifacts_.Add(deb), name, "1.0", ""});
    step.item_id = name;
    return step;
  }
};

TEST_F(PackageTurnTest, AllAreInstalledThoughTheyComeAtOnce) {
  std::vector<Step> steps;
  for (const char* name : {"one", "two", "three", "four"}) steps.push_back(PackageNamed(name));
  std::vector<std::future<StepResult>> results;
  for (const Step& step : steps) {
    results.push_back(std::async(std::launch::async, [this, &step] {
      Notes notes;
      return executor_->Apply(step, notes, {});
    }));
  }
  for (auto& result : results) {
    const StepResult ended = result.get();
    EXPECT_EQ(ended.kind, Kind::kDone) << ended.message;
  }
  for (const Step& step : steps) EXPECT_EQ(Verify(step).kind, Kind::kDone) << step.item_id;
}

TEST_F(PackageTurnTest, WaitsNoLongerThanItsOwnTimeout) {
  const Step first = PackageNamed("one");
  Step second = PackageNamed("two");
  second.timeout = std::chrono::milliseconds(500);
  HoldUp hold_up;
  auto installed =
      std::async(std::launch::async, [&] { return executor_->Apply(first, hold_up, {}); });
  hold_up.there.wait();
  EXPECT_EQ(NameOf(Apply(second).code), "INSTALLER_BUSY");
  hold_up.go.count_down();
  EXPECT_EQ(installed.get().kind, Kind::kDone);
}

TEST_F(PackageTurnTest, StopsWaitingWhenToldTo) {
  const Step first = PackageNamed("one"), second = PackageNamed("two");
  HoldUp hold_up;
  auto installed =
      std::async(std::launch::async, [&] { return executor_->Apply(first, hold_up, {}); });
  hold_up.there.wait();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(executor_->Apply(second, notes_, stop.get_token()).kind, Kind::kStopped);
  hold_up.go.count_down();
  EXPECT_EQ(installed.get().kind, Kind::kDone);
}

}  // namespace
}  // namespace preseal::agent::steps
