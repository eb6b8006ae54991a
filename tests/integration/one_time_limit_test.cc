// SPDX-License-Identifier: Apache-2.0
// A device that was sealed before, at the enrolment port: once, and again only when allowed.
#include "server/service/flow/one_time_limit.h"

#include "common/base/limits.h"
#include "tests/integration/enrollment_line.h"

namespace preseal::test {
namespace {

using namespace std::chrono_literals;
using bench::SoftwareChip;
using server::Device;
using server::DeviceState;

class OneTimeEnrolmentTest : public EnrollmentLineTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(EnrollmentLineTest::SetUp());
    id_ = Import("S-1");
    chip_.emplace(maker_.Make("S-1"));
    ASSERT_EQ(Enrol(*chip_), "ADMITTED");
    limit_.emplace(*store_, clock_);
  }
  // As the end of the technician flow leaves it.
  void Seal(DeviceState state = DeviceState::kSealed) {
    Device device = Load(id_);
    device.state = state;
    device.enrolled = true;
    device.deployments = 1;
    device.seal_time = clock_.Now();
    device.device_name = "ACME-0042";
    ASSERT_OK(Write([&](server::Tx& tx) { return tx.devices.Put(&device); }));
  }
  void Allow() {
    ASSERT_OK(limit_->AllowNext(lead_, id_, "expired on the shelf", clock_.Now() + 1h));
  }

  DeviceId id_;
  std::optional<SoftwareChip> chip_;
  std::optional<server::OneTimeLimit> limit_;
};

TEST_F(OneTimeEnrolmentTest, ASealedDeviceIsRefusedWithACodeOfItsOwn) {
  for (const DeviceState state :
       {DeviceState::kSealed, DeviceState::kUserSetup, DeviceState::kInService}) {
    Seal(state);
    EXPECT_EQ(Enrol(*chip_), "ONE_TIME_LIMIT");
    EXPECT_EQ(Load(id_).state, state);
  }
  EXPECT_EQ(Load(id_).refused_attempts, 0u);  // nobody can block a sealed device by its serial
}

TEST_F(OneTimeEnrolmentTest, AnAllowedOneBringsTheDeviceBackAndUsesThePermissionUp) {
  Seal();
  Allow();
  EXPECT_EQ(Enrol(*chip_), "ADMITTED");
  const Device device = Load(id_);
  EXPECT_EQ(device.state, DeviceState::kPresent);
  EXPECT_FALSE(device.enrolled);  // until its new certificate is confirmed
  EXPECT_FALSE(device.allow_next);
  EXPECT_FALSE(device.seal_time);
  EXPECT_EQ(device.deployments, 1u);
  EXPECT_EQ(device.device_name, "ACME-0042");
  EXPECT_EQ(CertificatesOf(id_), 2u);
  Seal();
  EXPECT_EQ(Enrol(*chip_), "ONE_TIME_LIMIT");
}

TEST_F(OneTimeEnrolmentTest, BeginningAgainInTheUserFlowEndsItsRun) {
  Seal(DeviceState::kUserSetup);
  Allow();
  Device device = Load(id_);
  device.flow = server::Flow::kUser;
  device.attempt = 1;
  const RunId run = RunId::Of(id_, 1);
  ASSERT_OK(Write([&](server::Tx& tx) -> Status {
    RETURN_IF_ERROR(tx.devices.Put(&device));
    return tx.runs.InsertRun(
        {.run_id = run, .start_time = clock_.Now(), .flow = server::Flow::kUser}, {});
  }));
  EXPECT_EQ(Enrol(*chip_), "ADMITTED");
  ASSERT_OK(Write([&](server::Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const auto running, tx.runs.RunningRuns());
    EXPECT_TRUE(running.empty());
    ASSIGN_OR_RETURN(const server::Run ended, tx.runs.GetRun(run));
    EXPECT_EQ(ended.outcome, server::RunOutcome::kAbandoned);
    EXPECT_EQ(ended.end_time, clock_.Now());
    return OkStatus();
  }));
}

TEST_F(OneTimeEnrolmentTest, APermissionThatExpiredIsNone) {
  Seal();
  Allow();
  clock_.Turn(1h);
  EXPECT_EQ(Enrol(*chip_), "ONE_TIME_LIMIT");
  EXPECT_EQ(Load(id_).state, DeviceState::kSealed);
}

TEST_F(OneTimeEnrolmentTest, AnotherTpmDoesNotUseThePermissionUp) {
  Seal();
  Allow();
  SoftwareChip stranger = maker_.Make("S-1");
  EXPECT_EQ(Enrol(stranger), "EK_CHANGED");
  const Device device = Load(id_);
  EXPECT_EQ(device.state, DeviceState::kSealed);
  EXPECT_TRUE(device.enrolled);
  EXPECT_TRUE(device.allow_next);
  EXPECT_EQ(Enrol(*chip_), "ADMITTED");
}

}  // namespace
}  // namespace preseal::test
