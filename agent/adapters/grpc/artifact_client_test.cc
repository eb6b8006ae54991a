// SPDX-License-Identifier: Apache-2.0
// Fetching over real gRPC with mTLS on loopback, from a server that fails on demand.
#include "agent/adapters/grpc/artifact_client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <latch>
#include <map>
#include <thread>

#include "common/crypto/digest.h"
#include "common/files/files.h"
#include "preseal/device/v1/device.grpc.pb.h"
#include "tests/support/small_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::IsOk;
using test::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr size_t kChunk = 1000;

class ArtifactServer final : public wire::ArtifactService::Service {
 public:
  explicit ArtifactServer(const test::TestPki& pki) : pki_(pki) {}
  ~ArtifactServer() override { Stop(); }

  void Start() {
    grpc::SslServerCredentialsOptions ssl(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ssl.pem_root_certs = pki_.ca().pem();
    ssl.pem_key_cert_pairs.push_back({pki_.server().key_pem(), pki_.server().pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), grpc::SslServerCredentials(ssl),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void Stop() {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<uint64_t> offsets() {
    const std::lock_guard lock(mutex_);
    return offsets_;
  }

  std::map<std::string, std::string> contents;  // by raw digest
  std::atomic<size_t> cut_at = 0;               // n > 0: the next call ends there
  std::latch* meet = nullptr;                   // every call waits until all have come

 private:
  grpc::Status Fetch(grpc::ServerContext*, const wire::FetchRequest* request,
                     grpc::ServerWriter<wire::FetchResponse>* writer) override {
    {
      const std::lock_guard lock(mutex_);
      offsets_.push_back(request->offset());
    }
    const auto found = contents.find(request->sha256());
    if (found == contents.end()) return grpc::Status(grpc::StatusCode::NOT_FOUND, "none");
    if (meet != nullptr) meet->arrive_and_wait();
    std::string content = found->second;
    const size_t cut = cut_at.exchange(0);
    if (cut > 0) content.resize(cut);
    wire::FetchResponse response;
    for (size_t at = request->offset(); at < content.size(); at += kChunk) {
      response.set_chunk(content.substr(at, kChunk));
      writer->Write(response);
    }
    return cut > 0 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut") : grpc::Status::OK;
  }

  const test::TestPki& pki_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::vector<uint64_t> offsets_;
};

class ArtifactClientTest : public testing::Test {
 protected:
  void SetUp() override {
    auto pki = test::TestPki::Create();
    ASSERT_THAT(pki, IsOk());
    pki_ = *std::move(pki);
    server_ = std::make_unique<ArtifactServer>(*pki_);
    server_->Start();
    auto key = crypto::PrivateKey::GenerateP256();
    ASSERT_THAT(key, IsOk());
    const auto certificate = pki_->IssueDevice("D-1", key->public_key());
    ASSERT_THAT(certificate, IsOk());
    channel_ = std::make_unique<DeviceChannel>(
        DeviceChannelOptions{server_->endpoint(), pki_->ca().pem(), "", certificate->ToPem(),
                             ToString(key->ToPem()->Reveal())});
    client_ = std::make_unique<ArtifactClient>(*channel_, Folder());
  }

  std::string Folder() const { return dir_.File("artifacts"); }
  std::string NameOf(const Artifact& artifact) const {
    return Folder() + "/" + ToHex(artifact.sha256);
  }
  // The server has it from now on.
  Artifact Offer(const std::string& content) {
    const Artifact artifact{crypto::Sha256(AsBytes(content)), content.size(), "artifact"};
    server_->contents[ToString(ByteView(artifact.sha256))] = content;
    return artifact;
  }
  void LeavePart(const Artifact& artifact, const std::string& content) {
    ASSERT_OK(files::MakeDirectories(Folder(), 0700));
    ASSERT_OK(files::WriteAtomic(NameOf(artifact) + ".part", AsBytes(content), 0600));
  }
  StatusOr<std::string> Fetch(const Artifact& artifact, milliseconds limit = seconds(20),
                              std::stop_token stop = {}) {
    return client_->Fetch(
        artifact, limit, [](uint32_t) {}, stop);
  }
  void ExpectFetched(const Artifact& artifact, const std::string& content) {
    const auto path = Fetch(artifact);
    ASSERT_THAT(path, IsOk());
    const auto bytes = files::Read(*path, 1 << 20);
    ASSERT_THAT(bytes, IsOk());
    EXPECT_TRUE(AsText(*bytes) == content);
    EXPECT_FALSE(std::filesystem::exists(NameOf(artifact) + ".part"));
  }
  std::vector<std::string> FilesThere() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  test::TempDir dir_;
  std::unique_ptr<test::TestPki> pki_;
  std::unique_ptr<ArtifactServer> server_;
  std::unique_ptr<DeviceChannel> channel_;
  std::unique_ptr<ArtifactClient> client_;
  const std::string content_ = std::string(4 * kChunk, 'a') + std::string(4 * kChunk, 'b');
};

TEST_F(ArtifactClientTest, GoesOnWhereTheStreamBroke) {
  const Artifact artifact = Offer(content_);
  server_->cut_at = 3 * kChunk;
  ExpectFetched(artifact, content_);
  EXPECT_THAT(server_->offsets(), ElementsAre(0, 3 * kChunk));
}

TEST_F(ArtifactClientTest, GoesOnWithWhatAnEarlierAgentHad) {
  const Artifact artifact = Offer(content_);
  LeavePart(artifact, content_.substr(0, 5 * kChunk));
  ExpectFetched(artifact, content_);
  EXPECT_THAT(server_->offsets(), ElementsAre(5 * kChunk));
}

TEST_F(ArtifactClientTest, BeginsAgainWhenWhatAnEarlierAgentHadIsDamaged) {
  const Artifact artifact = Offer(content_);
  LeavePart(artifact, std::string(5 * kChunk, 'x'));
  ExpectFetched(artifact, content_);
  EXPECT_THAT(server_->offsets(), ElementsAre(5 * kChunk, 0));
}

TEST_F(ArtifactClientTest, RemovesContentWithAnotherDigest) {
  const Artifact artifact = Offer(content_);
  server_->contents.begin()->second.back() = 'x';
  EXPECT_THAT(Fetch(artifact), StatusIs(StatusCode::kDataLoss, "digest"));
  EXPECT_THAT(FilesThere(), IsEmpty());
}

TEST_F(ArtifactClientTest, RemovesContentThatIsLongerThanPromised) {
  const Artifact artifact = Offer(content_);
  server_->contents.begin()->second += "more";
  EXPECT_THAT(Fetch(artifact), StatusIs(StatusCode::kDataLoss, "size"));
  EXPECT_THAT(FilesThere(), IsEmpty());
}

TEST_F(ArtifactClientTest, SaysAtOnceThatTheServerHasNoSuchContent) {
  const Artifact artifact = Offer(content_);
  server_->contents.clear();
  EXPECT_THAT(Fetch(artifact), StatusIs(StatusCode::kNotFound));
}

// Both calls are at the server at the same time, or neither would get on.
TEST_F(ArtifactClientTest, FetchesSeveralAtOnce) {
  const Artifact first = Offer(content_), second = Offer(content_ + "2");
  std::latch meet(2);
  server_->meet = &meet;
  auto other = std::async(std::launch::async, [this, &second] { return Fetch(second); });
  EXPECT_THAT(Fetch(first), IsOk());
  EXPECT_THAT(other.get(), IsOk());
}

TEST_F(ArtifactClientTest, FetchesTheSameContentOnce) {
  const Artifact artifact = Offer(content_);
  std::vector<std::future<StatusOr<std::string>>> all;
  for (int i = 0; i < 6; ++i) {
    all.push_back(std::async(std::launch::async, [this, &artifact] { return Fetch(artifact); }));
  }
  for (auto& one : all) EXPECT_THAT(one.get(), IsOk());
  EXPECT_THAT(server_->offsets(), ElementsAre(0));
}

TEST_F(ArtifactClientTest, WaitsForAServerThatIsGoneUntilItIsBack) {
  const Artifact artifact = Offer(content_);
  server_->cut_at = 3 * kChunk;
  server_->Stop();
  auto fetched = std::async(std::launch::async, [this, &artifact] { return Fetch(artifact); });
  EXPECT_EQ(fetched.wait_for(milliseconds(700)), std::future_status::timeout);
  server_->Start();
  EXPECT_THAT(fetched.get(), IsOk());
}

TEST_F(ArtifactClientTest, GivesUpAtTheDeadlineAndNotBefore) {
  const Artifact artifact = Offer(content_);
  server_->Stop();
  const auto began = steady_clock::now();
  EXPECT_THAT(Fetch(artifact, milliseconds(800)), StatusIs(StatusCode::kUnavailable, "in time"));
  EXPECT_GE(steady_clock::now() - began, milliseconds(800));
}

TEST_F(ArtifactClientTest, KeepsWhatItHasForTheNextStepWhenItGivesUp) {
  const Artifact artifact = Offer(content_);
  LeavePart(artifact, content_.substr(0, 5 * kChunk));
  server_->Stop();
  EXPECT_THAT(Fetch(artifact, milliseconds(300)), StatusIs(StatusCode::kUnavailable));
  server_->Start();
  ExpectFetched(artifact, content_);
  EXPECT_THAT(server_->offsets(), ElementsAre(5 * kChunk));
}

TEST_F(ArtifactClientTest, EndsSoonAfterAStop) {
  const Artifact artifact = Offer(content_);
  server_->Stop();
  std::stop_source stop;
  auto fetched = std::async(
      std::launch::async, [&] { return Fetch(artifact, std::chrono::hours(1), stop.get_token()); });
  EXPECT_EQ(fetched.wait_for(milliseconds(300)), std::future_status::timeout);
  stop.request_stop();
  EXPECT_THAT(fetched.get(), StatusIs(StatusCode::kCancelled));
}

TEST_F(ArtifactClientTest, FreesAFullDisk) {
  ASSERT_OK(files::MakeDirectories(Folder(), 0700));
  const test::SmallFileSystem disk(Folder(), "64k");
  if (!disk.mounted()) GTEST_SKIP() << disk.kWhyNot;
  const Artifact artifact = Offer(std::string(200'000, 'a'));
  EXPECT_THAT(Fetch(artifact), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(FilesThere(), IsEmpty());
}

}  // namespace
}  // namespace preseal::agent
