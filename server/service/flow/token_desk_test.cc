// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/token_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SteadyClockByHand final : public Clock {
 public:
  WallTime Now() const override {
    return FromMicros(1'700'000'000'000'000) +
           std::chrono::duration_cast<WallTime::duration>(steady_ - start_);
  }
  std::chrono::steady_clock::time_point Steady() const override { return steady_; }
  void Turn(std::chrono::milliseconds by) { steady_ += by; }

 private:
  const std::chrono::steady_clock::time_point start_{std::chrono::hours(1)};
  std::chrono::steady_clock::time_point steady_ = start_;
};

// Keeps what the device was told: "download app granted", "download app 2".
class ListeningLink final : public DeviceLink {
 public:
  explicit ListeningLink(std::vector<std::string>* heard) : heard_(*heard) {}
  SendResult Send(const DeviceOrder&) override { return SendResult::kQueued; }
  bool SendRenewal(const RenewalMessage&) override { return true; }
  bool Tell(const DeviceAnswer& answer) override {
    const auto& token = std::get<TokenAnswer>(answer);
    EXPECT_EQ(token.lease, kTokenLease);
    heard_.push_back(token.token + " " + token.item_id + " " +
                     (token.granted ? "granted" : std::to_string(token.place)));
    return true;
  }
  void Ack(const RunId&, uint64_t) override {}
  void End(const Status&) override {}

 private:
  std::vector<std::string>& heard_;
};

class FloorTokensTest : public testing::Test {
 protected:
  void SetUp() override {
    for (uint64_t device = 1; device <= 4; ++device) {
      ASSERT_OK(live_.Attach(Id(device), std::make_shared<ListeningLink>(&heard_[device])));
    }
  }
  static DeviceId Id(uint64_t device) { return DeviceId::FromNumber(1000 + device); }
  // And forgets it.
  std::vector<std::string> Heard(uint64_t device) { return std::exchange(heard_[device], {}); }

  SteadyClockByHand clock_;
  std::map<uint64_t, std::vector<std::string>> heard_;  // outlives the links
  LiveDevices live_{clock_};
  FloorTokens tokens_{live_, clock_, {{"download", 1}}};
};

TEST_F(FloorTokensTest, AWaiterHearsItsPlaceAndEveryMove) {
  tokens_.Ask(Id(1), "download", "app");
  tokens_.Ask(Id(2), "download", "app");
  tokens_.Ask(Id(3), "download", "app");
  EXPECT_THAT(Heard(1), ElementsAre("download app granted"));
  EXPECT_THAT(Heard(2), ElementsAre("download app 1"));
  EXPECT_THAT(Heard(3), ElementsAre("download app 2"));
  tokens_.Release(Id(1), "download", "app");
  EXPECT_THAT(Heard(1), IsEmpty());
  EXPECT_THAT(Heard(2), ElementsAre("download app granted"));
  EXPECT_THAT(Heard(3), ElementsAre("download app 1"));
}

TEST_F(FloorTokensTest, AStreamThatEndsGivesEverythingBack) {
  tokens_.Ask(Id(1), "download", "a");
  tokens_.Ask(Id(1), "download", "b");
  tokens_.Ask(Id(2), "download", "app");
  Heard(2);
  tokens_.Gone(Id(1));
  EXPECT_THAT(Heard(2), ElementsAre("download app granted"));
}

TEST_F(FloorTokensTest, AHolderThatSaysNothingLosesTheTokenWhenItsLeaseEnds) {
  tokens_.Ask(Id(1), "download", "app");
  clock_.Turn(kTokenLease);
  tokens_.Ask(Id(2), "download", "app");
  tokens_.Tick();
  Heard(2);
  clock_.Turn(std::chrono::milliseconds(1));
  tokens_.Tick();
  EXPECT_THAT(Heard(2), ElementsAre("download app granted"));
}

TEST_F(FloorTokensTest, ClassesHaveLimitsOfTheirOwn) {
  tokens_.Ask(Id(1), "download", "app");
  tokens_.Ask(Id(2), "wim-apply", "image");  // not configured
  EXPECT_THAT(Heard(2), ElementsAre("wim-apply image granted"));
  const auto queues = tokens_.Snapshot();
  ASSERT_EQ(queues.size(), 2u);
  EXPECT_EQ(queues[0].token, "download");
  EXPECT_EQ(queues[0].limit, 1u);
  EXPECT_EQ(queues[1].limit, kTokensDefault);
}

TEST_F(FloorTokensTest, TooManyClassesAreTurnedAwayAndTheConfiguredOnesAreNot) {
  for (size_t i = 0; i < kTokenClassesMax; ++i) {
    tokens_.Ask(Id(10 + i), "class-" + std::to_string(i), "app");
  }
  tokens_.Ask(Id(2), "one-more", "app");
  EXPECT_THAT(Heard(2), ElementsAre("one-more app 0"));
  tokens_.Ask(Id(2), "download", "app");
  EXPECT_THAT(Heard(2), ElementsAre("download app granted"));
}

TEST_F(FloorTokensTest, OneDeviceCannotTakeEveryClass) {
  for (size_t i = 0; i < kTokenClassesMax; ++i) {
    tokens_.Ask(Id(1), "class-" + std::to_string(i), "app");
  }
  EXPECT_EQ(tokens_.Snapshot().size(), 1 + kStepsInFlightMax);
  tokens_.Ask(Id(2), "one-more", "app");
  EXPECT_THAT(Heard(2), ElementsAre("one-more app granted"));
  tokens_.Ask(Id(1), "download", "app");
  EXPECT_EQ(Heard(1).back(), "download app granted");
}

TEST_F(FloorTokensTest, TheSnapshotShowsWhoHoldsAndWhoWaitsInOrder) {
  tokens_.Ask(Id(1), "download", "app");
  clock_.Turn(std::chrono::seconds(5));
  tokens_.Ask(Id(3), "download", "app");
  tokens_.Ask(Id(2), "download", "app");
  const auto queues = tokens_.Snapshot();
  ASSERT_EQ(queues.size(), 1u);
  ASSERT_EQ(queues[0].holders.size(), 1u);
  EXPECT_EQ(tokens_.WallOf(queues[0].holders[0].since), clock_.Now() - std::chrono::seconds(5));
  ASSERT_EQ(queues[0].waiters.size(), 2u);
  EXPECT_EQ(queues[0].waiters[0].user.device, Id(3));
  tokens_.Gone(Id(1));
  tokens_.Gone(Id(2));
  tokens_.Gone(Id(3));
  EXPECT_THAT(tokens_.Snapshot()[0].holders, IsEmpty());
}

}  // namespace
}  // namespace preseal::server
