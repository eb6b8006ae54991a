// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/enrollment_client.h"

#include <grpcpp/grpcpp.h>

#include "agent/adapters/grpc/enrollment_wire.h"
#include "agent/adapters/grpc/server_probe.h"
#include "common/crypto/certificate.h"
#include "common/files/files.h"
#include "common/grpcutil/status.h"
#include "preseal/enrollment/v1/enrollment.grpc.pb.h"

namespace preseal::agent {
namespace {

namespace wire = enrollment::v1;
using Stream = grpc::ClientReaderWriter<wire::EnrollRequest, wire::EnrollResponse>;

// One call on a connection of its own.
class GrpcPass final : public EnrollmentPass {
 public:
  GrpcPass(const std::shared_ptr<grpc::Channel>& channel, std::chrono::seconds pass_max)
      : stub_(wire::EnrollmentService::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + pass_max);
    stream_ = stub_->Enroll(&context_);
  }
  // A stream must be finished before it is dropped; cancelled, that does not block.
  ~GrpcPass() override {
    if (finished_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  Status ReceiveChallenge() {
    wire::EnrollResponse response;
    RETURN_IF_ERROR(Receive(&response));
    if (!response.has_challenge()) return Internal("server did not begin with a challenge");
    ASSIGN_OR_RETURN(challenge_, DecodeChallenge(response.challenge()));
    return TakeServerCertificate();
  }

  const EnrollmentChallenge& challenge() const override { return challenge_; }
  const Bytes& server_certificate() const override { return server_certificate_; }
  Bytes EncodeClaims(const DeviceClaims& claims) const override {
    return agent::EncodeClaims(claims);
  }

  StatusOr<EvidenceReply> SendEvidence(const EnrollmentEvidence& evidence) override {
    EvidenceReply reply;
    reply.evidence_raw = EncodeEvidence(evidence);
    wire::EnrollRequest request;
    request.set_evidence(ToString(reply.evidence_raw));
    wire::EnrollResponse response;
    RETURN_IF_ERROR(Exchange(request, &response));
    if (response.has_credential()) {
      ASSIGN_OR_RETURN(reply.answer, DecodeCredential(response.credential()));
      return reply;
    }
    ASSIGN_OR_RETURN(auto result, DecodeFinal(response));
    // Admitted without a proof: whoever does that is not our server.
    if (std::holds_alternative<Admission>(result)) {
      return Internal("server admits without a proof");
    }
    reply.answer = std::get<EnrollmentRefusal>(std::move(result));
    return reply;
  }

  StatusOr<std::variant<Admission, EnrollmentRefusal>> SendProof(ByteView proof) override {
    wire::EnrollRequest request;
    request.set_proof(ToString(proof));
    wire::EnrollResponse response;
    RETURN_IF_ERROR(Exchange(request, &response));
    return DecodeFinal(response);
  }

  StatusOr<std::variant<Admission, EnrollmentRefusal>> Resume(ByteView session_id,
                                                              ByteView proof) override {
    wire::EnrollRequest request;
    request.mutable_resume()->set_session_id(ToString(session_id));
    request.mutable_resume()->set_proof(ToString(proof));
    wire::EnrollResponse response;
    RETURN_IF_ERROR(Exchange(request, &response));
    return DecodeFinal(response);
  }

 private:
  Status Exchange(const wire::EnrollRequest& request, wire::EnrollResponse* response) {
    // A failed write says nothing; the read that follows brings the reason.
    stream_->Write(request);
    return Receive(response);
  }

  Status Receive(wire::EnrollResponse* response) {
    if (stream_->Read(response)) return OkStatus();
    finished_ = true;
    const Status ended = grpcutil::FromGrpc(stream_->Finish());
    return ended.ok() ? Internal("server ended the enrolment without a result") : ended;
  }

  StatusOr<std::variant<Admission, EnrollmentRefusal>> DecodeFinal(
      const wire::EnrollResponse& response) {
    if (!response.has_result()) return Internal("server sent a message out of order");
    return DecodeResult(response.result());
  }

  Status TakeServerCertificate() {
    const auto pems = context_.auth_context()->FindPropertyValues("x509_pem_cert");
    if (pems.empty()) return Internal("connection shows no server certificate");
    ASSIGN_OR_RETURN_CTX(
        const auto leaf,
        crypto::Certificate::FromPem(std::string_view(pems[0].data(), pems[0].size())),
        "server certificate");
    server_certificate_ = leaf.der();
    return OkStatus();
  }

  std::unique_ptr<wire::EnrollmentService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  bool finished_ = false;
  EnrollmentChallenge challenge_;
  Bytes server_certificate_;
};

StatusOr<std::string> ReadPem(const std::string& file, std::string_view what) {
  ASSIGN_OR_RETURN_CTX(const Bytes bytes, files::Read(file, kPemBundleBytesMax), what);
  return ToString(bytes);
}

StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const EnrollmentClientOptions& options) {
  grpc::SslCredentialsOptions tls;
  ASSIGN_OR_RETURN(tls.pem_root_certs, ReadPem(options.server_ca_file, "server CA"));
  // Empty roots would make gRPC trust the system's.
  RETURN_IF_ERROR_CTX(crypto::ParsePemBundle(tls.pem_root_certs).status(), options.server_ca_file);
  ASSIGN_OR_RETURN(tls.pem_cert_chain, ReadPem(options.station_cert_file, "station certificate"));
  ASSIGN_OR_RETURN(tls.pem_private_key, ReadPem(options.station_key_file, "station key"));
  grpc::ChannelArguments arguments;
  // Otherwise a pass could run over the connection of an earlier one with other credentials.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  return grpc::CreateCustomChannel(options.endpoint, grpc::SslCredentials(tls), arguments);
}

}  // namespace

StatusOr<std::unique_ptr<EnrollmentPass>> EnrollmentClient::Begin() {
  ASSIGN_OR_RETURN(const auto channel, OpenChannel(options_));
  auto pass = std::make_unique<GrpcPass>(channel, options_.pass_max);
  const Status begun = pass->ReceiveChallenge();
  if (begun.code() == StatusCode::kUnavailable) {
    ASSIGN_OR_RETURN(const std::string ca, ReadPem(options_.server_ca_file, "server CA"));
    const Status explained = ServerProbe(options_.endpoint, ca).Explain(begun);
    if (!(explained == begun)) return explained;
    return WithContext(begun, "enrolment server " + options_.endpoint +
                                  " cannot be reached, or refuses this station's certificate");
  }
  RETURN_IF_ERROR_CTX(begun, "enrolment server " + options_.endpoint);
  return std::unique_ptr<EnrollmentPass>(std::move(pass));
}

}  // namespace preseal::agent
