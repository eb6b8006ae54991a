// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/service_record.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/crypto/jws.h"
#include "server/service/device_sessions.h"
#include "server/service/flow/run_progress.h"
#include "server/service/user_flow/service_record_office.h"
#include "server/service/user_flow/user_flow_fixture.h"

namespace preseal::server {
namespace {

using nlohmann::json;
using test::StatusIs;
using testing::HasSubstr;

class ServiceRecordTest : public UserFlowTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(UserFlowTest::SetUp());
    ASSERT_NO_FATAL_FAILURE(MakeAuthority());
    reports_.emplace(*store_, clock_, profile_, SealPolicy{},
                     [](ByteView) -> StatusOr<Event> { return DataLoss("not read here"); });
    records_.emplace(*store_, clock_, *reports_, *ca_, "Acme");
  }
  void Receive(const std::vector<Event>& events) { FlowTest::Receive(device_, events); }
  void SucceedUserRun() {
    ASSERT_EQ(Enter(IssueCode()).state, SignInAnswer::State::kSignedIn);
    clock_.Turn(std::chrono::minutes(7));
    Receive({Item(1, "policy", ItemState::kSucceeded), Item(2, "burn-in", ItemState::kSucceeded),
             Item(3, "wallpaper", ItemState::kSucceeded),
             MakeEvent(4, RunFinished{.outcome = RunOutcome::kSucceeded})});
    ASSERT_EQ(Load(device_).state, DeviceState::kInService);
  }
  StatusOr<std::string> Stored() {
    StatusOr<std::string> jws = std::string();
    EXPECT_OK(store_->Read([&](Tx& tx) {
      jws = tx.user_flow.ServiceRecord(device_);
      return OkStatus();
    }));
    return jws;
  }
  // The payload, once its signature was checked against the seal CA.
  json Record() {
    records_->Tick();
    // Behind the record in the writer's queue.
    EXPECT_OK(Write([](Tx&) { return OkStatus(); }));
    const auto jws = Stored();
    EXPECT_OK(jws);
    if (!jws.ok()) return {};
    const std::vector<crypto::Certificate> roots = {ca_->seal_ca()};
    const auto verdict = crypto::VerifyCompact(
        *jws, {.type = crypto::kServiceRecordType, .roots = roots, .at = clock_.Now()});
    EXPECT_OK(verdict);
    EXPECT_TRUE(verdict->accepted()) << verdict->detail;
    return json::parse(verdict->payload);
  }

  std::optional<FlowReports> reports_;
  std::optional<ServiceRecordOffice> records_;
};

TEST_F(ServiceRecordTest, ASuccessfulUserFlowEndsInServiceWithASignedRecord) {
  SucceedUserRun();
  const json record = Record();
  EXPECT_EQ(record["sub"], device_.text());
  EXPECT_EQ(record["serial_number"], "A-17");
  EXPECT_EQ(record["signed_in_user"], "ada@example.com");
  EXPECT_EQ(record["deployment_state"], "success");
  EXPECT_EQ(record["run"]["attempt"], 2);
  EXPECT_EQ(record["run"]["succeeded"], true);
  EXPECT_EQ(record["durations"]["account_setup_s"], 7 * 60);
  EXPECT_EQ(record["items"].size(), 3U);
  EXPECT_EQ(record["waivers"].size(), 0U);
}

TEST_F(ServiceRecordTest, ItNamesWhatWasAddedSinceTheSeal) {
  // As if "wallpaper" had not been in the sealed run.
  Alter([&](Device* device) { device->sealed_plan_digest = std::string(64, 'b'); });
  SucceedUserRun();
  const json record = Record();
  ASSERT_EQ(record["added_since_seal"].size(), 3U);
  EXPECT_EQ(record["added_since_seal"][0]["id"], "policy");
}

TEST_F(ServiceRecordTest, NothingAddedIsSaidAsNothing) {
  SucceedUserRun();
  EXPECT_EQ(Record()["added_since_seal"], json::array());
}

TEST_F(ServiceRecordTest, AUserWhoWentOnPastAnErrorIsInTheRecord) {
  profile_.esp.allow_use_on_error = true;
  ASSERT_EQ(Enter(IssueCode()).state, SignInAnswer::State::kSignedIn);
  Receive({Item(1, "policy", ItemState::kFailed, "EXIT_1"),
           MakeEvent(2, RunFinished{.outcome = RunOutcome::kFailed, .continued = true})});
  ASSERT_EQ(Load(device_).state, DeviceState::kInService);
  const json record = Record();
  EXPECT_EQ(record["run"]["continued"], true);
  EXPECT_EQ(record["run"]["succeeded"], false);
  EXPECT_EQ(record["deployment_state"], "success with timeout");
}

TEST_F(ServiceRecordTest, AFailedUserFlowHasNoRecord) {
  ASSERT_EQ(Enter(IssueCode()).state, SignInAnswer::State::kSignedIn);
  Receive({Item(1, "policy", ItemState::kFailed, "EXIT_1"),
           MakeEvent(2, RunFinished{.outcome = RunOutcome::kFailed})});
  EXPECT_EQ(Load(device_).state, DeviceState::kFailed);
  records_->Tick();
  ASSERT_OK(Write([](Tx&) { return OkStatus(); }));
  EXPECT_THAT(Stored(), StatusIs(StatusCode::kNotFound));
}

TEST_F(ServiceRecordTest, IsMadeOnceHoweverOftenTheClockTicks) {
  SucceedUserRun();
  records_->Tick();
  records_->Tick();
  Record();
  const auto due =
      Look<std::vector<RunId>>([](Tx& tx) { return tx.user_flow.ServiceRecordsDue(10); });
  EXPECT_TRUE(due.empty());
  ASSERT_OK_AND_ASSIGN(const std::string first, Stored());
  records_->Tick();
  ASSERT_OK(Write([](Tx&) { return OkStatus(); }));
  ASSERT_OK_AND_ASSIGN(const std::string later, Stored());
  EXPECT_EQ(first, later);
}

TEST_F(ServiceRecordTest, ABirthCertificateDoesNotPassForIt) {
  ASSERT_OK_AND_ASSIGN(const std::string birth, ca_->Sign("{}"));
  const std::vector<crypto::Certificate> roots = {ca_->seal_ca()};
  ASSERT_OK_AND_ASSIGN(
      const auto verdict,
      crypto::VerifyCompact(
          birth, {.type = crypto::kServiceRecordType, .roots = roots, .at = clock_.Now()}));
  EXPECT_EQ(verdict.outcome, crypto::JwsOutcome::kWrongType);
}

}  // namespace
}  // namespace preseal::server
