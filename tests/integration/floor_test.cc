// SPDX-License-Identifier: Apache-2.0
// The programs together: server, agent and software TPM, from enrolment to the seal.
#include <gtest/gtest.h>

#include "common/crypto/jws.h"
#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal::test {
namespace {

using lifecycle::v1::DEVICE_STATE_BLOCKED;
using lifecycle::v1::DEVICE_STATE_ENROLLED;
using lifecycle::v1::DEVICE_STATE_FAILED;
using lifecycle::v1::DEVICE_STATE_READY_TO_SEAL;
using lifecycle::v1::DEVICE_STATE_SEALED;
using process::RunAndCapture;

constexpr char kProfile[] = R"(name: test
items:
  - id: greet
    name: Greeting
    category: policies
    script:
      detect: test -e greeted
      apply: echo hello from the step; echo hello > greeted
      verify: test -e greeted
)";

constexpr char kFailingProfile[] = R"(name: test
items:
  - id: burn-in
    name: Burn-in test
    category: apps
    script:
      apply: test ! -e fault
      verify: test ! -e fault
)";

// Opens a floor and brings device 1 to `state` along the straight way.
class FloorTest : public testing::Test {
 protected:
  void OpenFloor(const std::string& profile = kProfile) {
    ASSERT_OK_AND_ASSIGN(floor_, TestFloor::Open({.profile = profile}));
    ASSERT_OK(floor_->StartAgent(1));
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_ENROLLED));
  }
  void Provision() {
    ASSERT_OK(floor_->api().Start(device_.name()));
    ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_READY_TO_SEAL));
  }

  std::unique_ptr<TestFloor> floor_;
  fleet::v1::Device device_;
};

TEST_F(FloorTest, SealsADeviceAndPowersItOff) {
  ASSERT_NO_FATAL_FAILURE(OpenFloor());
  EXPECT_TRUE(device_.lab());
  ASSERT_NO_FATAL_FAILURE(Provision());
  ASSERT_OK(floor_->api().Reseal(device_.name()));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_SEALED));
  ASSERT_OK_AND_ASSIGN(const auto ending, floor_->agent(1)->Wait(TestFloor::kDeadline));
  EXPECT_TRUE(ending.Succeeded());
  EXPECT_FALSE(device_.seal_unconfirmed());

  ASSERT_OK_AND_ASSIGN(const auto journal, floor_->api().Journal(device_.name()));
  ASSERT_EQ(journal.size(), device_.run().event_count());
  int greetings = 0;
  for (const auto& entry : journal) greetings += entry.text() == "hello from the step" ? 1 : 0;
  EXPECT_EQ(greetings, 1);

  ASSERT_OK_AND_ASSIGN(const auto jws, floor_->api().BirthCertificate(device_.name()));
  ASSERT_OK_AND_ASSIGN(
      const Bytes on_device,
      files::Read(floor_->home(1) + "/target/var/lib/preseal/birth-certificate.jws", 1 << 20));
  EXPECT_EQ(ToString(ByteView(on_device)), jws);
}

}  // namespace
}  // namespace preseal::test
