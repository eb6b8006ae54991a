// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/server_probe.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>

#include "common/crypto/issue.h"
#include "common/crypto/key.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

using std::chrono_literals::operator""h;
using test::StatusIs;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// A TLS server on loopback, with an authority of its own.
class Server {
 public:
  static StatusOr<std::unique_ptr<Server>> Start(std::chrono::hours from,
                                                 std::chrono::hours until) {
    const WallTime now = std::chrono::system_clock::now();
    ASSIGN_OR_RETURN(auto ca_key, crypto::PrivateKey::GenerateP256());
    ASSIGN_OR_RETURN(auto ca, crypto::IssueCa("Test", "Test CA", {now - 99h, now + 99h}, ca_key));
    ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::GenerateP256());
    ASSIGN_OR_RETURN(auto certificate,
                     crypto::IssueServer({{"localhost"}, {"127.0.0.1"}}, {now + from, now + until},
                                         key.public_key(), {ca, ca_key}));
    auto server = std::unique_ptr<Server>(new Server());
    server->ca_pem_ = ca.ToPem();
    grpc::SslServerCredentialsOptions tls;
    ASSIGN_OR_RETURN(const auto key_pem, key.ToPem());
    tls.pem_key_cert_pairs.push_back({ToString(key_pem.Reveal()), certificate.ToPem()});
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&server->nothing_);  // gRPC wants to serve something
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &server->port_);
    server->server_ = builder.BuildAndStart();
    return server;
  }
  std::string endpoint() const { return fmt::format("localhost:{}", port_); }
  const std::string& ca_pem() const { return ca_pem_; }
  ServerProbe Probe() const { return {endpoint(), ca_pem()}; }
  void Stop() { server_->Shutdown(); }

 private:
  Server() = default;
  std::string ca_pem_;
  int port_ = 0;
  grpc::CallbackGenericService nothing_;
  std::unique_ptr<grpc::Server> server_;
};

TEST(ServerProbeTest, AServerUnderOurAuthorityIsFine) {
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start(-1h, 1h));
  EXPECT_OK(server->Probe().Look());
  EXPECT_EQ(server->Probe().Explain(Unavailable("gone")), Unavailable("gone"));
}

TEST(ServerProbeTest, ACertificateThatIsNotValidYetNamesTheClock) {
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start(23h, 48h));
  const Status seen = server->Probe().Look();
  EXPECT_EQ(seen.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(seen), AllOf(StartsWith("set the device's clock: it says 20"),
                                     HasSubstr("the server's certificate begins at 20")));
  EXPECT_THAT(server->Probe().Explain(Unavailable("certificate verify failed")),
              StatusIs(StatusCode::kUnavailable, "set the device's clock"));
}

TEST(ServerProbeTest, AnExpiredCertificateNamesTheClockAndTheRenewal) {
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start(-48h, -24h));
  const Status seen = server->Probe().Look();
  EXPECT_EQ(seen.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(seen), AllOf(StartsWith("set the device's clock: it says 20"),
                                     HasSubstr("the server's certificate ended at 20"),
                                     HasSubstr("renew that certificate")));
}

TEST(ServerProbeTest, AnotherAuthorityIsNoMatterOfTheClock) {
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start(-1h, 1h));
  ASSERT_OK_AND_ASSIGN(const auto other, Server::Start(-1h, 1h));
  const ServerProbe probe(server->endpoint(), other->ca_pem());
  EXPECT_THAT(probe.Look(), StatusIs(StatusCode::kPermissionDenied, "refused"));
  EXPECT_EQ(probe.Explain(Unavailable("failed")), Unavailable("failed"));
}

TEST(ServerProbeTest, NobodyThereIsUnavailable) {
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start(-1h, 1h));
  server->Stop();
  EXPECT_THAT(server->Probe().Look(), StatusIs(StatusCode::kUnavailable));
}

TEST(ServerProbeTest, OnlyAnUnreachableServerIsLookedInto) {
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start(23h, 48h));
  EXPECT_EQ(server->Probe().Explain(PermissionDenied("blocked")), PermissionDenied("blocked"));
}

}  // namespace
}  // namespace preseal::agent
