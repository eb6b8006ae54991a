// SPDX-License-Identifier: Apache-2.0
// Server or agent is killed at one point of a device's way to the seal and started again. Whatever
// the point, the device arrives, nothing durable is lost and nothing happens twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <ostream>
#include <set>

#include "common/crypto/jws.h"
#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal::test {
namespace {

using fleet::v1::Device;
using lifecycle::v1::DEVICE_STATE_BLOCKED;
using lifecycle::v1::DEVICE_STATE_ENROLLED;
using lifecycle::v1::DEVICE_STATE_FAILED;
using lifecycle::v1::DEVICE_STATE_PRESENT;
using lifecycle::v1::DEVICE_STATE_PROVISIONING;
using lifecycle::v1::DEVICE_STATE_READY_TO_SEAL;
using lifecycle::v1::DEVICE_STATE_SEALED;
using lifecycle::v1::DEVICE_STATE_SEALING;

// Each script notes a line in `printed` before it prints it, and takes effect with its one last
// write: whoever finds that write done must not apply it again. A line's text names script, process
// and number, so that no two lines are alike.
constexpr char kProfile[] = R"(name: test
items:
  - id: first
    name: First step
    category: policies
    script:
      detect: test -s applied-first
      apply: |
        for n in 1 2 3 4 5 6; do
          echo "first $$ $n" >> printed; echo "first $$ $n"; sleep 0.05
        done
        echo "first $$ end" >> printed
        echo $$ >> applied-first
      verify: test -s applied-first
  - id: second
    name: Second step
    category: apps
    after: [first]
    script:
      detect: test -s applied-second
      apply: |
        for n in 1 2 3 4 5 6; do
          echo "second $$ $n" >> printed; echo "second $$ $n"; sleep 0.05
        done
        echo "second $$ end" >> printed
        echo $$ >> applied-second
      verify: test -s applied-second
)";

enum class Victim { kServer, kAgent };

struct KillPoint {
  std::string name;
  Victim victim = Victim::kServer;
  // The first look at the device for which this holds kills the victim.
  std::function<bool(const Device&)> reached;
};
void PrintTo(const KillPoint& point, std::ostream* out) { *out << point.name; }

std::function<bool(const Device&)> State(lifecycle::v1::DeviceState state) {
  // Or past it: a short state may come and go between two looks.
  return [state](const Device& device) { return device.state() >= state; };
}
std::function<bool(const Device&)> Events(uint64_t count) {
  return [count](const Device& device) { return device.run().event_count() >= count; };
}

std::vector<KillPoint> KillPoints() {
  // 1 run-started, 2-3 first's states, then its lines; the second step's come after about 12.
  const std::vector<std::pair<std::string, std::function<bool(const Device&)>>> kPlaces = {
      {"WhileItEnrols", State(DEVICE_STATE_PRESENT)},
      {"OnceEnrolled", State(DEVICE_STATE_ENROLLED)},
      {"AsTheRunStarts", State(DEVICE_STATE_PROVISIONING)},
      {"AfterTheFirstEvent", Events(1)},
      {"AmidTheFirstStepsLines", Events(6)},
      {"BetweenTheSteps", Events(12)},
      {"AmidTheSecondStepsLines", Events(17)},
      {"OnceReadyToSeal", State(DEVICE_STATE_READY_TO_SEAL)},
      {"WhileItSeals", State(DEVICE_STATE_SEALING)},
  };
  std::vector<KillPoint> points;
  for (const Victim victim : {Victim::kServer, Victim::kAgent}) {
    for (const auto& [name, reached] : kPlaces) {
      points.push_back({(victim == Victim::kServer ? "Server" : "Agent") + name, victim, reached});
    }
  }
  return points;
}

std::vector<std::string> LinesOf(const std::string& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class KillTest : public testing::TestWithParam<KillPoint> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(floor_, TestFloor::Open({.profile = kProfile}));
    ASSERT_OK(floor_->StartAgent(1));
  }

  // Kills the victim and starts it again.
  Status Strike() {
    struck_ = true;
    if (GetParam().victim == Victim::kServer) {
      floor_->KillServer();
      return floor_->StartServer();
    }
    floor_->KillAgent(1);
    return floor_->StartAgent(1);
  }
  // What a technician does next. A request_id each, so that asking twice is asking once.
  Status Press(const Device& device) {
    if (device.state() == DEVICE_STATE_ENROLLED) {
      return floor_->api().Start(device.name(), "start").status();
    }
    if (device.state() == DEVICE_STATE_READY_TO_SEAL) {
      return floor_->api().Reseal(device.name(), "reseal").status();
    }
    return OkStatus();
  }
  // The whole way, with one strike on it.
  void BringToSeal() {
    Status step;
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitFor(1, "the seal", [&](const Device& device) {
      const bool ended = device.state() == DEVICE_STATE_SEALED ||
                         device.state() == DEVICE_STATE_FAILED ||
                         device.state() == DEVICE_STATE_BLOCKED;
      step = !struck_ && GetParam().reached(device) ? Strike() : Press(device);
      return ended || !step.ok();
    }));
    ASSERT_OK(step);
    ASSERT_TRUE(struck_) << "the point was never seen";
    ASSERT_EQ(device_.state(), DEVICE_STATE_SEALED) << device_.ShortDebugString();
    ASSERT_OK_AND_ASSIGN(journal_, floor_->api().Journal(device_.name()));
  }

  void ExpectUnbrokenSequences() const {
    EXPECT_EQ(device_.run().attempt(), 1U);
    ASSERT_EQ(journal_.size(), device_.run().event_count());
    for (size_t i = 0; i < journal_.size(); ++i) EXPECT_EQ(journal_[i].sequence(), i + 1);
  }
  // Every line of a script that ran to its end is in the journal, and no line is there twice. A
  // script that died with its agent printed into the void: only what came before can be asked for.
  void ExpectEveryLineOnce() const {
    std::multiset<std::string> stored;
    for (const auto& entry : journal_) {
      if (entry.kind() == "log-line" && !entry.item_id().empty()) stored.insert(entry.text());
    }
    const auto printed = LinesOf(floor_->home(1) + "/target/printed");
    const std::set<std::string> known(printed.begin(), printed.end());
    for (const std::string& line : stored) {
      EXPECT_EQ(stored.count(line), 1U) << line;
      EXPECT_TRUE(known.contains(line)) << line;
    }
    int complete = 0;
    for (const std::string& line : printed) {
      if (!line.ends_with(" end")) continue;
      ++complete;
      const std::string stem = line.substr(0, line.size() - 3);
      for (int n = 1; n <= 6; ++n)
        EXPECT_TRUE(stored.contains(stem + std::to_string(n))) << stem << n;
    }
    EXPECT_EQ(complete, 2);
    // Without a dead agent there is nothing to excuse.
    if (GetParam().victim == Victim::kServer) {
      EXPECT_EQ(printed.size(), stored.size() + 2);
    }
  }
  void ExpectEachStepAppliedOnce() const {
    for (const char* step : {"first", "second"}) {
      EXPECT_THAT(LinesOf(floor_->home(1) + "/target/applied-" + step), testing::SizeIs(1)) << step;
    }
  }
  void ExpectBirthCertificateVerifies() {
    ASSERT_OK_AND_ASSIGN(const std::string jws, floor_->api().BirthCertificate(device_.name()));
    ASSERT_OK_AND_ASSIGN(const Bytes pem,
                         files::Read(floor_->state_dir() + "/ca/seal-ca.pem", 1 << 16));
    ASSERT_OK_AND_ASSIGN(auto root, crypto::Certificate::FromPem(ToString(ByteView(pem))));
    const std::vector<crypto::Certificate> roots = {std::move(root)};
    ASSERT_OK_AND_ASSIGN(const auto verdict,
                         crypto::VerifyCompact(jws, {.type = crypto::kBirthCertificateType,
                                                     .roots = roots,
                                                     .at = std::chrono::system_clock::now()}));
    EXPECT_TRUE(verdict.accepted()) << verdict.detail;
    ASSERT_OK_AND_ASSIGN(
        const Bytes on_device,
        files::Read(floor_->home(1) + "/target/var/lib/preseal/birth-certificate.jws", 1 << 20));
    EXPECT_EQ(ToString(ByteView(on_device)), jws);
  }

  std::unique_ptr<TestFloor> floor_;
  bool struck_ = false;
  Device device_;
  std::vector<fleet::v1::JournalEntry> journal_;
};

TEST_P(KillTest, SealsWithNothingLostAndNothingTwice) {
  ASSERT_NO_FATAL_FAILURE(BringToSeal());
  ExpectUnbrokenSequences();
  ExpectEveryLineOnce();
  ExpectEachStepAppliedOnce();
  ExpectBirthCertificateVerifies();
}

INSTANTIATE_TEST_SUITE_P(Points, KillTest, testing::ValuesIn(KillPoints()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace preseal::test
