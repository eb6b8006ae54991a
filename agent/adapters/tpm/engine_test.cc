// SPDX-License-Identifier: Apache-2.0
// gRPC with a client key that never leaves the TPM.
#include "agent/adapters/tpm/engine.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/crypto/certificate.h"
#include "common/tpmwire/signature.h"
#include "preseal/device/v1/device.grpc.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/support/swtpm.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

// Tells the caller whose certificate it sees.
class WhoAmI final : public device::v1::ArtifactService::Service {
  grpc::Status Fetch(grpc::ServerContext* context, const device::v1::FetchRequest*,
                     grpc::ServerWriter<device::v1::FetchResponse>* writer) override {
    const auto names = context->auth_context()->FindPropertyValues("x509_common_name");
    device::v1::FetchResponse response;
    if (!names.empty()) response.set_chunk(std::string(names[0].data(), names[0].size()));
    writer->Write(response);
    return grpc::Status::OK;
  }
};

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open({.tcti = swtpm_->tcti()}));
    ASSERT_OK_AND_ASSIGN(auto key, tpm_->CreateDeviceKey(Bytes(32, 7)));
    ASSERT_OK_AND_ASSIGN(handle_, tpm_->PersistDeviceKey(*key));
    ASSERT_OK_AND_ASSIGN(key, tpm_->LoadDeviceKey(handle_));
    ASSERT_OK_AND_ASSIGN(const auto area, tpmwire::ParsePublic(key->public_area()));
    ASSERT_OK_AND_ASSIGN(const auto public_key, tpmwire::ToPublicKey(area));
    ASSERT_OK_AND_ASSIGN(pki_, test::TestPki::Create());
    ASSERT_OK_AND_ASSIGN(const auto certificate, pki_->IssueDevice("D-7", public_key));
    client_pem_ = certificate.ToPem();
    ASSERT_OK_AND_ASSIGN(engine_key_, EngineKey::Register(tpm_, std::move(key)));
    StartServer();
  }

  void StartServer() {
    grpc::SslServerCredentialsOptions options(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = pki_->ca().pem();
    options.pem_key_cert_pairs.push_back({pki_->server().key_pem(), pki_->server().pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  // One new connection with the key of that name, one call; the name the server saw.
  StatusOr<std::string> Ask(const std::string& key_reference) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = pki_->ca().pem();
    options.pem_private_key = key_reference;
    options.pem_cert_chain = client_pem_;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto channel = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port_),
                                                   grpc::SslCredentials(options), arguments);
    const auto stub = device::v1::ArtifactService::NewStub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    context.set_wait_for_ready(true);
    const auto reader = stub->Fetch(&context, device::v1::FetchRequest());
    device::v1::FetchResponse response;
    const bool read = reader->Read(&response);
    const grpc::Status status = reader->Finish();
    if (!read || !status.ok()) return Unavailable(status.error_message());
    return response.chunk();
  }

  test::TempDir dir_;
  std::unique_ptr<test::Swtpm> swtpm_;
  std::shared_ptr<Tpm> tpm_;
  uint32_t handle_ = 0;
  std::unique_ptr<test::TestPki> pki_;
  std::string client_pem_;
  std::unique_ptr<EngineKey> engine_key_;
  WhoAmI service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(EngineTest, MutualTlsWithTheTpmKeyNamesTheDevice) {
  EXPECT_THAT(Ask(engine_key_->reference()), test::IsOkAndHolds("D-7"));
}

TEST_F(EngineTest, FourThreadsShareTheKey) {
  constexpr int kThreads = 4;
  constexpr int kCallsEach = 10;
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, &good] {
      for (int i = 0; i < kCallsEach; ++i) good += Ask(engine_key_->reference()).ok();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads * kCallsEach);
}

TEST_F(EngineTest, HandshakesGoOnAfterTheTpmRestartsInMidRun) {
  EXPECT_OK(Ask(engine_key_->reference()));
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  std::atomic<int> good = 0;
  std::thread caller([this, &stop, &failed, &good] {
    while (!stop) ++(Ask(engine_key_->reference()).ok() ? good : failed);
  });
  for (int restart = 0; restart < 3; ++restart) {
    const int before = good;
    EXPECT_OK(swtpm_->Restart());
    // Two more: the first may have had its signature before the restart.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (good < before + 2 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_GE(good, before + 2);
  }
  stop = true;
  caller.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(EngineTest, NameTakenAwayLoadsNoMore) {
  const std::string reference = engine_key_->reference();
  engine_key_.reset();
  grpc::SslCredentialsOptions options;
  options.pem_private_key = reference;
  options.pem_cert_chain = client_pem_;
  options.pem_root_certs = pki_->ca().pem();
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port_), grpc::SslCredentials(options));
  EXPECT_FALSE(
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::milliseconds(200)));
}

TEST_F(EngineTest, NameIsGivenOnce) {
  ASSERT_OK_AND_ASSIGN(auto key, tpm_->LoadDeviceKey(handle_));
  EXPECT_THAT(EngineKey::Register(tpm_, std::move(key)), StatusIs(StatusCode::kAlreadyExists));
}

TEST_F(EngineTest, RestrictedKeyIsNoTlsKey) {
  ASSERT_OK_AND_ASSIGN(auto ak, tpm_->CreateAk(Bytes(32, 7)));
  EXPECT_THAT(EngineKey::Register(tpm_, std::move(ak), "ak"),
              StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::agent
