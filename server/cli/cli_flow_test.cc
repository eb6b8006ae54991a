// SPDX-License-Identifier: Apache-2.0
// Directing runs over a real connection.

#include "preseal/flow/v1/flow.grpc.pb.h"
#include "preseal/profile/v1/profile.grpc.pb.h"
#include "server/cli/cli_fixture.h"

namespace preseal::server::cli {
namespace {

namespace flow_v1 = ::preseal::flow::v1;
using testing::HasSubstr;
using testing::Not;

// Keeps what was asked and answers with a command, or refuses a waiver.
class FakeFlow final : public flow_v1::FlowService::Service {
 public:
  grpc::Status HoldDevice(grpc::ServerContext*, const flow_v1::HoldDeviceRequest* request,
                          fleet_v1::Command* response) override {
    held = *request;
    return Answer(fleet_v1::Command::KIND_HOLD, request->request_id(), response);
  }
  grpc::Status WaiveItem(grpc::ServerContext*, const flow_v1::WaiveItemRequest* request,
                         fleet_v1::Command* response) override {
    waived = *request;
    if (request->item_id() == "unknown") {
      return {grpc::StatusCode::INVALID_ARGUMENT, "the present run has no item \"unknown\""};
    }
    return Answer(fleet_v1::Command::KIND_WAIVE, request->request_id(), response);
  }
  grpc::Status AnswerPrompt(grpc::ServerContext*, const flow_v1::AnswerPromptRequest* request,
                            fleet_v1::Command* response) override {
    answered = *request;
    return Answer(fleet_v1::Command::KIND_ANSWER_PROMPT, request->request_id(), response);
  }
  grpc::Status ExtendDeadline(grpc::ServerContext*, const flow_v1::ExtendDeadlineRequest* request,
                              fleet_v1::Command* response) override {
    extended = *request;
    return Answer(fleet_v1::Command::KIND_EXTEND, request->request_id(), response);
  }
  grpc::Status ResetDevice(grpc::ServerContext*, const flow_v1::ResetDeviceRequest* request,
                           fleet_v1::Command* response) override {
    ++resets;
    return Answer(fleet_v1::Command::KIND_RESET, request->request_id(), response);
  }
  grpc::Status UpdateDevice(grpc::ServerContext*, const flow_v1::UpdateDeviceRequest* request,
                            fleet_v1::Device* response) override {
    updated = *request;
    response->set_name(request->name());
    return grpc::Status::OK;
  }

  flow_v1::HoldDeviceRequest held;
  flow_v1::WaiveItemRequest waived;
  flow_v1::AnswerPromptRequest answered;
  flow_v1::ExtendDeadlineRequest extended;
  flow_v1::UpdateDeviceRequest updated;
  int resets = 0;

 private:
  static grpc::Status Answer(fleet_v1::Command::Kind kind, const std::string& request_id,
                             fleet_v1::Command* response) {
    if (request_id.empty()) return {grpc::StatusCode::INVALID_ARGUMENT, "no request_id"};
    response->set_name("devices/D-1/commands/C-0123456789abcdef0123456789abcdef");
    response->set_kind(kind);
    response->set_state(fleet_v1::Command::STATE_QUEUED);
    return grpc::Status::OK;
  }
};

class FakePlans final : public ::preseal::profile::v1::ProfileService::Service {
 public:
  grpc::Status PreviewPlan(grpc::ServerContext*,
                           const ::preseal::profile::v1::PreviewPlanRequest* request,
                           ::preseal::profile::v1::EffectivePlan* response) override {
    if (refuse) return {grpc::StatusCode::PERMISSION_DENIED, "not your role's"};
    response->set_device(request->device());
    auto* step = response->mutable_plan()->add_steps();
    step->set_item_id("asset-tag");
    (*step->mutable_prompt()->mutable_text())["en"] = "Scan the asset tag";
    step->mutable_prompt()->set_pattern("A-[0-9]{4}");
    return grpc::Status::OK;
  }
  bool refuse = false;
};

class CliFlowTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    fleet_.devices = {MakeDevice(1, lifecycle_v1::DEVICE_STATE_PROVISIONING)};
  }
  void AddServices(grpc::ServerBuilder* builder) override {
    builder->RegisterService(&flow_);
    builder->RegisterService(&plans_);
  }

  FakeFlow flow_;
  FakePlans plans_;
};

TEST_F(CliFlowTest, HoldsWithAReasonAndNotWithout) {
  const CliResult held = RunAsAdmin({"hold", "SN-1", "--reason", "wrong cable"});
  EXPECT_EQ(held.code, 0) << held.err;
  EXPECT_EQ(flow_.held.name(), "devices/D-1");
  EXPECT_EQ(flow_.held.reason(), "wrong cable");
  EXPECT_THAT(held.out, HasSubstr("D-1"));
  EXPECT_EQ(RunAsAdmin({"hold", "SN-1"}).code, 2);
}

TEST_F(CliFlowTest, WrongUsageIsOneLineThatNamesTheHelpToRead) {
  EXPECT_EQ(RunAsAdmin({"hold", "SN-1"}).err,
            "preseal: --reason is required; see preseal hold --help\n");
  EXPECT_EQ(RunAsAdmin({"devices", "shwo"}).err,
            "preseal: there is no command \"shwo\" here; see preseal devices --help\n");
  EXPECT_EQ(RunAsAdmin({"devices"}).err,
            "preseal: A subcommand is required; see preseal devices --help\n");
  EXPECT_EQ(RunAsAdmin({"diagnostics", "D-1", "--list", "--collect"}).err,
            "preseal: give only one of [--collect,--list,--read,--save]; "
            "see preseal diagnostics --help\n");
}

TEST_F(CliFlowTest, WaivesByNameAndTellsWhatTheServerSays) {
  EXPECT_EQ(RunAsAdmin({"waive", "D-1", "burn-in", "--reason", "fan known"}).code, 0);
  EXPECT_EQ(flow_.waived.item_id(), "burn-in");
  EXPECT_EQ(flow_.waived.reason(), "fan known");
  const CliResult unknown = RunAsAdmin({"waive", "D-1", "unknown", "--reason", "x"});
  EXPECT_NE(unknown.code, 0);
  EXPECT_THAT(unknown.err, HasSubstr("has no item"));
}

TEST_F(CliFlowTest, ADevicesPageTellsWhatAnItemAsks) {
  auto* item = fleet_.devices[0].add_items();
  item->set_item_id("asset-tag");
  item->set_state(progress_v1::ITEM_STATE_IN_PROGRESS);
  item->mutable_wait()->set_kind(progress_v1::Wait::KIND_PROMPT);
  EXPECT_THAT(RunAsAdmin({"devices", "show", "D-1"}).out,
              HasSubstr("asks: Scan the asset tag (A-[0-9]{4}); waits for an answer"));
  EXPECT_THAT(RunAsAdmin({"--output", "json", "devices", "show", "D-1"}).out,
              Not(HasSubstr("Scan")));
  plans_.refuse = true;
  const CliResult without = RunAsAdmin({"devices", "show", "D-1"});
  EXPECT_EQ(without.code, 0) << without.err;
  EXPECT_THAT(without.out, HasSubstr("waits for an answer"));
}

TEST_F(CliFlowTest, AnswersAndExtends) {
  EXPECT_EQ(RunAsAdmin({"answer", "D-1", "asset-tag", "AB-12"}).code, 0);
  EXPECT_EQ(flow_.answered.answer(), "AB-12");
  EXPECT_EQ(RunAsAdmin({"extend", "D-1", "--by", "30m", "--item", "burn-in"}).code, 0);
  EXPECT_EQ(flow_.extended.by().seconds(), 1800);
  EXPECT_EQ(flow_.extended.item_id(), "burn-in");
  EXPECT_EQ(RunAsAdmin({"extend", "D-1", "--by", "soon"}).code, 2);
}

TEST_F(CliFlowTest, ResetsOnlyAfterAYes) {
  EXPECT_NE(RunAsAdmin({"reset", "D-1", "--reason", "wrong profile"}).code, 0);
  EXPECT_EQ(flow_.resets, 0);
  EXPECT_EQ(RunAsAdmin({"reset", "D-1", "--reason", "wrong profile", "--yes"}).code, 0);
  EXPECT_EQ(flow_.resets, 1);
}

TEST_F(CliFlowTest, PrintsTheCommandAsJson) {
  const CliResult result =
      RunAsAdmin({"--output", "json", "reset", "D-1", "--reason", "wrong profile", "--yes"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("KIND_RESET"));
}

TEST_F(CliFlowTest, UpdatesOnlyTheFieldsThatWereGiven) {
  ASSERT_EQ(RunAsAdmin({"update-device", "D-1", "--group-tag", "kiosks", "--profile", "",
                        "--attribute", "floor=3", "--attribute", "old="})
                .code,
            0);
  EXPECT_EQ(flow_.updated.group_tag(), "kiosks");
  EXPECT_TRUE(flow_.updated.has_profile());
  EXPECT_FALSE(flow_.updated.has_assigned_user() || flow_.updated.has_slot());
  ASSERT_EQ(flow_.updated.set_attributes_size(), 2);
  EXPECT_EQ(flow_.updated.set_attributes(0).key(), "floor");
  EXPECT_EQ(flow_.updated.set_attributes(1).value(), "");
  EXPECT_EQ(RunAsAdmin({"update-device", "D-1"}).code, 2);
  EXPECT_EQ(RunAsAdmin({"update-device", "D-1", "--attribute", "floor"}).code, 2);
}

}  // namespace
}  // namespace preseal::server::cli
