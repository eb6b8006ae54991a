// SPDX-License-Identifier: Apache-2.0
// Time, journeys, seals, queues and the permission to enrol again, over a real connection.
#include <nlohmann/json.hpp>

#include "preseal/flow/v1/flow.grpc.pb.h"
#include "server/cli/cli_fixture.h"
#include "server/cli/views_reports.h"

namespace preseal::server::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Answers from what the test put there, and keeps what was asked.
class FakeReports final : public flow_v1::FlowService::Service {
 public:
  explicit FakeReports(TokenGate* gate) : gate_(gate) {}
  grpc::Status AllowNextEnrollment(grpc::ServerContext* context,
                                   const flow_v1::AllowNextEnrollmentRequest* request,
                                   fleet_v1::Device* response) override {
    last_allow = *request;
    *response = MakeDevice(7, lifecycle_v1::DEVICE_STATE_SEALED);
    auto* limit = response->mutable_one_time_limit();
    limit->set_deployments(1);
    limit->set_allow_next_actor("lena");
    limit->set_allow_next_reason(request->reason());
    limit->mutable_allow_next_expire_time()->set_seconds(4000);
    return gate_->Check(*context);
  }
  grpc::Status GetTimeAttribution(grpc::ServerContext* context,
                                  const flow_v1::GetTimeAttributionRequest*,
                                  flow_v1::TimeAttribution* response) override {
    *response = time;
    return gate_->Check(*context);
  }
  grpc::Status GetJourney(grpc::ServerContext* context, const flow_v1::GetJourneyRequest*,
                          flow_v1::Journey* response) override {
    *response = journey;
    return gate_->Check(*context);
  }
  // One seal a page.
  grpc::Status ListSeals(grpc::ServerContext* context, const flow_v1::ListSealsRequest* request,
                         flow_v1::ListSealsResponse* response) override {
    last_seals = *request;
    const size_t at = request->page_token().empty() ? 0 : std::stoul(request->page_token());
    if (at < seals.size()) *response->add_seals() = seals[at];
    if (at + 1 < seals.size()) response->set_next_page_token(std::to_string(at + 1));
    return gate_->Check(*context);
  }
  grpc::Status ListTokens(grpc::ServerContext* context, const flow_v1::ListTokensRequest*,
                          flow_v1::ListTokensResponse* response) override {
    *response = tokens;
    return gate_->Check(*context);
  }

  flow_v1::TimeAttribution time;
  flow_v1::Journey journey;
  std::vector<flow_v1::SealedDevice> seals;
  flow_v1::ListTokensResponse tokens;
  flow_v1::AllowNextEnrollmentRequest last_allow;
  flow_v1::ListSealsRequest last_seals;

 private:
  TokenGate* gate_;
};

class CliReportsTest : public CliTest {
 protected:
  void AddServices(grpc::ServerBuilder* builder) override { builder->RegisterService(&flow_); }

  void AddPart(flow_v1::TimePart::Kind kind, const std::string& name, int64_t seconds) {
    auto* part = flow_.time.add_parts();
    part->set_kind(kind);
    if (!name.empty()) part->set_item_id(name);
    part->mutable_duration()->set_seconds(seconds);
  }
  void AddSeal(int number, fleet_v1::Seal::Age age, bool drifted) {
    auto& seal = flow_.seals.emplace_back();
    seal.set_device("devices/D-" + std::to_string(number));
    seal.set_serial_number("SN-" + std::to_string(number));
    seal.set_state(lifecycle_v1::DEVICE_STATE_SEALED);
    seal.mutable_seal()->mutable_time()->set_seconds(1000);
    seal.mutable_seal()->set_age(age);
    seal.mutable_seal()->set_drifted(drifted);
  }

  FakeReports flow_{&gate_};
};

TEST_F(CliReportsTest, TimeIsABarForEachPartAndTheRest) {
  flow_.time.mutable_start_time()->set_seconds(1000);
  flow_.time.mutable_end_time()->set_seconds(1100);
  flow_.time.mutable_wall_clock()->set_seconds(100);
  AddPart(flow_v1::TimePart::KIND_ITEM, "office", 60);
  AddPart(flow_v1::TimePart::KIND_TOKEN, "office", 30);
  flow_.time.mutable_remainder()->set_seconds(10);
  flow_.time.add_critical_path("policy");
  flow_.time.add_critical_path("office");
  const CliResult result = RunAsAdmin({"time", "D-7"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Wall clock  1 min 40 s"));
  EXPECT_THAT(result.out, HasSubstr("office            1 min 00 s  60.0 %  "
                                    "##############################\n"));
  EXPECT_THAT(result.out, HasSubstr("token: office     30.0 s      30.0 %  ###############\n"));
  EXPECT_THAT(result.out, HasSubstr("(not attributed)  10.0 s      10.0 %  #####\n"));
  EXPECT_THAT(result.out, HasSubstr("policy > office"));
  EXPECT_EQ(RunAsAdmin({"--output", "csv", "time", "D-7"}).out,
            "kind,item_id,micros\nitem,office,60000000\ntoken,office,30000000\n"
            "remainder,,10000000\n");
}

TEST_F(CliReportsTest, TimeSaysThatNothingHasBegun) {
  EXPECT_THAT(RunAsAdmin({"time", "D-7"}).out, HasSubstr("nothing has begun"));
}

TEST_F(CliReportsTest, TheResealListPagesAndSaysThatThereIsSomethingToDo) {
  AddSeal(1, fleet_v1::Seal::AGE_EXPIRED, false);
  AddSeal(2, fleet_v1::Seal::AGE_OK, true);
  const CliResult all = RunAsAdmin({"seals"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("D-1     SN-1"));
  EXPECT_THAT(all.out, HasSubstr("expired"));
  EXPECT_THAT(all.out, HasSubstr("drifted"));
  EXPECT_EQ(RunAsAdmin({"seals", "--expired", "--drifted", "--batch", "PO-7"}).code, 1);
  EXPECT_THAT(flow_.last_seals.ages(), ElementsAre(fleet_v1::Seal::AGE_EXPIRED));
  EXPECT_TRUE(flow_.last_seals.drifted());
  EXPECT_EQ(flow_.last_seals.batch(), "batches/PO-7");
  flow_.seals.clear();
  EXPECT_EQ(RunAsAdmin({"seals", "--expired"}).code, 0);
}

TEST_F(CliReportsTest, AllowNextTellsUntilWhenAndByWhom) {
  const CliResult result =
      RunAsAdmin({"allow-next", "D-7", "--reason", "board swap", "--for", "2d"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(flow_.last_allow.name(), "devices/D-7");
  EXPECT_EQ(flow_.last_allow.reason(), "board swap");
  const int64_t days = (flow_.last_allow.expire_time().seconds() - time(nullptr)) / 86000;
  EXPECT_EQ(days, 2);
  EXPECT_THAT(result.out, HasSubstr("1970-01-01T01:06:40Z"));
  EXPECT_THAT(result.out, HasSubstr("lena"));
}

TEST_F(CliReportsTest, AllowNextNeedsAReason) {
  EXPECT_EQ(RunAsAdmin({"allow-next", "D-7"}).code, 2);
  EXPECT_EQ(RunAsAdmin({"allow-next", "D-7", "--reason", "r", "--for", "soon"}).code, 2);
}

TEST_F(CliReportsTest, AJourneyShowsEveryTry) {
  flow_.journey.set_attempts(2);
  flow_.journey.set_succeeded(true);
  auto* first = flow_.journey.add_tries();
  first->set_run("devices/D-7/runs/1");
  first->set_flow(progress_v1::FLOW_TECHNICIAN);
  first->set_deployment_state(progress_v1::DEPLOYMENT_STATE_FAILURE);
  first->mutable_duration()->set_seconds(65);
  first->set_failed_item("Office");
  first->set_code("STEP_FAILED");
  const CliResult result = RunAsAdmin({"journey", "D-7"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("First time right  no"));
  EXPECT_THAT(result.out, HasSubstr("technician  failure  1 min 05 s  Office       STEP_FAILED"));
  const auto json =
      nlohmann::json::parse(RunAsAdmin({"--output", "json", "journey", "D-7"}).out, nullptr, false);
  EXPECT_EQ(json["attempts"], 2);
}

TEST_F(CliReportsTest, QueuesShowHoldersAndPlaces) {
  auto* queue = flow_.tokens.add_queues();
  queue->set_token("download");
  queue->set_limit(1);
  queue->add_holders()->set_device("devices/D-1");
  queue->add_waiters()->set_device("devices/D-2");
  const CliResult result = RunAsAdmin({"--output", "csv", "queues"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "class,limit,place,device,item_id,since\ndownload,1,holds,D-1,,\n"
            "download,1,1,D-2,,\n");
}

TEST_F(CliReportsTest, ADevicesPageTellsResultSealAndWhetherItMayEnrolAgain) {
  fleet_v1::Device device = MakeDevice(7, lifecycle_v1::DEVICE_STATE_SEALED);
  device.set_deployment_state(progress_v1::DEPLOYMENT_STATE_SUCCESS_ON_RETRY);
  device.mutable_durations()->mutable_total()->set_seconds(90);
  device.mutable_seal()->set_age(fleet_v1::Seal::AGE_EXPIRED);
  device.mutable_seal()->add_drift("added: Office 2.1");
  device.mutable_one_time_limit()->set_deployments(2);
  device.mutable_one_time_limit()->set_used(true);
  fleet_.devices = {device};
  const CliResult result = RunAsAdmin({"devices", "show", "D-7"});
  EXPECT_EQ(result.code, 0) << result.err;
  for (const char* text : {"success on retry", "1 min 30 s", "expired", "added: Office 2.1",
                           "2 times", "refused until a lead allows it"}) {
    EXPECT_THAT(result.out, HasSubstr(text));
  }
}

TEST(DurationTextTest, PicksTheUnitsPeopleWouldSay) {
  const auto text = [](int64_t millis) {
    google::protobuf::Duration duration;
    duration.set_seconds(millis / 1000);
    duration.set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
    return DurationText(duration);
  };
  EXPECT_EQ(text(0), "0 ms");
  EXPECT_EQ(text(999), "999 ms");
  EXPECT_EQ(text(12'340), "12.3 s");
  EXPECT_EQ(text(123'000), "2 min 03 s");
  EXPECT_EQ(text(18'240'000), "5 h 04 min");
  EXPECT_EQ(text(1'047'600'000), "12 d 03 h");
}

}  // namespace
}  // namespace preseal::server::cli
