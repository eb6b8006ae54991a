// SPDX-License-Identifier: Apache-2.0
// Who gets through which port's handshake. Each refused identity differs from an accepted one in
// one thing; gRPC tells a refused client no more than that the connection is gone.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <optional>

#include "common/base/limits.h"
#include "common/crypto/issue.h"
#include "common/files/files.h"
#include "preseal/device/v1/device.grpc.pb.h"
#include "preseal/enrollment/v1/enrollment.grpc.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_floor.h"

namespace preseal {
namespace {

using std::chrono::hours;

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

class PortIdentityTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto floor = test::TestFloor::Open({.profile = kProfile, .devices = 1});
    ASSERT_OK(floor.status());
    floor_ = std::move(*floor).release();
  }
  static void TearDownTestSuite() { delete std::exchange(floor_, nullptr); }
  void SetUp() override { ASSERT_NE(floor_, nullptr); }

  static constexpr char kProfile[] =
      "name: test\nitems: [{id: a, name: A, category: apps, file: {path: /a, content: a}}]\n";

  static std::string ReadText(const std::string& path) {
    return ToString(ByteView(*files::Read(path, kConfigBytesMax)));
  }
  static std::string CaFile(const std::string& name) { return floor_->state_dir() + "/ca/" + name; }

  enum class Kind { kStation, kDevice };
  // A certificate of `kind` by the authority in `key_file` and `certificate`.
  static StatusOr<Identity> Issue(Kind kind, const crypto::Certificate& issuer,
                                  const crypto::PrivateKey& issuer_key, crypto::Validity validity) {
    ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::GenerateP256());
    const crypto::IssuerRef by{issuer, issuer_key};
    auto certificate = kind == Kind::kStation
                           ? crypto::IssueStation("bench-1", validity, key.public_key(), by)
                           : crypto::IssueDevice({.device = DeviceId::FromNumber(1001),
                                                  .serial = "SIM-0001",
                                                  .trust_models = {crypto::TrustModel::kEkCert}},
                                                 validity, key.public_key(), by);
    RETURN_IF_ERROR(certificate.status());
    ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
    return Identity{certificate->ToPem(), ToString(pem.Reveal())};
  }

  static StatusOr<Identity> IssueBy(Kind kind, const std::string& authority,
                                    std::optional<crypto::Validity> validity = {}) {
    ASSIGN_OR_RETURN(const auto certificate,
                     crypto::Certificate::FromPem(ReadText(CaFile(authority + ".pem"))));
    ASSIGN_OR_RETURN(const auto key,
                     crypto::PrivateKey::FromPem(ReadText(CaFile(authority + ".key"))));
    return Issue(kind, certificate, key, validity.value_or(Now(certificate)));
  }

  static crypto::Validity Now(const crypto::Certificate& issuer) {
    const WallTime now = SystemClock().Now();
    return {std::max(issuer.not_before(), now - hours(1)), now + hours(1)};
  }

  static std::shared_ptr<grpc::Channel> Channel(const std::string& endpoint,
                                                const Identity& identity) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ReadText(CaFile("server-ca.pem"));
    options.pem_cert_chain = identity.certificate_pem;
    options.pem_private_key = identity.key_pem;
    return grpc::CreateChannel(endpoint, grpc::SslCredentials(options));
  }

  // Whether the server's challenge arrives.
  static bool OpensEnrolment(const Identity& identity) {
    const auto stub = enrollment::v1::EnrollmentService::NewStub(
        Channel(floor_->enrollment_endpoint(), identity));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto stream = stub->Enroll(&context);
    enrollment::v1::EnrollResponse response;
    const bool challenged = stream->Read(&response) && !response.challenge().empty();
    context.TryCancel();
    stream->Finish();
    return challenged;
  }

  // The status a Hello gets on the device port; UNAVAILABLE means the handshake was refused.
  static grpc::StatusCode HelloOnDevicePort(const Identity& identity) {
    const auto stub =
        device::v1::DeviceSessionService::NewStub(Channel(floor_->device_endpoint(), identity));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto stream = stub->Connect(&context);
    device::v1::AgentMessage hello;
    hello.mutable_hello()->set_agent_version("test");
    stream->Write(hello);
    device::v1::ServerMessage answer;
    while (stream->Read(&answer)) {
    }
    return stream->Finish().error_code();
  }

  static test::TestFloor* floor_;
};

test::TestFloor* PortIdentityTest::floor_ = nullptr;

TEST_F(PortIdentityTest, StationOpensTheEnrolmentPort) {
  ASSERT_OK_AND_ASSIGN(const auto identity, IssueBy(Kind::kStation, "station-ca"));
  EXPECT_TRUE(OpensEnrolment(identity));
}

TEST_F(PortIdentityTest, DeviceCertificateIsRefusedOnTheEnrolmentPort) {
  ASSERT_OK_AND_ASSIGN(const auto identity, IssueBy(Kind::kDevice, "device-ca"));
  EXPECT_FALSE(OpensEnrolment(identity));
}

TEST_F(PortIdentityTest, StationOfAnotherAuthorityIsRefused) {
  ASSERT_OK_AND_ASSIGN(const auto key, crypto::PrivateKey::GenerateP256());
  const WallTime now = SystemClock().Now();
  ASSERT_OK_AND_ASSIGN(const auto ca, crypto::IssueCa("Example Factory", "Preseal station CA",
                                                      {now - hours(2), now + hours(2)}, key));
  ASSERT_OK_AND_ASSIGN(const auto identity, Issue(Kind::kStation, ca, key, Now(ca)));
  EXPECT_FALSE(OpensEnrolment(identity));
}

TEST_F(PortIdentityTest, ExpiredStationIsRefused) {
  const WallTime now = SystemClock().Now();
  ASSERT_OK_AND_ASSIGN(const auto ca,
                       crypto::Certificate::FromPem(ReadText(CaFile("station-ca.pem"))));
  ASSERT_OK_AND_ASSIGN(const auto identity,
                       IssueBy(Kind::kStation, "station-ca",
                               crypto::Validity{ca.not_before(), now - std::chrono::seconds(5)}));
  EXPECT_FALSE(OpensEnrolment(identity));
}

TEST_F(PortIdentityTest, NotYetValidStationIsRefused) {
  const WallTime now = SystemClock().Now();
  ASSERT_OK_AND_ASSIGN(
      const auto identity,
      IssueBy(Kind::kStation, "station-ca", crypto::Validity{now + hours(1), now + hours(2)}));
  EXPECT_FALSE(OpensEnrolment(identity));
}

TEST_F(PortIdentityTest, ACertificateTheServerDidNotRecordGetsNoSession) {
  ASSERT_OK_AND_ASSIGN(const auto identity, IssueBy(Kind::kDevice, "device-ca"));
  EXPECT_EQ(HelloOnDevicePort(identity), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(PortIdentityTest, StationIsRefusedOnTheDevicePort) {
  ASSERT_OK_AND_ASSIGN(const auto identity, IssueBy(Kind::kStation, "station-ca"));
  EXPECT_EQ(HelloOnDevicePort(identity), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(PortIdentityTest, StationIssuedByTheDeviceAuthorityNamesNoDevice) {
  ASSERT_OK_AND_ASSIGN(const auto identity, IssueBy(Kind::kStation, "device-ca"));
  EXPECT_EQ(HelloOnDevicePort(identity), grpc::StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace preseal
