// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/one_time_limit.h"

#include "common/base/limits.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using namespace std::chrono_literals;
using test::StatusIs;

class OneTimeLimitTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    limit_.emplace(*store_, clock_);
    device_ = AddEnrolled("S-1");
    device_.state = DeviceState::kSealed;
    device_.deployments = 1;
    ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device_); }));
  }
  Status Allow(const Principal& actor, std::string_view reason,
               std::optional<WallTime> until = {}) {
    return limit_->AllowNext(actor, device_.id, reason, until).status();
  }

  std::optional<OneTimeLimit> limit_;
  Device device_;
};

TEST_F(OneTimeLimitTest, APermissionCarriesNameReasonAndExpiry) {
  ASSERT_OK(Allow(lead_, "expired on the shelf"));
  const Device device = Load(device_.id);
  ASSERT_TRUE(device.allow_next);
  EXPECT_EQ(device.allow_next->actor, "lena");
  EXPECT_EQ(device.allow_next->reason, "expired on the shelf");
  EXPECT_EQ(device.allow_next->expire_time, clock_.Now() + kAllowNextLifeDefault);
  EXPECT_EQ(device.state, DeviceState::kSealed);  // until the device comes
  EXPECT_OK(Write([](Tx& tx) { return tx.audit.VerifyChain(); }));
}

TEST_F(OneTimeLimitTest, ANewerPermissionReplacesTheOlder) {
  ASSERT_OK(Allow(lead_, "first"));
  ASSERT_OK(Allow(lead_, "second", clock_.Now() + 1h));
  const Device device = Load(device_.id);
  EXPECT_EQ(device.allow_next->reason, "second");
  EXPECT_EQ(device.allow_next->expire_time, clock_.Now() + 1h);
}

TEST_F(OneTimeLimitTest, ItNeedsAReasonAndANameOfAPerson) {
  EXPECT_THAT(Allow(lead_, ""), StatusIs(StatusCode::kInvalidArgument));
  const Principal token{.name = "token:abc", .role = Role::kLead};
  EXPECT_THAT(Allow(token, "because"), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_FALSE(Load(device_.id).allow_next);
}

TEST_F(OneTimeLimitTest, AnExpiryThatIsPastOrTooFarIsRefused) {
  EXPECT_THAT(Allow(lead_, "r", clock_.Now()), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Allow(lead_, "r", clock_.Now() + kAllowNextLifeMax + 1us),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_OK(Allow(lead_, "r", clock_.Now() + kAllowNextLifeMax));
}

TEST_F(OneTimeLimitTest, ADeviceThatMayEnrolAnywayNeedsNone) {
  device_.state = DeviceState::kEnrolled;
  ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device_); }));
  EXPECT_THAT(Allow(lead_, "r"), StatusIs(StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace preseal::server
