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

TEST_F(FloorTest, BlocksADeviceWhosePcrsChangedSinceItEnrolled) {
  ASSERT_NO_FATAL_FAILURE(OpenFloor());
  ASSERT_NO_FATAL_FAILURE(Provision());
  // PCR 4, as another boot manager would leave it.
  process::Command extend{.argv = {"tpm2_pcrextend", "4:sha256=" + std::string(64, 'b')},
                          .environment = process::OwnEnvironment(),
                          .timeout = TestFloor::kDeadline};
  extend.environment.push_back("TPM2TOOLS_TCTI=" + floor_->tpm(1).tcti());
  ASSERT_OK_AND_ASSIGN(const auto extended, RunAndCapture(extend));
  ASSERT_TRUE(extended.ending.Succeeded()) << extended.error;

  ASSERT_OK(floor_->api().Reseal(device_.name()));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_BLOCKED));
  EXPECT_EQ(device_.failure().code(), "TAMPERED");
  EXPECT_EQ(device_.last_command().state(), fleet::v1::Command::STATE_FAILED);
  EXPECT_THAT(floor_->api().BirthCertificate(device_.name()),
              StatusIs(StatusCode::kFailedPrecondition));
  // Its stream was ended and no other is let in.
  ASSERT_OK(floor_
                ->WaitFor(1, "the stream's end",
                          [](const fleet::v1::Device& device) {
                            return device.contact().state() ==
                                   fleet::v1::Contact::STATE_DISCONNECTED;
                          })
                .status());
  floor_->KillAgent(1);
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK(WaitUntil("the refusal on the agent's screen", TestFloor::kDeadline, [&] {
    return LastWords(floor_->home(1) + "/agent.log").find("blocked") != std::string::npos;
  }));
  ASSERT_OK_AND_ASSIGN(device_, floor_->Device(1));
  EXPECT_EQ(device_.contact().state(), fleet::v1::Contact::STATE_DISCONNECTED);
  EXPECT_EQ(device_.state(), DEVICE_STATE_BLOCKED);
}

TEST_F(FloorTest, ARevocationEndsTheOpenStreamAndAnUnblockedDeviceAttestsAnew) {
  ASSERT_NO_FATAL_FAILURE(OpenFloor());
  ASSERT_OK(floor_
                ->WaitFor(1, "its stream",
                          [](const fleet::v1::Device& device) {
                            return device.contact().state() == fleet::v1::Contact::STATE_CONNECTED;
                          })
                .status());
  ASSERT_OK(floor_->api().Revoke(device_.name(), "stolen"));
  ASSERT_OK_AND_ASSIGN(device_,
                       floor_->WaitFor(1, "the stream's end", [](const fleet::v1::Device& device) {
                         return device.state() == DEVICE_STATE_BLOCKED &&
                                device.contact().state() == fleet::v1::Contact::STATE_DISCONNECTED;
                       }));
  EXPECT_EQ(device_.failure().code(), "DEVICE_REVOKED");
  EXPECT_FALSE(device_.enrolled());
  // With the same certificate it does not come back.
  floor_->KillAgent(1);
  ASSERT_OK(floor_->StartAgent(1));
  ASSERT_OK(WaitUntil("the refusal on the agent's screen", TestFloor::kDeadline, [&] {
    return LastWords(floor_->home(1) + "/agent.log").find("revoked") != std::string::npos ||
           LastWords(floor_->home(1) + "/agent.log").find("blocked") != std::string::npos;
  }));
  ASSERT_OK_AND_ASSIGN(device_, floor_->Device(1));
  EXPECT_EQ(device_.state(), DEVICE_STATE_BLOCKED);

  ASSERT_OK(floor_->api().Unblock(device_.name(), "found again"));
  ASSERT_OK(floor_->WaitForState(1, DEVICE_STATE_ENROLLED).status());
}

TEST_F(FloorTest, DoesNotSealADeviceWhoseBlockingItemFailedUntilARetrySucceeds) {
  ASSERT_NO_FATAL_FAILURE(OpenFloor(kFailingProfile));
  const std::string fault = floor_->home(1) + "/target/fault";
  ASSERT_OK(files::WriteAtomic(fault, {}, 0644));
  ASSERT_OK(floor_->api().Start(device_.name()));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_FAILED));
  EXPECT_EQ(device_.failure().item_id(), "burn-in");
  EXPECT_THAT(floor_->api().Reseal(device_.name()),
              StatusIs(StatusCode::kFailedPrecondition, "Burn-in test"));
  ASSERT_OK_AND_ASSIGN(device_, floor_->Device(1));
  EXPECT_EQ(device_.state(), DEVICE_STATE_FAILED);

  ASSERT_OK(files::RemoveTree(fault));
  ASSERT_OK(floor_->api().Retry(device_.name()));
  ASSERT_OK_AND_ASSIGN(device_, floor_->WaitForState(1, DEVICE_STATE_READY_TO_SEAL));
  EXPECT_EQ(device_.run().attempt(), 2U);
}

// The agent's screen is the only place where an unknown device can be seen to be refused.
class UnknownDeviceTest : public testing::Test {
 protected:
  void ExpectRefused(const std::string& serial, const std::string& code) {
    ASSERT_OK_AND_ASSIGN(floor_, TestFloor::Open({.profile = kProfile, .import_devices = false}));
    ASSERT_OK(
        files::WriteAtomic(floor_->home(1) + "/dmi/product_serial", AsBytes(serial + "\n"), 0644));
    ASSERT_OK(floor_->StartAgent(1));
    ASSERT_OK(WaitUntil(code, TestFloor::kDeadline, [&] {
      return LastWords(floor_->home(1) + "/agent.log").find(code) != std::string::npos;
    })) << LastWords(floor_->home(1) + "/agent.log");
    ASSERT_OK_AND_ASSIGN(const auto devices, floor_->api().List());
    EXPECT_TRUE(devices.empty());
  }
  std::unique_ptr<TestFloor> floor_;
};

TEST_F(UnknownDeviceTest, RefusesASerialThatWasNotImported) {
  ExpectRefused("SIM-0001", "UNKNOWN_DEVICE");
}

TEST_F(UnknownDeviceTest, RefusesASerialThatFirmwareShips) {
  ExpectRefused("To Be Filled By O.E.M.", "JUNK_SERIAL");
}

}  // namespace
}  // namespace preseal::test
