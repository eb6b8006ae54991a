// SPDX-License-Identifier: Apache-2.0
// Over real gRPC and mTLS on loopback.
#include "agent/adapters/grpc/join_client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <mutex>

#include "common/base/limits.h"
#include "preseal/device/v1/device.grpc.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_pki.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;
using std::chrono::milliseconds;
using test::StatusIs;

// Runs that were only begun.
class BegunRuns final : public RunStore {
 public:
  class Log final : public RunLog {
   public:
    explicit Log(RunHeader header) : header_(std::move(header)) {}
    const RunHeader& header() const override { return header_; }
    StatusOr<uint64_t> Append(const std::string&, uint32_t, ByteView, Durability) override {
      return Unimplemented("");
    }
    StatusOr<std::vector<LoggedEvent>> Read(uint64_t, size_t, size_t) override {
      return Unimplemented("");
    }
    Status Acked(uint64_t) override { return Unimplemented(""); }
    Status Renumber(uint64_t) override { return Unimplemented(""); }
    uint64_t next_sequence() const override { return 1; }
    uint64_t acked() const override { return 0; }
    std::vector<LoggedEvent> Latest() const override { return {}; }

   private:
    RunHeader header_;
  };
  StatusOr<std::shared_ptr<RunLog>> Begin(const RunHeader& header) override {
    logs_.push_back(std::make_shared<Log>(header));
    return logs_.back();
  }
  std::vector<std::shared_ptr<RunLog>> Runs() const override { return logs_; }
  Status Drop(const RunId&) override { return Unimplemented(""); }

 private:
  std::vector<std::shared_ptr<RunLog>> logs_;
};

// Answers what it was told, in turn; the last one again and again.
class JoinServer final : public wire::JoinService::Service {
 public:
  struct Answer {
    grpc::Status status;
    std::string blob;
  };
  grpc::Status FetchJoin(grpc::ServerContext*, const wire::FetchJoinRequest* request,
                         wire::FetchJoinResponse* response) override {
    const std::lock_guard lock(mutex);
    requests.push_back(*request);
    const Answer answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    response->set_provider("samba-offline-join");
    response->set_domain("floor.test");
    response->set_blob(answer.blob);
    return answer.status;
  }
  std::mutex mutex;
  std::deque<Answer> answers{{grpc::Status::OK, "the blob"}};
  std::vector<wire::FetchJoinRequest> requests;
};

class JoinClientTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(pki_, test::TestPki::Create());
    ASSERT_OK_AND_ASSIGN(const auto key, crypto::PrivateKey::GenerateP256());
    ASSERT_OK_AND_ASSIGN(const auto certificate, pki_->IssueDevice("D-1", key.public_key()));
    ASSERT_OK_AND_ASSIGN(const Secret key_pem, key.ToPem());
    grpc::SslServerCredentialsOptions ssl(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ssl.pem_root_certs = pki_->ca().pem();
    ssl.pem_key_cert_pairs.push_back({pki_->server().key_pem(), pki_->server().pem()});
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(ssl), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    channel_ = std::make_unique<DeviceChannel>(
        DeviceChannelOptions{"127.0.0.1:" + std::to_string(port), pki_->ca().pem(), "",
                             certificate.ToPem(), ToString(key_pem.Reveal())});
    for (const char* run : {"D-1.1", "D-1.2", "D-2.7"}) {
      ASSERT_OK_AND_ASSIGN(const RunId id, RunId::Parse(run));
      ASSERT_OK(runs_.Begin({id, "", {}}));
    }
  }
  StatusOr<JoinBlob> Fetch(milliseconds limit = std::chrono::seconds(20),
                           std::stop_token stop = {}) {
    JoinClient client(*channel_, runs_, "D-1");
    return client.Fetch(
        "join", limit, [this](std::string_view why) { waits_.emplace_back(why); }, stop);
  }

  std::unique_ptr<test::TestPki> pki_;
  JoinServer service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<DeviceChannel> channel_;
  BegunRuns runs_;
  std::vector<std::string> waits_;
};

TEST_F(JoinClientTest, AsksForTheNewestRunOfTheDeviceAndItsItem) {
  ASSERT_OK_AND_ASSIGN(const JoinBlob blob, Fetch());
  EXPECT_EQ(AsText(blob.blob.Reveal()), "the blob");
  EXPECT_EQ(blob.provider, "samba-offline-join");
  EXPECT_EQ(blob.domain, "floor.test");
  ASSERT_EQ(service_.requests.size(), 1U);
  EXPECT_EQ(service_.requests[0].run_id(), "D-1.2");
  EXPECT_EQ(service_.requests[0].item_id(), "join");
}

TEST_F(JoinClientTest, KeepsAskingWhileTheDirectoryIsGoneAndTellsWhy) {
  service_.answers = {{{grpc::StatusCode::UNAVAILABLE, "no controller answers"}, ""},
                      {{grpc::StatusCode::ABORTED, "a join is under way"}, ""},
                      {grpc::Status::OK, "late blob"}};
  ASSERT_OK_AND_ASSIGN(const JoinBlob blob, Fetch());
  EXPECT_EQ(AsText(blob.blob.Reveal()), "late blob");
  EXPECT_THAT(waits_, testing::ElementsAre("no controller answers", "a join is under way"));
}

TEST_F(JoinClientTest, GivesUpAtItsLimitWithTheLastReason) {
  service_.answers = {{{grpc::StatusCode::UNAVAILABLE, "no controller answers"}, ""}};
  EXPECT_THAT(Fetch(milliseconds(500)), StatusIs(StatusCode::kUnavailable, "in time"));
}

TEST_F(JoinClientTest, DoesNotRepeatWhatAPersonMustMend) {
  service_.answers = {{{grpc::StatusCode::FAILED_PRECONDITION, "the name is taken"}, ""}};
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kFailedPrecondition, "the name is taken"));
  EXPECT_EQ(service_.requests.size(), 1U);
}

TEST_F(JoinClientTest, RefusesAnEmptyAndAnOversizedBlob) {
  service_.answers = {{grpc::Status::OK, ""}};
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kDataLoss));
  service_.answers = {{grpc::Status::OK, std::string(kJoinBlobBytesMax + 1, 'x')}};
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kDataLoss));
}

TEST_F(JoinClientTest, StopEndsTheWait) {
  service_.answers = {{{grpc::StatusCode::UNAVAILABLE, "no controller answers"}, ""}};
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(Fetch(std::chrono::hours(1), stop.get_token()), StatusIs(StatusCode::kCancelled));
}

}  // namespace
}  // namespace preseal::agent
