// SPDX-License-Identifier: Apache-2.0
// What a hostile or unlucky agent may do on the enrolment port (attestation reference, section 4,
// rows 83 to 95, and the attacks of section 3 that need a server's memory).
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/tpmwire/der.h"
#include "tests/integration/enrollment_line.h"

namespace preseal::test {
namespace {

using bench::SoftwareChip;
using server::RefusalCode;

class ProtocolTest : public EnrollmentLineTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(EnrollmentLineTest::SetUp());
    id_ = Import("S-1");
    chip_.emplace(maker_.Make("S-1"));
  }
  DeviceId id_;
  std::optional<SoftwareChip> chip_;
};

TEST_F(ProtocolTest, AnHonestDeviceIsAdmittedWithOneCertificate) {
  EXPECT_EQ(Enrol(*chip_), "ADMITTED");
  EXPECT_EQ(CertificatesOf(id_), 1u);
}

// The claims select a record, and say no more in the certificate.
TEST_F(ProtocolTest, TheCertificateNamesTheRecordAndNotTheClaims) {
  SoftwareChip padded = chip_->Under(" S-1 ");
  const auto line = LineAtCredential(padded);
  ASSERT_NE(line, nullptr);
  line->SendProof(line->ProofOf(padded));
  Bytes der;
  ASSERT_EQ(line->Result(&der), "ADMITTED");
  ASSERT_OK_AND_ASSIGN(const auto certificate, crypto::Certificate::FromDer(der));
  const std::string subject = ToString(ByteView(certificate.subject_der()));
  EXPECT_NE(subject.find("S-1"), std::string::npos);
  EXPECT_EQ(subject.find(" S-1"), std::string::npos);
  EXPECT_NE(subject.find(id_.text()), std::string::npos);
  EXPECT_EQ(subject.find("Bench"), std::string::npos);  // the manufacturer, as claimed
}

TEST_F(ProtocolTest, EvidenceTwiceEndsTheCall) {
  const auto line = LineAtCredential(*chip_);
  ASSERT_NE(line, nullptr);
  line->SendEvidence(line->EvidenceOf(*chip_));
  EXPECT_EQ(line->Finish(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CertificatesOf(id_), 0u);
}

TEST_F(ProtocolTest, ProofBeforeTheCredentialEndsTheCall) {
  const auto line = Line();
  line->SendProof(Bytes(32, 1));
  EXPECT_EQ(line->Finish(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CertificatesOf(id_), 0u);
}

TEST_F(ProtocolTest, ResumeAfterTheCredentialEndsTheCall) {
  const auto line = LineAtCredential(*chip_);
  ASSERT_NE(line, nullptr);
  line->SendResume(line->session_id(), line->ProofOf(*chip_));
  EXPECT_EQ(line->Finish(), grpc::StatusCode::INVALID_ARGUMENT);
}

// A right proof, of a pass of another device that runs at the same time.
TEST_F(ProtocolTest, ProofOfAnotherSessionFails) {
  Import("S-2");
  SoftwareChip neighbour = maker_.Make("S-2");
  const auto other = LineAtCredential(neighbour);
  ASSERT_NE(other, nullptr);
  const auto line = LineAtCredential(*chip_);
  ASSERT_NE(line, nullptr);
  line->SendProof(other->ProofOf(neighbour));
  EXPECT_EQ(line->Result(), "ACTIVATION_FAILED");
  EXPECT_EQ(CertificatesOf(id_), 0u);
}

TEST_F(ProtocolTest, ALateProofExpires) {
  const auto line = LineAtCredential(*chip_);
  ASSERT_NE(line, nullptr);
  clock_.Turn(kEnrollmentSessionMax + 1s);
  line->SendProof(line->ProofOf(*chip_));
  EXPECT_EQ(line->Result(), "ACTIVATION_EXPIRED");
  EXPECT_EQ(CertificatesOf(id_), 0u);
}

TEST_F(ProtocolTest, LateEvidenceIsNotLookedAt) {
  const auto line = Line();
  const Bytes evidence = line->EvidenceOf(*chip_);
  clock_.Turn(kEnrollmentSessionMax + 1s);
  line->SendEvidence(evidence);
  EXPECT_EQ(line->Finish(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

// The session id goes over the wire in clear inside the station's TLS; the proof is the secret.
TEST_F(ProtocolTest, SomebodyElsesSessionIsUnknown) {
  const auto owner = LineAtCredential(*chip_);
  ASSERT_NE(owner, nullptr);
  const Bytes proof = owner->ProofOf(*chip_);
  owner->SendProof(proof);
  ASSERT_EQ(owner->Result(), "ADMITTED");
  Bytes other = proof;
  other[31] ^= 1;
  for (const Bytes& shown : {Bytes(), other, Bytes(32, 0), Bytes(proof.begin(), proof.end() - 1)}) {
    const auto thief = Line();
    thief->SendResume(owner->session_id(), shown);
    EXPECT_EQ(thief->Result(), "SESSION_UNKNOWN");
  }
  const auto stranger = Line();
  stranger->SendResume(std::string(16, 'x'), proof);
  EXPECT_EQ(stranger->Result(), "SESSION_UNKNOWN");
}

TEST_F(ProtocolTest, AConnectionDroppedAfterTheCredentialLeavesNothing) {
  {
    const auto line = LineAtCredential(*chip_);
    ASSERT_NE(line, nullptr);
  }
  EXPECT_EQ(CertificatesOf(id_), 0u);
  EXPECT_EQ(Enrol(*chip_), "ADMITTED");
  EXPECT_EQ(CertificatesOf(id_), 1u);
}

TEST_F(ProtocolTest, AConnectionDroppedBeforeTheResultGetsTheSameCertificate) {
  std::string session;
  Bytes proof;
  Bytes first;
  {
    const auto line = LineAtCredential(*chip_);
    ASSERT_NE(line, nullptr);
    session = line->session_id();
    proof = line->ProofOf(*chip_);
    line->SendProof(proof);
    ASSERT_EQ(line->Result(&first), "ADMITTED");
  }
  for (int i = 0; i < 2; ++i) {
    const auto again = Line();
    again->SendResume(session, proof);
    Bytes same;
    EXPECT_EQ(again->Result(&same), "ADMITTED");
    EXPECT_EQ(same, first);
  }
  EXPECT_EQ(CertificatesOf(id_), 1u);
}

TEST_F(ProtocolTest, AServerThatRestartsInMidPassForgetsItCleanly) {
  std::string session;
  Bytes proof;
  {
    const auto line = LineAtCredential(*chip_);
    ASSERT_NE(line, nullptr);
    session = line->session_id();
    proof = line->ProofOf(*chip_);
    PowerOff();
    line->SendProof(proof);
    EXPECT_NE(line->Finish(), grpc::StatusCode::OK);
  }
  ASSERT_NO_FATAL_FAILURE(PowerOn());
  const auto line = Line();
  line->SendResume(session, proof);
  EXPECT_EQ(line->Result(), "SESSION_UNKNOWN");
  EXPECT_EQ(CertificatesOf(id_), 0u);
  EXPECT_EQ(Enrol(*chip_), "ADMITTED");
  EXPECT_EQ(CertificatesOf(id_), 1u);
}

TEST_F(ProtocolTest, OfTwoDevicesOfOneSerialOnlyTheFirstIsAdmitted) {
  SoftwareChip twin = maker_.Make("S-1");
  const auto first = LineAtCredential(*chip_);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(Line()->Run(twin), "RATE_LIMITED");  // another enrolment of S-1 is under way
  first->SendProof(first->ProofOf(*chip_));
  EXPECT_EQ(first->Result(), "ADMITTED");
  EXPECT_EQ(Enrol(twin), "EK_CHANGED");
  EXPECT_EQ(CertificatesOf(id_), 1u);
}

// §3.31
TEST_F(ProtocolTest, ATpmThatBelongsToOneRecordOpensNoOther) {
  Import("S-2");
  ASSERT_EQ(Enrol(*chip_), "ADMITTED");
  SoftwareChip moved = chip_->Under("S-2");
  EXPECT_EQ(Enrol(moved), "EK_ALREADY_BOUND");
}

// §3.32: enrolling again with another TPM does not take the record over (CVE-2025-13609).
TEST_F(ProtocolTest, AnEnrolledRecordIsNotTakenOver) {
  ASSERT_EQ(Enrol(*chip_), "ADMITTED");
  const Bytes before = Load(id_).certificate_sha256;
  SoftwareChip thief = maker_.Make("S-1");
  EXPECT_EQ(Enrol(thief), "EK_CHANGED");
  EXPECT_EQ(Load(id_).certificate_sha256, before);
  EXPECT_EQ(CertificatesOf(id_), 1u);
  EXPECT_EQ(Enrol(*chip_), "ADMITTED");  // its owner is not locked out
}

// §3.33
TEST_F(ProtocolTest, ThreeGuessedProofsAreTheLast) {
  for (uint8_t i = 0; i < kAttestationAttemptsMax; ++i) {
    const auto line = LineAtCredential(*chip_);
    ASSERT_NE(line, nullptr);
    line->SendProof(Bytes(32, i));
    EXPECT_EQ(line->Result(), "ACTIVATION_FAILED");
  }
  EXPECT_EQ(Enrol(*chip_), "ATTEMPTS_EXCEEDED");
  EXPECT_EQ(CertificatesOf(id_), 0u);
}

TEST_F(ProtocolTest, WhatAnAgentMeetsAgainByItselfIsNoFurtherAttempt) {
  const auto guess = [this](SoftwareChip& chip) {
    const auto line = LineAtCredential(chip);
    ASSERT_NE(line, nullptr);
    line->SendProof(Bytes(32, 1));
    ASSERT_EQ(line->Result(), "ACTIVATION_FAILED");
  };
  SoftwareChip again = chip_->Under("S-1", true);
  ASSERT_NO_FATAL_FAILURE(guess(*chip_));
  EXPECT_EQ(Load(id_).refused_attempts, 1u);
  for (uint32_t i = 0; i < kAttestationAttemptsMax; ++i) ASSERT_NO_FATAL_FAILURE(guess(again));
  EXPECT_EQ(Load(id_).refused_attempts, 1u);
  // Started anew by a person, it is one.
  ASSERT_NO_FATAL_FAILURE(guess(*chip_));
  EXPECT_EQ(Load(id_).refused_attempts, 2u);
}

TEST_F(ProtocolTest, AProofServesOnce) {
  const auto pass = Pass();
  ASSERT_NE(pass, nullptr);
  const Bytes challenge = ToBytes(server::EncodeChallenge(pass->challenge()));
  ASSERT_OK_AND_ASSIGN(const Bytes evidence, chip_->Evidence(challenge, leaf_));
  ASSERT_OK_AND_ASSIGN(const auto answer, pass->OnEvidence(challenge, evidence));
  ASSERT_TRUE(std::holds_alternative<server::CredentialFacts>(answer));
  const Bytes credential =
      ToBytes(server::EncodeCredential(std::get<server::CredentialFacts>(answer)));
  ASSERT_OK_AND_ASSIGN(const Bytes proof, chip_->Proof(challenge, evidence, credential));
  ASSERT_OK_AND_ASSIGN(const auto first, pass->OnProof(credential, proof));
  EXPECT_TRUE(std::holds_alternative<server::AdmissionFacts>(first));
  ASSERT_OK_AND_ASSIGN(const auto second, pass->OnProof(credential, proof));
  ASSERT_TRUE(std::holds_alternative<server::RefusalFacts>(second));
  EXPECT_EQ(std::get<server::RefusalFacts>(second).code, RefusalCode::kActivationReplayed);
  EXPECT_EQ(CertificatesOf(id_), 1u);
}

// §3.36
TEST_F(ProtocolTest, OnlySoManyPassesRunAtOnce) {
  std::vector<std::unique_ptr<server::EnrollmentPass>> passes;
  for (size_t i = 0; i < kEnrollmentsInFlightMax; ++i) passes.push_back(Pass());
  EXPECT_THAT(enrollment_->Begin("bench-1", "ipv4:127.0.0.1:1", leaf_),
              StatusIs(StatusCode::kResourceExhausted));
  passes.pop_back();
  EXPECT_OK(enrollment_->Begin("bench-1", "ipv4:127.0.0.1:1", leaf_));
}

// §4.94
TEST_F(ProtocolTest, UnknownFieldsAreIgnoredAndStillBound) {
  const auto line = Line();
  Bytes evidence = line->EvidenceOf(*chip_);
  const Bytes unknown = {0xFA, 0x7F, 0x03, 'n', 'e', 'w'};  // field 2047, three bytes
  evidence.insert(evidence.end(), unknown.begin(), unknown.end());
  ASSERT_TRUE(line->SendEvidence(evidence));
  const auto answer = line->Read();
  ASSERT_TRUE(answer && answer->has_credential());
  // The transcript covers the message as it travelled.
  ASSERT_OK_AND_ASSIGN(
      const Bytes proof,
      chip_->Proof(line->challenge(), evidence, ToBytes(std::string_view(answer->credential()))));
  line->SendProof(proof);
  EXPECT_EQ(line->Result(), "ADMITTED");
}

TEST_F(ProtocolTest, ALengthOf2GigabytesInsideIsRefused) {
  const auto line = Line();
  Bytes evidence = line->EvidenceOf(*chip_);
  const Bytes promise = {0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07};  // ek_certificate of 2^31 - 1 bytes
  evidence.insert(evidence.end(), promise.begin(), promise.end());
  line->SendEvidence(evidence);
  EXPECT_EQ(line->Finish(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ProtocolTest, AMessageOverTheLimitIsNotRead) {
  const auto line = Line();
  line->SendEvidence(Bytes(kGrpcMessageBytesMax + 1, 0));
  EXPECT_EQ(line->Finish(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ProtocolTest, EvidenceOverItsLimitIsRefused) {
  const auto line = Line();
  Bytes evidence = line->EvidenceOf(*chip_);
  const Bytes padding = {0xFA, 0x7F, 0x80, 0x80, 0x80, 0x01};  // field 2047, 2 MiB
  evidence.insert(evidence.end(), padding.begin(), padding.end());
  evidence.resize(evidence.size() + kEvidenceBytesMax);
  line->SendEvidence(evidence);
  const auto code = line->Finish();
  EXPECT_TRUE(code == grpc::StatusCode::RESOURCE_EXHAUSTED ||
              code == grpc::StatusCode::INVALID_ARGUMENT)
      << code;
}

// Of two members of the oneof in one message the later one counts, as protobuf says: here the
// proof, which is out of order; had the evidence counted, S2 would have come.
TEST_F(ProtocolTest, OfADuplicateOneofTheLastCounts) {
  const auto line = Line();
  ev1::EnrollRequest evidence;
  evidence.set_evidence(ToString(line->EvidenceOf(*chip_)));
  ev1::EnrollRequest proof;
  proof.set_proof(std::string(32, 'p'));
  ev1::EnrollRequest both;
  ASSERT_TRUE(both.ParseFromString(evidence.SerializeAsString() + proof.SerializeAsString()));
  EXPECT_EQ(both.message_case(), ev1::EnrollRequest::kProof);
  line->Send(both);
  EXPECT_EQ(line->Finish(), grpc::StatusCode::INVALID_ARGUMENT);
}

// §4.95: a message of a later version, of which this server knows nothing.
TEST_F(ProtocolTest, AMessageOfALaterVersionEndsTheCall) {
  const auto line = Line();
  ev1::EnrollRequest later;
  ASSERT_TRUE(later.ParseFromString("\xFA\x7F\x03new"));
  EXPECT_EQ(later.message_case(), ev1::EnrollRequest::MESSAGE_NOT_SET);
  line->Send(later);
  EXPECT_EQ(line->Finish(), grpc::StatusCode::INVALID_ARGUMENT);
}

// A listening socket of ours, to which nobody else has a reason to connect.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address_), size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size), 0);
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + "/secret";
  }
  bool somebody_came() const {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, 0) > 0;
  }

 private:
  const int fd_;
  sockaddr_in address_{};
};

// §3.37
TEST_F(ProtocolTest, UrlsInADevicesCertificateAreNeverFetched) {
  namespace der = tpmwire::der;
  const Listener listener;
  ASSERT_FALSE(listener.somebody_came());
  const Bytes uri = der::Tlv(0x86, AsBytes(listener.url()));
  const Bytes point = der::Tlv(0xA0, der::Tlv(0xA0, uri));  // distributionPoint, fullName
  maker_.parts().ek_certificate.extensions.push_back(
      {"2.5.29.31", false, der::Sequence({der::Sequence({point})})});
  maker_.parts().ek_certificate.extensions.push_back(
      {"1.3.6.1.5.5.7.1.1", false,
       der::Sequence({der::Sequence({test::Oid("1.3.6.1.5.5.7.48.2"), uri}),
                      der::Sequence({test::Oid("1.3.6.1.5.5.7.48.1"), uri})})});
  PowerOff();
  policy_.revocation = server::RevocationUse::kRequire;
  ASSERT_NO_FATAL_FAILURE(PowerOn());
  SoftwareChip chip = maker_.Make("S-1");
  EXPECT_EQ(Enrol(chip), "EK_REVOCATION_UNKNOWN");
  EXPECT_FALSE(listener.somebody_came());
}

}  // namespace
}  // namespace preseal::test
