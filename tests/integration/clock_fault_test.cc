// SPDX-License-Identifier: Apache-2.0
// Time that goes wrong for the real programs: a server that is gone for an hour, a device whose
// clock is off by a day.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>

#include "tests/integration/flow_fixture.h"
#include "tests/support/device_clock.h"

namespace preseal::test {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;
using testing::HasSubstr;
using testing::Not;

constexpr auto kDay = 24h;
constexpr char kOnScreen[] = "connection offline detail=\"set the device's clock: it says";

// The first step says one numbered line after the other until it is let go.
constexpr char kFirst[] = R"(  - id: first
    name: first
    category: policies
    timeout: {}
    script:
      apply: |
        n=0
        until test -e go; do n=$((n+1)); echo "line $n"; echo $n > lines; sleep 0.02; done
        echo applied >> first
      verify: test -e go
  - id: second
    name: second
    category: policies
    script: {{apply: echo applied >> second, verify: test -e second}}
)";

class ClockFault : public FlowScenario {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "clocks are turned by a library that is loaded first, as a sanitizer wants to";
#endif
  }
  // `server_age`: how long ago its certificates were made.
  void OpenWithClock(const std::string& profile, std::chrono::nanoseconds server_age = 0h) {
    ASSERT_OK_AND_ASSIGN(const auto server_clock, DeviceClock::Make(folder_.File("server-clock")));
    server_clock->SetAhead(-server_age);
    ASSERT_NO_FATAL_FAILURE(Open({.profile = profile,
                                  .assigned_user = "ana@corp.example",
                                  .init_through = server_clock->Launcher()}));
    ASSERT_OK_AND_ASSIGN(clock_, DeviceClock::Make(folder_.File("device-clock")));
    floor_->StartAgentsThrough(1, clock_->Launcher());
  }
  static std::string Profile(const std::string& timeout) {
    return "kind: DeploymentProfile\nname: test\npreprovisioning_allowed: true\n"
           "esp: {timeout: 180min, install_quality_updates: false}\n"
           "out_of_box: {hide_privacy: true, hide_licence: true, skip_network: true}\nitems:\n" +
           fmt::format(kFirst, timeout);
  }
  void BeginFirst(const std::string& timeout = "120min") {
    ASSERT_NO_FATAL_FAILURE(OpenWithClock(Profile(timeout)));
    ASSERT_NO_FATAL_FAILURE(StartRun(1));
    ASSERT_OK(WaitUntil("the first step", TestFloor::kDeadline, [&] { return LinesSaid() > 0; }));
  }
  int LinesSaid() { return std::atoi(TargetText("lines").c_str()); }
  // Minute by minute, and the step is at work in every one.
  void PassMinutes(int minutes) {
    for (int i = 0; i < minutes; ++i) {
      clock_->Pass(1min);
      const int said = LinesSaid();
      ASSERT_OK(WaitUntil("the step", TestFloor::kDeadline,
                          [&] { return LinesSaid() > said || !floor_->agent(1)->Running(); }));
    }
  }
  void ExpectSealedWithTheServersTimes(std::chrono::nanoseconds ahead) {
    clock_->SetAhead(ahead);
    ASSERT_NO_FATAL_FAILURE(Touch("go"));
    ASSERT_NO_FATAL_FAILURE(SealDevice(1));
    EXPECT_LT(device_.durations().device_setup().seconds(), 120);
    EXPECT_EQ(device_.seal().age(), fleet::v1::Seal::AGE_FRESH);
    ASSERT_OK_AND_ASSIGN(const auto journal, floor_->api().Journal(floor_->name(1)));
    for (const auto& entry : journal) {
      EXPECT_LT(std::abs(entry.receive_time().seconds() - std::time(nullptr)), 120);
    }
  }
  void WaitForLog(const std::string& text, const std::string& file = "agent.log") {
    ASSERT_OK(WaitUntil("the log to say " + text, TestFloor::kDeadline, [&] {
      return LogOf(1, file).find(text) != std::string::npos;
    })) << LogOf(1, file);
  }
  void ServerComesBack() {
    ASSERT_OK(floor_->StartServer());
    ASSERT_NO_FATAL_FAILURE(Connect());
  }
  std::vector<std::string> JournalLines() {
    std::vector<std::string> lines;
    const auto journal = floor_->api().Journal(floor_->name(1));
    EXPECT_OK(journal.status());
    for (const auto& entry : *journal) {
      if (entry.kind() == "log-line" && entry.text().starts_with("line ")) {
        lines.push_back(entry.text());
      }
    }
    return lines;
  }

  TempDir folder_;
  std::unique_ptr<DeviceClock> clock_;
};

TEST_F(ClockFault, AServerGoneForAnHourInMidStepCostsNothing) {
  ASSERT_NO_FATAL_FAILURE(BeginFirst());
  floor_->KillServer();
  ASSERT_NO_FATAL_FAILURE(PassMinutes(60));
  const int said = LinesSaid();
  ASSERT_NO_FATAL_FAILURE(Touch("go"));
  ASSERT_OK(WaitUntil("the second step", TestFloor::kDeadline, [&] { return InTarget("second"); }));
  ASSERT_NO_FATAL_FAILURE(ServerComesBack());
  ASSERT_NO_FATAL_FAILURE(Reseal(1));
  EXPECT_EQ(TargetText("first"), "applied\n");
  EXPECT_EQ(TargetText("second"), "applied\n");
  EXPECT_EQ(device_.run().attempt(), 1U);
  EXPECT_EQ(device_.deployment_state(), progress::v1::DEPLOYMENT_STATE_SUCCESS);
  std::vector<std::string> expected;
  for (int n = 1; n <= LinesSaid(); ++n) expected.push_back(fmt::format("line {}", n));
  ASSERT_GE(LinesSaid(), said);
  EXPECT_EQ(JournalLines(), expected);  // nothing lost, nothing twice
  EXPECT_THAT(LogOf(1), Not(HasSubstr("enrolling again")));
}

TEST_F(ClockFault, ADeadlineThatPassesWhileTheServerIsGoneFiresAndIsToldAfterwards) {
  ASSERT_NO_FATAL_FAILURE(BeginFirst("30min"));
  floor_->KillServer();
  ASSERT_NO_FATAL_FAILURE(PassMinutes(28));
  const int said = LinesSaid();
  ASSERT_OK(WaitUntil("another line", TestFloor::kDeadline, [&] { return LinesSaid() > said; }));
  clock_->Pass(5min);
  ASSERT_NO_FATAL_FAILURE(ServerComesBack());
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_FAILED));
  EXPECT_EQ(device_.failure().code(), "STEP_TIMEOUT");
  EXPECT_FALSE(InTarget("second"));
}

TEST_F(ClockFault, AClockADayAheadIsSealedWithTheServersTimes) {
  ASSERT_NO_FATAL_FAILURE(OpenWithClock(Profile("60min")));
  ASSERT_NO_FATAL_FAILURE(ExpectSealedWithTheServersTimes(kDay));
}

TEST_F(ClockFault, AClockADayBehindIsSealedWithTheServersTimesByAServerOlderThanThat) {
  ASSERT_NO_FATAL_FAILURE(OpenWithClock(Profile("60min"), 3 * kDay));
  ASSERT_NO_FATAL_FAILURE(ExpectSealedWithTheServersTimes(-kDay));
}

TEST_F(ClockFault, AClockADayBehindIsNamedAndTheDeviceGoesOnOnceItIsSet) {
  ASSERT_NO_FATAL_FAILURE(OpenWithClock(Profile("60min")));
  ASSERT_NO_FATAL_FAILURE(Touch("go"));
  clock_->SetAhead(-kDay);
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_NO_FATAL_FAILURE(WaitForLog(kOnScreen));
  clock_->SetAhead(0s);
  ASSERT_OK(floor_->WaitForState(1, DEVICE_STATE_ENROLLED).status());
  ASSERT_OK(floor_->api().Start(floor_->name(1)));
  ASSERT_NO_FATAL_FAILURE(Reseal(1));
}

TEST_F(ClockFault, AClockThatFallsADayBackInMidRunCostsTheDeviceNeitherItsIdentityNorItsRun) {
  ASSERT_NO_FATAL_FAILURE(BeginFirst());
  clock_->SetAhead(-kDay);
  floor_->KillServer();
  ASSERT_NO_FATAL_FAILURE(ServerComesBack());
  ASSERT_NO_FATAL_FAILURE(WaitForLog(kOnScreen));
  ASSERT_NO_FATAL_FAILURE(PassMinutes(5));
  ASSERT_NO_FATAL_FAILURE(Touch("go"));
  ASSERT_OK(WaitUntil("the second step", TestFloor::kDeadline, [&] { return InTarget("second"); }));
  clock_->SetAhead(0s);
  ASSERT_NO_FATAL_FAILURE(Reseal(1));
  EXPECT_EQ(TargetText("first"), "applied\n");
  EXPECT_EQ(device_.run().attempt(), 1U);
  EXPECT_THAT(LogOf(1), Not(HasSubstr("enrolling again")));
}

TEST_F(ClockFault, AUserIsToldOfTheClockAndNotThatTheDeviceIsUnknown) {
  ASSERT_NO_FATAL_FAILURE(OpenWithClock(Profile("60min")));
  ASSERT_NO_FATAL_FAILURE(Touch("go"));
  ASSERT_NO_FATAL_FAILURE(SealDevice(1));
  ASSERT_OK_AND_ASSIGN(const std::string code, flow().IssueUserCode(floor_->name(1)));
  ASSERT_OK(floor_->Reboot(1));
  clock_->SetAhead(-kDay);
  ASSERT_OK(floor_->StartUserAgent(1, Answers("ana@corp.example", code)));
  ASSERT_NO_FATAL_FAILURE(WaitForLog(kOnScreen, "user.log"));
  for (int i = 0; i < 3; ++i) clock_->Pass(1min);
  clock_->SetAhead(0s);
  ASSERT_OK(floor_->WaitForState(1, DEVICE_STATE_IN_SERVICE).status());
  ASSERT_OK(floor_->WaitForEnd(1, 0));
  EXPECT_THAT(LogOf(1, "user.log"), Not(HasSubstr("This device is not known")));
}

}  // namespace
}  // namespace preseal::test
