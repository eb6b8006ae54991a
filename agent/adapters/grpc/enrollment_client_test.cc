// SPDX-License-Identifier: Apache-2.0
// Enrolment from the TPM to the stored identity: real swtpm, gRPC with mTLS, files on disk.
#include "agent/adapters/grpc/enrollment_client.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "agent/adapters/grpc/enrollment_fixture.h"
#include "common/crypto/certificate.h"
#include "common/tpmwire/signature.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

TEST_F(EnrollTest, ProvesTheTpmAndStoresTheIdentity) {
  ASSERT_OK_AND_ASSIGN(const EnrollmentOutcome outcome, Run());
  ASSERT_TRUE(std::holds_alternative<DeviceIdentity>(outcome));
  const auto& identity = std::get<DeviceIdentity>(outcome);
  EXPECT_EQ(identity.device_id, "D-1042");
  EXPECT_TRUE(identity.lab);
  EXPECT_EQ(identity.server_names, (std::vector<std::string>{"localhost", "127.0.0.1"}));
  EXPECT_THAT(store_->Load(), test::IsOkAndHolds(std::optional(identity)));
  ASSERT_OK_AND_ASSIGN(const auto chain, crypto::ParsePemBundle(identity.certificate_chain_pem));
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_TRUE(chain[0].IsSignedBy(chain[1]));
  EXPECT_GE(display_.texts.size(), 4u);
}

TEST_F(EnrollTest, TellsTheServerWhatTheMachineIs) {
  ASSERT_OK(Run());
  const auto& claims = server_->claims();
  EXPECT_EQ(claims.serial_number(), "SN-0042");
  EXPECT_EQ(claims.manufacturer(), "Example Works");
  EXPECT_EQ(claims.slot(), "A-3");
  EXPECT_EQ(claims.agent_version(), "0.1.0");
  EXPECT_EQ(claims.tpm_manufacturer(), 0x49424D00u);
  EXPECT_EQ(server_->evidence().event_log(), "a boot log");
}

TEST_F(EnrollTest, SendsTheEkCertificateOfAManufacturedChip) {
  ASSERT_NO_FATAL_FAILURE(Manufacture());
  for (const auto& [kind, index] : std::vector<std::pair<std::string, uint32_t>>{
           {"H-3 P-384", 0x01C00016}, {"L-1 RSA-2048", 0x01C00002}}) {
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open({.tcti = swtpm_->tcti(), .ek_kind = kind}));
    ASSERT_OK_AND_ASSIGN(const EnrollmentOutcome outcome, Run());
    EXPECT_TRUE(std::holds_alternative<DeviceIdentity>(outcome)) << kind;
    EXPECT_EQ(server_->evidence().ek_nv_index(), index);
    EXPECT_OK(crypto::Certificate::FromDer(AsBytes(server_->evidence().ek_certificate())));
  }
}

TEST_F(EnrollTest, RepeatUsesTheSameKeys) {
  ASSERT_OK(Run());
  const std::string ak = server_->evidence().ak_public();
  const std::string device_key = server_->evidence().device_key_public();
  ASSERT_OK(swtpm_->Restart());
  ASSERT_OK(Run());
  EXPECT_EQ(server_->evidence().ak_public(), ak);
  EXPECT_EQ(server_->evidence().device_key_public(), device_key);
}

TEST_F(EnrollTest, RefusalIsAnAnswerAndStoresNothing) {
  server_->script().refuse = true;
  ASSERT_OK_AND_ASSIGN(const EnrollmentOutcome outcome, Run());
  ASSERT_TRUE(std::holds_alternative<EnrollmentRefusal>(outcome));
  const auto& refusal = std::get<EnrollmentRefusal>(outcome);
  EXPECT_EQ(refusal.code, "EK_CHAIN_UNTRUSTED");
  EXPECT_EQ(refusal.seen, "CN=Elsewhere");
  EXPECT_EQ(refusal.expected, "one of 12 roots");
  EXPECT_EQ(refusal.remedy, "ask the administrator to trust this maker");
  EXPECT_TRUE(refusal.retry_allowed);
  ExpectNothingStored();
}

TEST_F(EnrollTest, CredentialForAnotherAkIsNotOpened) {
  server_->script().credential_for_other_ak = true;
  EXPECT_THAT(Run(), StatusIs(StatusCode::kInvalidArgument, "another TPM"));
  ExpectNothingStored();
}

TEST_F(EnrollTest, CertificateForAnotherKeyIsNotStored) {
  server_->script().certify_other_key = true;
  EXPECT_THAT(Run(), StatusIs(StatusCode::kInternal, "another key"));
  ExpectNothingStored();
}

TEST_F(EnrollTest, AdmissionWithoutProofIsNotBelieved) {
  server_->script().admit_without_proof = true;
  EXPECT_THAT(Run(), StatusIs(StatusCode::kInternal, "without a proof"));
  ExpectNothingStored();
}

TEST_F(EnrollTest, ShortNonceIsRefusedBeforeAnythingIsSigned) {
  server_->script().spoil_challenge = [](auto* challenge) { challenge->set_nonce("short"); };
  EXPECT_THAT(Run(), StatusIs(StatusCode::kInternal, "challenge"));
}

TEST_F(EnrollTest, OtherProtocolVersionNamesTheRemedy) {
  server_->script().spoil_challenge = [](auto* challenge) { challenge->set_protocol_version(2); };
  EXPECT_THAT(Run(), StatusIs(StatusCode::kInternal, "update the imaging medium"));
}

TEST_F(EnrollTest, MalformedPcrSelectionIsRefused) {
  server_->script().spoil_challenge = [](auto* challenge) {
    challenge->mutable_pcrs(0)->set_mask("\xFF");
  };
  EXPECT_THAT(Run(), StatusIs(StatusCode::kInvalidArgument, "PCR mask"));
}

TEST_F(EnrollTest, ErrorOfTheServerArrivesWithItsCode) {
  server_->script().instead_of_answer =
      grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many enrolments");
  EXPECT_THAT(Run(), StatusIs(StatusCode::kResourceExhausted, "too many enrolments"));
}

TEST_F(EnrollTest, SilentServerEndsByTheDeadline) {
  server_->script().silent = true;
  options_.pass_max = std::chrono::seconds(1);
  EXPECT_THAT(Run(), StatusIs(StatusCode::kDeadlineExceeded));
}

TEST_F(EnrollTest, NoServerIsUnavailable) {
  server_.reset();
  EXPECT_THAT(Run(), StatusIs(StatusCode::kUnavailable, "127.0.0.1"));
}

TEST_F(EnrollTest, ServerOfAnotherCaIsNotTalkedTo) {
  ASSERT_OK_AND_ASSIGN(const auto other, test::TestPki::Create());
  Write("ca.pem", other->ca().pem());
  EXPECT_THAT(Run(), StatusIs(StatusCode::kUnavailable));
}

TEST_F(EnrollTest, EmptyCaFileDoesNotMeanTheSystemsCas) {
  Write("ca.pem", "");
  EXPECT_THAT(Run(), StatusIs(StatusCode::kInvalidArgument, "ca.pem"));
}

TEST_F(EnrollTest, MissingStationKeyIsNamed) {
  std::filesystem::remove(dir_.path() / "station.key");
  EXPECT_THAT(Run(), StatusIs(StatusCode::kNotFound, "station key"));
}

TEST_F(EnrollTest, SealQuoteIsByTheAkOfTheEnrolment) {
  ASSERT_OK(Run());
  ASSERT_OK_AND_ASSIGN(const auto ak,
                       tpmwire::ParsePublic(AsBytes(server_->evidence().ak_public())));
  ASSERT_OK_AND_ASSIGN(const auto key, tpmwire::ToPublicKey(ak));
  const Bytes nonce(32, 0x42);
  const std::vector<PcrMask> pcrs = {{0x000B, {0xFF, 0x43, 0x00}}};
  ASSERT_OK_AND_ASSIGN(const auto statement, TakeSealQuote(*tpm_, *store_, nonce, pcrs));
  ASSERT_OK_AND_ASSIGN(const auto signature, tpmwire::ParseSignature(statement.signature));
  EXPECT_TRUE(tpmwire::VerifySignature(key, statement.attest, signature));
  ASSERT_OK_AND_ASSIGN(const auto attest, tpmwire::ParseAttest(statement.attest));
  EXPECT_EQ(attest.extra_data, nonce);
  EXPECT_EQ(tpmwire::DescribeSelections(attest.quote()->selections), "SHA-256:0-9,14");
}

TEST_F(EnrollTest, SealQuoteOverAShortNonceIsRefused) {
  const std::vector<PcrMask> pcrs = {{0x000B, {0xFF, 0x43, 0x00}}};
  EXPECT_THAT(TakeSealQuote(*tpm_, *store_, Bytes(31), pcrs),
              StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::agent
