// SPDX-License-Identifier: Apache-2.0
// The user flow from the device's side: a device with a certificate of the floor's authority, over
// mTLS on loopback, at the device port as the server builds it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <fstream>

#include "common/crypto/digest.h"
#include "common/crypto/jws.h"
#include "common/crypto/key.h"
#include "preseal/device/v1/device.grpc.pb.h"
#include "server/adapters/grpc/device_service.h"
#include "server/app/grpc_ports.h"
#include "server/service/device_sessions.h"
#include "server/service/user_flow/service_record_office.h"
#include "server/service/user_flow/user_flow_fixture.h"
#include "server/wire/evidence_codec.h"

namespace preseal::server {
namespace {

namespace dv1 = device::v1;
namespace pv1 = progress::v1;
using dv1::SignInState;

// One stream of the device; every answer must come within kWithin.
class DeviceLine {
 public:
  static constexpr auto kWithin = std::chrono::seconds(30);

  explicit DeviceLine(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(dv1::DeviceSessionService::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + kWithin);
    stream_ = stub_->Connect(&context_);
  }
  ~DeviceLine() {
    if (finished_) return;
    context_.TryCancel();
    stream_->Finish();
  }
  void Send(const dv1::AgentMessage& message) { EXPECT_TRUE(stream_->Write(message)); }
  void Hello(pv1::Flow flow) {
    dv1::AgentMessage message;
    message.mutable_hello()->set_agent_version("test");
    message.mutable_hello()->set_flow(flow);
    Send(message);
  }
  void EnterCode(const std::string& request_id, const std::string& code) {
    dv1::AgentMessage message;
    message.mutable_sign_in()->set_request_id(request_id);
    message.mutable_sign_in()->mutable_code()->set_username("ada@example.com");
    message.mutable_sign_in()->mutable_code()->set_code(code);
    Send(message);
  }
  // The next message for which `wanted` holds; an empty one if the stream ends first.
  template <typename Wanted>
  dv1::ServerMessage Await(Wanted wanted) {
    dv1::ServerMessage message;
    while (stream_->Read(&message)) {
      if (wanted(message)) return message;
    }
    ADD_FAILURE() << "the stream ended";
    return {};
  }
  SignInState AwaitSignIn() {
    return Await([](const auto& message) { return message.has_sign_in(); }).sign_in();
  }
  grpc::Status Finish() {
    dv1::ServerMessage message;
    while (stream_->Read(&message)) {
    }
    finished_ = true;
    return stream_->Finish();
  }

 private:
  std::unique_ptr<dv1::DeviceSessionService::Stub> stub_;
  grpc::ClientContext context_;
  bool finished_ = false;
  std::unique_ptr<grpc::ClientReaderWriter<dv1::AgentMessage, dv1::ServerMessage>> stream_;
};

void Copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
}

class UserFlowLineTest : public UserFlowTest {
 protected:
  void SetUp() override {
    // TLS looks at the real time.
    clock_.Turn(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now() - clock_.Now()));
    ASSERT_NO_FATAL_FAILURE(UserFlowTest::SetUp());
    profile_.plan.clear();  // an empty message
    ASSERT_NO_FATAL_FAILURE(MakeAuthority());
    seals_.emplace(*store_, clock_, decoder_, *ca_, "Test");
    renewals_.emplace(*store_, clock_, decoder_, *ca_);
    sessions_.emplace(*store_, clock_, *live_, revocations_, *flow_, *dispatcher_, *landing_,
                      *seals_, *renewals_, RequestDesks{.sign_in = &*user_flow_},
                      SessionSettings{});
    workers_ = std::make_unique<Workers>(2, 16);
    service_ = std::make_unique<DeviceSessionService>(*sessions_, *workers_, clock_,
                                                      "https://localhost/devices/");
    ASSERT_NO_FATAL_FAILURE(OpenPort());
    ASSERT_NO_FATAL_FAILURE(IssueIdentity());
  }
  void TearDown() override {
    if (port_.server) port_.server->Shutdown(std::chrono::system_clock::now());
    if (workers_) workers_->Stop();
    port_.server.reset();
    // Whatever the stream's end wrote is written.
    EXPECT_OK(Write([](Tx&) { return OkStatus(); }));
  }
  void OpenPort() {
    const LiveTls tls{dir_.path() / "tls"};
    std::filesystem::create_directories(tls.folder);
    Copy(ca_->files().server.key, tls.key());
    Copy(ca_->files().server.certificate, tls.certificate());
    std::ofstream(tls.device_ca()) << ca_->device_ca().ToPem();
    ASSERT_OK_AND_ASSIGN(
        port_, BuildPort({"127.0.0.1", 0}, tls, ClientCertificate::kDevice, {service_.get()}));
  }
  void IssueIdentity() {
    ASSERT_OK_AND_ASSIGN(const auto key, crypto::PrivateKey::GenerateP256());
    ASSERT_OK_AND_ASSIGN(const auto issued, ca_->Issue({.device = device_,
                                                        .serial_number = "A-17",
                                                        .trust_models = {TrustModel::kEkCert}},
                                                       key.public_key(), clock_.Now()));
    ASSERT_OK_AND_ASSIGN(const auto certificate, crypto::Certificate::FromDer(issued.der));
    const auto digest = crypto::Sha256(issued.der);
    Alter(
        [&](Device* device) { device->certificate_sha256 = Bytes(digest.begin(), digest.end()); });
    ASSERT_OK_AND_ASSIGN(const Secret pem, key.ToPem());
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca_->server_ca().ToPem();
    options.pem_cert_chain = certificate.ToPem();
    options.pem_private_key = ToString(pem.Reveal());
    channel_ = grpc::CreateChannel("localhost:" + std::to_string(port_.port),
                                   grpc::SslCredentials(options));
  }
  // What a run in which everything goes well reports.
  static dv1::AgentMessage Success(const std::string& run_id) {
    dv1::AgentMessage message;
    message.mutable_events()->set_run_id(run_id);
    uint64_t sequence = 0;
    for (const char* item : {"policy", "burn-in", "wallpaper"}) {
      pv1::Event* event = message.mutable_events()->add_events();
      event->set_sequence(++sequence);
      event->mutable_item_changed()->set_item_id(item);
      event->mutable_item_changed()->set_state(pv1::ITEM_STATE_SUCCEEDED);
    }
    pv1::Event* end = message.mutable_events()->add_events();
    end->set_sequence(++sequence);
    end->mutable_run_finished()->set_outcome(pv1::RUN_OUTCOME_SUCCEEDED);
    return message;
  }

  ProtoEvidenceDecoder decoder_;
  RevocationMap revocations_;
  std::optional<SealOffice> seals_;
  std::optional<RenewalOffice> renewals_;
  std::optional<DeviceSessions> sessions_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<DeviceSessionService> service_;
  BuiltPort port_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(UserFlowLineTest, ASealedDeviceSignsInRunsAndComesIntoService) {
  const std::string code = IssueCode();
  DeviceLine line(channel_);
  line.Hello(pv1::FLOW_USER);
  const auto welcome = line.Await([](const auto& message) { return message.has_welcome(); });
  EXPECT_TRUE(welcome.welcome().landing().user_flow().one_time_code());
  EXPECT_FALSE(welcome.welcome().landing().user_flow().signed_in());
  line.EnterCode("r-1", code);
  const SignInState state = line.AwaitSignIn();
  EXPECT_EQ(state.state(), SignInState::STATE_SIGNED_IN) << state.message();
  EXPECT_EQ(state.request_id(), "r-1");
  const auto order = line.Await([](const auto& message) { return message.has_command(); });
  ASSERT_TRUE(order.command().has_start_run());
  line.Send(Success(order.command().start_run().run_id()));
  line.Await(
      [](const auto& message) { return message.has_ack() && message.ack().sequence() == 4; });
  EXPECT_EQ(Load(device_).state, DeviceState::kInService);

  FlowReports reports(*store_, clock_, profile_, SealPolicy{},
                      [](ByteView) -> StatusOr<Event> { return DataLoss("not read here"); });
  ServiceRecordOffice records(*store_, clock_, reports, *ca_, "Test");
  records.Tick();
  ASSERT_OK(Write([](Tx&) { return OkStatus(); }));
  const std::string record =
      Look<std::string>([&](Tx& tx) { return tx.user_flow.ServiceRecord(device_); });
  const std::vector<crypto::Certificate> roots = {ca_->seal_ca()};
  ASSERT_OK_AND_ASSIGN(
      const auto verdict,
      crypto::VerifyCompact(
          record, {.type = crypto::kServiceRecordType, .roots = roots, .at = clock_.Now()}));
  EXPECT_TRUE(verdict.accepted()) << verdict.detail;
}

TEST_F(UserFlowLineTest, GuessingOverTheLineEndsAfterFiveTries) {
  const std::string code = IssueCode();
  std::string wrong = code;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  DeviceLine line(channel_);
  line.Hello(pv1::FLOW_USER);
  for (uint32_t left = kUserCodeAttemptsMax; left > 0; --left) {
    line.EnterCode("r-" + std::to_string(left), wrong);
    const SignInState state = line.AwaitSignIn();
    EXPECT_EQ(state.state(), SignInState::STATE_REFUSED);
    EXPECT_EQ(state.attempts_left(), left - 1);
  }
  line.EnterCode("r-right", code);
  EXPECT_EQ(line.AwaitSignIn().state(), SignInState::STATE_REFUSED);
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(UserFlowLineTest, AnUnsealedDeviceIsTurnedAwayInTheUserFlow) {
  Alter([](Device* device) { device->state = DeviceState::kEnrolled; });
  DeviceLine line(channel_);
  line.Hello(pv1::FLOW_USER);
  const grpc::Status status = line.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("once it is sealed"));
}

}  // namespace
}  // namespace preseal::server
