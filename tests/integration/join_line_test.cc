// SPDX-License-Identifier: Apache-2.0
// Offline-join blobs over mTLS, from the port as the server builds it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "common/base/limits.h"
#include "preseal/device/v1/device.grpc.pb.h"
#include "preseal/plan/v1/plan.pb.h"
#include "server/adapters/grpc/join_service.h"
#include "server/adapters/join/plan_join_items.h"
#include "server/service/join/join_fixture.h"
#include "server/service/service_fixture.h"
#include "tests/integration/device_line.h"

namespace preseal::server {
namespace {

namespace wire = device::v1;

class JoinLineTest : public FlowTest {
 protected:
  void SetUp() override {
    // TLS looks at the real time.
    clock_.Turn(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now() - clock_.Now()));
    ASSERT_NO_FATAL_FAILURE(FlowTest::SetUp());
    plan::v1::Plan plan;
    plan.set_device_name("PS-A-17");
    plan.add_steps()->set_item_id("policy");
    plan.add_steps()->set_item_id("join");
    plan.mutable_steps(1)->mutable_offline_join()->set_domain("floor.test");
    profile_.plan = ToBytes(plan.SerializeAsString());
    device_ = AddEnrolled("A-17").id;
    ASSERT_OK_AND_ASSIGN(const Command command, flow_->Start(lead_, device_, ""));
    run_ = command.run_id->text();
    desk_ = std::make_unique<JoinDesk>(*store_, clock_, items_, &directory_);
    workers_ = std::make_unique<Workers>(2, 16);
    service_ = std::make_unique<JoinService>(*desk_, revocations_, *workers_);
    ASSERT_OK_AND_ASSIGN(line_, DeviceLine::Make(dir_.path(), clock_.Now()));
    ASSERT_OK(line_->Open({service_.get()}));
    ASSERT_OK_AND_ASSIGN(channel_, line_->Connect(device_, clock_.Now(), &certificate_sha256_));
  }
  void TearDown() override {
    if (line_) line_->Close();
    if (workers_) workers_->Stop();
  }
  grpc::Status Fetch(agent::DeviceChannel& channel, const std::string& run,
                     const std::string& item) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    wire::FetchJoinRequest request;
    request.set_run_id(run);
    request.set_item_id(item);
    return wire::JoinService::NewStub(channel.Current())->FetchJoin(&context, request, &answer_);
  }

  PlanJoinItems items_;
  MemoryDirectory directory_;
  RevocationMap revocations_;
  DeviceId device_;
  std::string run_;
  std::unique_ptr<JoinDesk> desk_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<JoinService> service_;
  std::unique_ptr<DeviceLine> line_;
  std::unique_ptr<agent::DeviceChannel> channel_;
  Bytes certificate_sha256_;
  wire::FetchJoinResponse answer_;
};

TEST_F(JoinLineTest, ADeviceGetsTheBlobOfItsOwnName) {
  const auto status = Fetch(*channel_, run_, "join");
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(answer_.provider(), "memory");
  EXPECT_EQ(answer_.domain(), "floor.test");
  EXPECT_EQ(answer_.blob(), "blob 1");
  EXPECT_THAT(directory_.names, testing::ElementsAre("PS-A-17"));
}

// Who asks is who the certificate names, whatever run the request names.
TEST_F(JoinLineTest, AnotherDeviceDoesNotGetIt) {
  const DeviceId other = AddEnrolled("A-18").id;
  ASSERT_OK(flow_->Start(lead_, other, ""));
  ASSERT_OK_AND_ASSIGN(const auto channel, line_->Connect(other, clock_.Now()));
  EXPECT_EQ(Fetch(*channel, run_, "join").error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_TRUE(directory_.names.empty());
}

TEST_F(JoinLineTest, ARevokedCertificateGetsNothing) {
  revocations_.Add(certificate_sha256_);
  EXPECT_EQ(Fetch(*channel_, run_, "join").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(directory_.names.empty());
}

TEST_F(JoinLineTest, SaysWhatIsWrongWithARequest) {
  EXPECT_EQ(Fetch(*channel_, "no run", "join").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Fetch(*channel_, run_, std::string(kItemIdBytesMax + 1, 'j')).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Fetch(*channel_, run_, "policy").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(directory_.names.empty());
}

TEST_F(JoinLineTest, PassesOnThatTheDirectoryIsAway) {
  directory_.failure = Unavailable("no domain controller");
  const auto status = Fetch(*channel_, run_, "join");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("no domain controller"));
  EXPECT_TRUE(answer_.blob().empty());
}

}  // namespace
}  // namespace preseal::server
