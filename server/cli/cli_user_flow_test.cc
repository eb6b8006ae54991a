// SPDX-License-Identifier: Apache-2.0
// Codes for users and service records over a real connection.
#include "preseal/flow/v1/flow.grpc.pb.h"
#include "server/cli/cli_fixture.h"

namespace preseal::server::cli {
namespace {

namespace flow_v1 = ::preseal::flow::v1;
using testing::HasSubstr;
using testing::Not;

class FakeFlow final : public flow_v1::FlowService::Service {
 public:
  grpc::Status IssueUserCode(grpc::ServerContext*, const flow_v1::IssueUserCodeRequest* request,
                             flow_v1::IssueUserCodeResponse* response) override {
    asked = request->name();
    if (refuse) return {grpc::StatusCode::FAILED_PRECONDITION, "nobody is assigned to D-1"};
    response->set_username("ada@example.com");
    response->set_code("K7QW-2M9X-TF4B");
    return grpc::Status::OK;
  }
  grpc::Status GetServiceRecord(grpc::ServerContext*,
                                const flow_v1::GetServiceRecordRequest* request,
                                flow_v1::ServiceRecord* response) override {
    asked = request->name();
    response->set_jws("a.b.c");
    return grpc::Status::OK;
  }
  std::string asked;
  bool refuse = false;
};

class CliUserFlowTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    fleet_.devices = {MakeDevice(1, lifecycle_v1::DEVICE_STATE_SEALED)};
  }
  void AddServices(grpc::ServerBuilder* builder) override { builder->RegisterService(&flow_); }

  FakeFlow flow_;
};

TEST_F(CliUserFlowTest, PrintsTheCodeAloneAndSaysForWhomBesideIt) {
  const CliResult result = RunAsAdmin({"user-code", "SN-1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(flow_.asked, "devices/D-1");
  EXPECT_EQ(result.out, "K7QW-2M9X-TF4B\n");
  EXPECT_THAT(result.err, HasSubstr("ada@example.com"));
  EXPECT_THAT(result.err, Not(HasSubstr("K7QW")));
}

TEST_F(CliUserFlowTest, TellsWhyThereIsNoCode) {
  flow_.refuse = true;
  const CliResult result = RunAsAdmin({"user-code", "D-1"});
  EXPECT_NE(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("nobody is assigned"));
  EXPECT_EQ(result.out, "");
}

TEST_F(CliUserFlowTest, FetchesTheServiceRecordAsItIs) {
  const CliResult result = RunAsAdmin({"service-record", "D-1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(flow_.asked, "devices/D-1");
  EXPECT_EQ(result.out, "a.b.c\n");
}

}  // namespace
}  // namespace preseal::server::cli
