// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/enrollment_line.h"

#include "common/files/files.h"
#include "server/domain/trust/policy_text.h"

namespace preseal::test {
namespace {

constexpr auto kCallMax = std::chrono::seconds(30);
constexpr char kAtCredential[] = "S2";
constexpr char kBusy[] = "RATE_LIMITED";
constexpr size_t kWorkers = 2;
constexpr size_t kQueueMax = 64;

void Copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
}

}  // namespace

EnrollLine::EnrollLine(const std::shared_ptr<grpc::Channel>& channel,
                       const crypto::Digest256& server_leaf)
    : leaf_(server_leaf), stub_(ev1::EnrollmentService::NewStub(channel)) {
  context_.set_deadline(std::chrono::system_clock::now() + kCallMax);
  stream_ = stub_->Enroll(&context_);
  if (const auto first = Read()) challenge_ = ToBytes(std::string_view(first->challenge()));
}

EnrollLine::~EnrollLine() {
  if (finished_) return;
  context_.TryCancel();
  stream_->Finish();
}

std::optional<ev1::EnrollResponse> EnrollLine::Read() {
  ev1::EnrollResponse response;
  if (!stream_->Read(&response)) return std::nullopt;
  return response;
}

grpc::StatusCode EnrollLine::Finish() {
  while (Read()) {
  }
  finished_ = true;
  return stream_->Finish().error_code();
}

Bytes EnrollLine::EvidenceOf(bench::SoftwareChip& chip) const {
  return chip.Evidence(challenge_, leaf_).value();
}

bool EnrollLine::SendEvidence(const Bytes& evidence) {
  evidence_ = evidence;
  ev1::EnrollRequest request;
  request.set_evidence(ToString(evidence));
  return Send(request);
}

bool EnrollLine::SendProof(const Bytes& proof) {
  ev1::EnrollRequest request;
  request.set_proof(ToString(proof));
  return Send(request);
}

bool EnrollLine::SendResume(const std::string& session_id, const Bytes& proof) {
  ev1::EnrollRequest request;
  request.mutable_resume()->set_session_id(session_id);
  request.mutable_resume()->set_proof(ToString(proof));
  return Send(request);
}

std::string EnrollLine::session_id() const {
  ev1::Challenge challenge;
  challenge.ParseFromArray(challenge_.data(), static_cast<int>(challenge_.size()));
  return challenge.session_id();
}

std::string EnrollLine::ReachCredential(bench::SoftwareChip& chip) {
  SendEvidence(EvidenceOf(chip));
  const auto answer = Read();
  if (!answer) return "";
  if (answer->has_result()) return answer->result().refusal().code();
  credential_ = ToBytes(std::string_view(answer->credential()));
  return kAtCredential;
}

Bytes EnrollLine::ProofOf(const bench::SoftwareChip& chip) const {
  return chip.Proof(challenge_, evidence_, credential_).value();
}

std::string EnrollLine::Run(bench::SoftwareChip& chip) {
  const std::string reached = ReachCredential(chip);
  if (reached != kAtCredential) return reached;
  SendProof(ProofOf(chip));
  return Result();
}

std::string EnrollLine::Result(Bytes* certificate) {
  const auto answer = Read();
  if (!answer || !answer->has_result()) return "";
  if (answer->result().has_refusal()) return answer->result().refusal().code();
  if (certificate != nullptr) {
    *certificate = ToBytes(std::string_view(answer->result().admission().certificate()));
  }
  return "ADMITTED";
}

void EnrollmentLineTest::SetUp() {
  // Before the store opens: it keeps the clock's time.
  clock_.Turn(std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now() - clock_.Now()));
  ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
  ASSERT_OK(server::CaStore::Create(
      dir_.File("ca"), {.organisation = "Test", .names = {{"localhost"}, {"127.0.0.1"}}},
      clock_.Now()));
  ASSERT_OK_AND_ASSIGN(ca_, server::CaStore::Load(dir_.File("ca")));
  leaf_ = ca_->server_certificate().fingerprint();
  desk_.emplace(*store_);
  office_.emplace(*ca_, server::PolicyCodec{server::PolicyText, server::ParsePolicyText}, "Test");
  policy_.revocation = server::RevocationUse::kOff;
  ASSERT_NO_FATAL_FAILURE(PowerOn());
}

void EnrollmentLineTest::PowerOn() {
  server::TrustBasis basis{.policy = policy_};
  ASSERT_OK_AND_ASSIGN(const auto makers, crypto::ParsePemBundle(maker_.ca_pem()));
  basis.trust.roots = {makers.at(0)};
  basis.trust.intermediates = {makers.at(1)};
  trust_.emplace(std::move(basis));
  gate_.emplace(clock_);
  enrollment_.emplace(
      server::EnrollmentParts{*store_, clock_, decoder_, *ca_, *trust_, *desk_, *office_, *gate_});
  workers_ = std::make_unique<server::Workers>(kWorkers, kQueueMax);
  service_ = std::make_unique<server::EnrollmentService>(*enrollment_, *workers_,
                                                         [this] { return leaf_; });
  const server::LiveTls tls{dir_.path() / "tls"};
  std::filesystem::create_directories(tls.folder);
  Copy(ca_->files().server.key, tls.key());
  Copy(ca_->files().server.certificate, tls.certificate());
  Copy(ca_->files().station_ca.certificate, tls.station_ca());
  ASSERT_OK_AND_ASSIGN(port_,
                       server::BuildPort({"127.0.0.1", 0}, tls, server::ClientCertificate::kStation,
                                         {service_.get()}));
  const WallTime now = clock_.Now();
  ASSERT_OK_AND_ASSIGN(const auto station,
                       ca_->IssueStationCredential("bench-1", now, now + std::chrono::hours(24)));
  ASSERT_OK_AND_ASSIGN(const Secret key, station.key.ToPem());
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca_->server_ca().ToPem();
  options.pem_cert_chain = station.certificate.ToPem();
  options.pem_private_key = ToString(key.Reveal());
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel("localhost:" + std::to_string(port_.port),
                                       grpc::SslCredentials(options), arguments);
}

void EnrollmentLineTest::PowerOff() {
  if (port_.server) port_.server->Shutdown(std::chrono::system_clock::now());
  if (workers_) workers_->Stop();
  port_.server.reset();
  service_.reset();
  workers_.reset();
  enrollment_.reset();
}

DeviceId EnrollmentLineTest::Import(const std::string& serial) {
  server::Device device{.serial_number = serial, .batch = *BatchId::Parse("PO-7")};
  device.state_time = device.create_time = clock_.Now();
  EXPECT_OK(Write([&](server::Tx& tx) -> Status {
    RETURN_IF_ERROR(tx.batches.EnsureBatch(device.batch, clock_.Now()));
    return tx.devices.Insert(&device);
  }));
  return device.id;
}

std::unique_ptr<server::EnrollmentPass> EnrollmentLineTest::Pass() {
  auto pass = enrollment_->Begin("bench-1", "ipv4:127.0.0.1:1", leaf_);
  EXPECT_OK(pass);
  return pass.ok() ? *std::move(pass) : nullptr;
}

std::unique_ptr<EnrollLine> EnrollmentLineTest::LineAtCredential(bench::SoftwareChip& chip) {
  const auto deadline = std::chrono::steady_clock::now() + kCallMax;
  std::string reached;
  do {
    auto line = Line();
    reached = line->ReachCredential(chip);
    if (reached == kAtCredential) return line;
  } while (reached == kBusy && std::chrono::steady_clock::now() < deadline);
  ADD_FAILURE() << "no S2 but " << reached;
  return nullptr;
}

std::string EnrollmentLineTest::Enrol(bench::SoftwareChip& chip) {
  const auto deadline = std::chrono::steady_clock::now() + kCallMax;
  std::string result;
  do {
    result = Line()->Run(chip);
  } while (result == kBusy && std::chrono::steady_clock::now() < deadline);
  return result;
}

size_t EnrollmentLineTest::CertificatesOf(const DeviceId& id) {
  return Look<size_t>([&](server::Tx& tx) -> StatusOr<size_t> {
    ASSIGN_OR_RETURN(const auto all, tx.certificates.CertificatesOf(id));
    return all.size();
  });
}

}  // namespace preseal::test
