// SPDX-License-Identifier: Apache-2.0
// Enrolment that breaks off, and what is left of it in the TPM and on the server.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "agent/adapters/grpc/enrollment_fixture.h"
#include "tests/support/child_process.h"
#include "tests/support/tpm_wiretap.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

class EnrollResumeTest : public EnrollTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(EnrollTest::SetUp());
    ASSERT_OK_AND_ASSIGN(tap_, test::TpmWiretap::Start(*swtpm_, dir_.File("t")));
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open({.tcti = tap_->tcti()}));
    tap_->Forget();
  }
  bool Has(const std::string& command) const {
    const auto names = tap_->names();
    return std::find(names.begin(), names.end(), command) != names.end();
  }
  // The device key is where it belongs.
  void ExpectEnrolled(const StatusOr<EnrollmentOutcome>& outcome) {
    ASSERT_OK(outcome);
    ASSERT_TRUE(std::holds_alternative<DeviceIdentity>(*outcome));
    EXPECT_OK(tpm_->LoadDeviceKey(std::get<DeviceIdentity>(*outcome).device_key_handle));
  }

  std::unique_ptr<test::TpmWiretap> tap_;
};

TEST_F(EnrollResumeTest, RefusedDeviceLeavesNothingPersistentInTheTpm) {
  server_->script().refuse = true;
  ASSERT_OK(Run());
  EXPECT_FALSE(Has("EvictControl"));
  EXPECT_THAT(tpm_->LoadDeviceKey(tpmwire::kHandleDeviceKey), StatusIs(StatusCode::kNotFound));
}

TEST_F(EnrollResumeTest, LostResultIsAskedForAndCostsNoSecondCertificate) {
  server_->script().lose_result = true;
  EXPECT_THAT(Run(), StatusIs(StatusCode::kUnavailable));
  EXPECT_FALSE(Has("EvictControl"));
  server_->script().lose_result = false;
  ExpectEnrolled(Run());
  EXPECT_EQ(server_->issued(), 1);
  EXPECT_EQ(server_->resumed(), 1);
}

TEST_F(EnrollResumeTest, ResultLostAgainIsAskedForAgain) {
  server_->script().lose_result = true;
  EXPECT_THAT(Run(), StatusIs(StatusCode::kUnavailable));
  server_->script().silent = true;
  options_.pass_max = std::chrono::seconds(1);
  EXPECT_THAT(Run(), StatusIs(StatusCode::kDeadlineExceeded));
  server_->script() = {};
  options_.pass_max = kEnrollmentSessionMax;
  ExpectEnrolled(Run());
  EXPECT_EQ(server_->issued(), 1);
}

TEST_F(EnrollResumeTest, ServerThatForgotThePassGetsAFreshOne) {
  server_->script().lose_result = true;
  EXPECT_THAT(Run(), StatusIs(StatusCode::kUnavailable));
  server_->script() = {.forget_passes = true};
  ExpectEnrolled(Run());
  EXPECT_EQ(server_->issued(), 2);
}

TEST_F(EnrollResumeTest, TpmThatCannotStoreTheKeyYetCostsNoSecondCertificate) {
  constexpr uint32_t kEvictControl = 0x120;  // answered as TPM_RC_NV_RATE
  tap_->AnswerInstead([](uint32_t sent) {
    return sent == kEvictControl ? std::optional<uint32_t>(0x920) : std::nullopt;
  });
  EXPECT_THAT(Run(), StatusIs(StatusCode::kUnavailable, "limits its writes"));
  ExpectNothingStored();
  tap_->AnswerInstead(nullptr);
  ExpectEnrolled(Run());
  EXPECT_EQ(server_->issued(), 1);
}

TEST_F(EnrollResumeTest, ConnectionLostBeforeTheProofStartsOverCleanly) {
  server_->script().instead_of_answer = grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  EXPECT_THAT(Run(), StatusIs(StatusCode::kUnavailable));
  server_->script() = {};
  ExpectEnrolled(Run());
  EXPECT_EQ(server_->resumed(), 0);
}

// The TPM accepted EvictControl, then the power went: the identity was never stored.
TEST_F(EnrollResumeTest, KeyPersistedWithoutAnIdentityIsTakenUpAgain) {
  ASSERT_OK_AND_ASSIGN(const KeyUniques uniques, store_->LoadOrCreateUniques());
  {
    ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateDeviceKey(uniques.device_key));
    ASSERT_OK(tpm_->PersistDeviceKey(*key));
  }
  ASSERT_OK(swtpm_->Restart());
  ExpectEnrolled(Run());
  EXPECT_THAT(tpm_->LoadDeviceKey(tpmwire::kHandleDeviceKey + 1), StatusIs(StatusCode::kNotFound));
}

// Without a resource manager nobody cleans up after a killed process.
TEST_F(EnrollResumeTest, SlotsLeftFullByAKilledAgentAreFreed) {
  const std::string log = dir_.File("tools.log");
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(test::RunTool({"tpm2_createprimary", "-C", "o", "-G", "ecc", "-T", swtpm_->tcti(),
                             "-c", dir_.File("leak.ctx")},
                            log));
  }
  ExpectEnrolled(Run());
}

TEST_F(EnrollResumeTest, PcrValuesAreSentOnlyOnceTheServerCannotReplayTheLog) {
  server_->script() = {.refuse = true, .refusal_code = "EVENTLOG_REPLAY_MISMATCH"};
  ASSERT_OK(Run());
  EXPECT_TRUE(server_->evidence().pcr_values().empty());
  ASSERT_OK(Run());
  EXPECT_FALSE(server_->evidence().pcr_values().empty());
  server_->script() = {};
  ASSERT_OK(Run());
  EXPECT_FALSE(server_->evidence().pcr_values().empty());
  ASSERT_OK(Run());
  EXPECT_TRUE(server_->evidence().pcr_values().empty());
}

TEST_F(EnrollResumeTest, WithoutAnEventLogPcrValuesAreSent) {
  std::filesystem::remove(dir_.path() / "log");
  ASSERT_OK(Run());
  EXPECT_TRUE(server_->evidence().event_log().empty());
  EXPECT_FALSE(server_->evidence().pcr_values().empty());
  EXPECT_OK(server_->verdict());
}

}  // namespace
}  // namespace preseal::agent
