// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/enrollment_test_server.h"

#include <thread>

#include "common/crypto/random.h"
#include "common/grpcutil/status.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/make_credential.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"

namespace preseal::agent {
namespace {

namespace wire = enrollment::v1;

std::string RandomText(size_t count) {
  const auto bytes = crypto::RandomBytes(count);
  return bytes.ok() ? ToString(*bytes) : std::string();
}

StatusOr<Bytes> NameOf(const std::string& public_area) {
  ASSIGN_OR_RETURN(const auto area, tpmwire::ParsePublic(AsBytes(public_area)));
  return tpmwire::NameOf(area);
}

StatusOr<tpmwire::Attest> CheckStatement(const std::string& ak_public, const std::string& attest,
                                         const std::string& signature,
                                         const tpmwire::Sha256Digest& qualifying_data) {
  ASSIGN_OR_RETURN(const auto area, tpmwire::ParsePublic(AsBytes(ak_public)));
  ASSIGN_OR_RETURN(const auto key, tpmwire::ToPublicKey(area));
  ASSIGN_OR_RETURN(const auto parsed, tpmwire::ParseSignature(AsBytes(signature)));
  if (!tpmwire::VerifySignature(key, AsBytes(attest), parsed)) {
    return Unauthenticated("signature");
  }
  ASSIGN_OR_RETURN(auto statement, tpmwire::ParseAttest(AsBytes(attest)));
  if (!ConstantTimeEqual(statement.extra_data, qualifying_data)) return Unauthenticated("nonce");
  return statement;
}

wire::EnrollResponse RefusalResponse(const std::string& code) {
  wire::EnrollResponse response;
  wire::Refusal* refusal = response.mutable_result()->mutable_refusal();
  refusal->set_code(code);
  refusal->set_message("the TPM's certificate does not come from a trusted maker");
  refusal->set_seen("CN=Elsewhere");
  refusal->set_expected("one of 12 roots");
  refusal->set_remedy("ask the administrator to trust this maker");
  refusal->set_retry_allowed(true);
  return response;
}

}  // namespace

StatusOr<std::unique_ptr<EnrollmentTestServer>> EnrollmentTestServer::Start(
    const test::TestPki& pki) {
  std::unique_ptr<EnrollmentTestServer> server(new EnrollmentTestServer(pki));
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = pki.ca().pem();
  tls.pem_key_cert_pairs.push_back({pki.server().key_pem(), pki.server().pem()});
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &server->port_);
  builder.RegisterService(server.get());
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) return Internal("test server does not start");
  return server;
}

EnrollmentTestServer::~EnrollmentTestServer() {
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
}

grpc::Status EnrollmentTestServer::Enroll(grpc::ServerContext* context, Stream* stream) {
  while (script_.silent && !context->IsCancelled()) std::this_thread::yield();
  return Run(stream);
}

grpc::Status EnrollmentTestServer::Run(Stream* stream) {
  wire::EnrollRequest request;
  wire::EnrollResponse response;
  const std::string challenge = MakeChallenge();
  response.set_challenge(challenge);
  stream->Write(response);
  if (!stream->Read(&request)) return grpc::Status::OK;
  if (request.has_resume()) return Answer(request.resume(), stream);
  const std::string evidence = request.evidence();
  if (!evidence_.ParseFromString(evidence) || !claims_.ParseFromString(evidence_.claims())) {
    verdict_ = InvalidArgument("evidence does not parse");
  } else {
    verdict_ = CheckEvidence();
  }
  if (!verdict_.ok()) return grpcutil::ToGrpc(verdict_);
  if (!script_.instead_of_answer.ok()) return script_.instead_of_answer;
  if (script_.refuse) {
    stream->Write(RefusalResponse(script_.refusal_code));
    return grpc::Status::OK;
  }
  auto result = Admit();
  if (!result.ok()) return grpcutil::ToGrpc(result.status());
  if (!script_.admit_without_proof) {
    const auto credential = MakeCredential();
    if (!credential.ok()) return grpcutil::ToGrpc(credential.status());
    response.set_credential(*credential);
    stream->Write(response);
    if (!stream->Read(&request)) return grpc::Status::OK;
    const auto expected = tpmwire::ComputeProof(
        Secret(secret_),
        tpmwire::TranscriptHash(AsBytes(challenge), AsBytes(evidence), AsBytes(*credential)));
    if (!ConstantTimeEqual(AsBytes(request.proof()), expected)) {
      verdict_ = Unauthenticated("proof");
      return grpcutil::ToGrpc(verdict_);
    }
    decided_session_ = challenge_.session_id();
    decided_proof_ = ToBytes(std::string_view(request.proof()));
  }
  decided_ = *std::move(result);
  if (script_.lose_result) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  *response.mutable_result() = decided_;
  stream->Write(response);
  return grpc::Status::OK;
}

grpc::Status EnrollmentTestServer::Answer(const wire::Resume& resume, Stream* stream) {
  ++resumed_;
  if (script_.forget_passes || resume.session_id() != decided_session_) {
    stream->Write(RefusalResponse("SESSION_UNKNOWN"));
    return grpc::Status::OK;
  }
  if (!ConstantTimeEqual(AsBytes(resume.proof()), decided_proof_)) {
    verdict_ = Unauthenticated("proof of the resumed pass");
    return grpcutil::ToGrpc(verdict_);
  }
  wire::EnrollResponse response;
  *response.mutable_result() = decided_;
  stream->Write(response);
  return grpc::Status::OK;
}

std::string EnrollmentTestServer::MakeChallenge() {
  challenge_.Clear();
  challenge_.set_protocol_version(1);
  challenge_.set_session_id(RandomText(16));
  challenge_.set_nonce(RandomText(32));
  for (const uint32_t bank : {0x0004u, 0x000Bu, 0x000Cu}) {
    wire::PcrSelection* pcr = challenge_.add_pcrs();
    pcr->set_hash_algorithm(bank);
    pcr->set_mask(std::string("\xFF\x43\x00", 3));
  }
  if (script_.spoil_challenge) script_.spoil_challenge(&challenge_);
  return challenge_.SerializeAsString();
}

Status EnrollmentTestServer::CheckEvidence() const {
  ASSIGN_OR_RETURN(const Bytes ak_name, NameOf(evidence_.ak_public()));
  ASSIGN_OR_RETURN(const Bytes device_key_name, NameOf(evidence_.device_key_public()));
  const auto leaf = tpmwire::Sha256({pki_.server().certificate.der()});
  const auto binding = tpmwire::ComputeBinding({
      .session_id = AsBytes(challenge_.session_id()),
      .nonce = AsBytes(challenge_.nonce()),
      .server_leaf_sha256 = leaf,
      .ek_public = AsBytes(evidence_.ek_public()),
      .ek_certificate = AsBytes(evidence_.ek_certificate()),
      .ak_name = ak_name,
      .device_key_name = device_key_name,
      .event_log = AsBytes(evidence_.event_log()),
      .claims = AsBytes(evidence_.claims()),
  });
  ASSIGN_OR_RETURN_CTX(
      const auto certify,
      CheckStatement(evidence_.ak_public(), evidence_.certify_attest(),
                     evidence_.certify_signature(), tpmwire::CertifyQualifyingData(binding)),
      "certify");
  if (certify.certify() == nullptr || certify.certify()->name != device_key_name) {
    return Unauthenticated("certified name");
  }
  ASSIGN_OR_RETURN_CTX(
      const auto quote,
      CheckStatement(evidence_.ak_public(), evidence_.quote_attest(), evidence_.quote_signature(),
                     tpmwire::QuoteQualifyingData(binding)),
      "quote");
  if (quote.quote() == nullptr) return Unauthenticated("quote type");
  if (evidence_.pcr_values().empty()) return OkStatus();
  std::vector<tpmwire::PcrValue> values;
  for (const wire::PcrValue& pcr : evidence_.pcr_values()) {
    values.push_back({static_cast<uint16_t>(pcr.hash_algorithm()), pcr.index(),
                      ToBytes(std::string_view(pcr.value()))});
  }
  ASSIGN_OR_RETURN(const Bytes digest, tpmwire::PcrDigest(tpmwire::HashAlg::kSha256,
                                                          quote.quote()->selections, values));
  return digest == quote.quote()->pcr_digest ? OkStatus() : Unauthenticated("PCR digest");
}

StatusOr<std::string> EnrollmentTestServer::MakeCredential() {
  ASSIGN_OR_RETURN(const auto ek, tpmwire::ParsePublic(AsBytes(evidence_.ek_public())));
  ASSIGN_OR_RETURN(Bytes ak_name, NameOf(evidence_.ak_public()));
  if (script_.credential_for_other_ak) ak_name.back() ^= 1;
  secret_ = ToBytes(std::string_view(RandomText(32)));
  ASSIGN_OR_RETURN(const Bytes random, crypto::RandomBytes(tpmwire::CredentialRandomBytes(ek)));
  ASSIGN_OR_RETURN(const auto made, tpmwire::MakeCredential(ek, ak_name, secret_, random));
  wire::Credential credential;
  credential.set_credential_blob(ToString(made.credential_blob));
  credential.set_encrypted_secret(ToString(made.encrypted_secret));
  return credential.SerializeAsString();
}

StatusOr<wire::EnrollmentResult> EnrollmentTestServer::Admit() {
  ASSIGN_OR_RETURN(const auto area, tpmwire::ParsePublic(AsBytes(evidence_.device_key_public())));
  ASSIGN_OR_RETURN(auto key, tpmwire::ToPublicKey(area));
  if (script_.certify_other_key) key = pki_.server().key.public_key();
  ASSIGN_OR_RETURN(const auto certificate, pki_.IssueDevice("D-1042", key));
  ++issued_;
  wire::EnrollmentResult result;
  wire::Admission* admission = result.mutable_admission();
  admission->set_device_id("D-1042");
  admission->set_certificate(ToString(certificate.der()));
  admission->add_certificate_chain(ToString(pki_.ca().certificate.der()));
  admission->set_lab(true);
  return result;
}

}  // namespace preseal::agent
