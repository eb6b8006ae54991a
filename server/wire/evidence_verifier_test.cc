// SPDX-License-Identifier: Apache-2.0
// Evidence records of real keys and signatures; each negative test spoils one thing of a good one.
#include "server/domain/evidence/evidence_verifier.h"

#include <gtest/gtest.h>

#include <functional>

#include "common/base/limits.h"
#include "common/crypto/encoding.h"
#include "common/crypto/issue.h"
#include "common/crypto/jws.h"
#include "common/crypto/oids.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/make_credential.h"
#include "preseal/enrollment/v1/enrollment.pb.h"
#include "server/domain/evidence/policy_trial.h"
#include "server/domain/trust/policy_text.h"
#include "server/wire/evidence_codec.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;
using Certificates = std::vector<crypto::Certificate>;

std::string ToProtoText(const AttestationEvidence& in) {
  enrollment::v1::Evidence out;
  out.set_ek_certificate(ToString(in.ek_certificate));
  out.set_ek_nv_index(in.ek_nv_index);
  out.set_ek_public(ToString(in.ek_public));
  out.set_ak_public(ToString(in.ak_public));
  out.set_device_key_public(ToString(in.device_key_public));
  out.set_certify_attest(ToString(in.certify_attest));
  out.set_certify_signature(ToString(in.certify_signature));
  out.set_quote_attest(ToString(in.quote_attest));
  out.set_quote_signature(ToString(in.quote_signature));
  out.set_event_log(ToString(in.event_log));
  out.set_claims(ToString(in.claims));
  for (const tpmwire::PcrValue& value : in.pcr_values) {
    auto* pcr = out.add_pcr_values();
    pcr->set_hash_algorithm(value.hash_algorithm);
    pcr->set_index(value.index);
    pcr->set_value(ToString(value.value));
  }
  return out.SerializeAsString();
}

class EvidenceVerifierTest : public testing::Test {
 protected:
  EvidenceVerifierTest() {
    const crypto::Validity life{chip_.context.now - 1h, chip_.context.now + 1h};
    signer_key_ = crypto::PrivateKey::GenerateP256().value();
    const auto ca_key = crypto::PrivateKey::GenerateP256().value();
    roots_ = {crypto::IssueCa("Plant", "Seal CA", life, ca_key).value()};
    signers_ = {crypto::IssueSealSigner("Plant", "Seal", life, signer_key_->public_key(),
                                        {roots_[0], ca_key})
                    .value()};
    enrollment::v1::DeviceClaims claims;
    claims.set_serial_number("S-7");
    claims.set_tpm_manufacturer(chip_.claimed_tpm.manufacturer);
    claims.set_tpm_vendor_string(chip_.claimed_tpm.vendor_string);
    claims.set_tpm_firmware_version(chip_.claimed_tpm.firmware_version);
    chip_.claims = ToBytes(claims.SerializeAsString());
  }

  // What a pass would hand to the office.
  EvidenceRecord Pass() {
    EvidenceRecord record;
    const auto verdict = chip_.Verify();
    const AttestationEvidence evidence = chip_.Build();
    const WallTime end = chip_.context.now + 180s;
    record.challenge = ToBytes(EncodeChallenge({.session_id = chip_.context.session_id,
                                                .nonce = chip_.context.nonce,
                                                .server_time = chip_.context.now,
                                                .expire_time = end,
                                                .pcrs = chip_.context.pcrs}));
    record.evidence = ToBytes(ToProtoText(evidence));
    // ECDSA signs anew each time: the verdict must be about these bytes.
    const auto judged = VerifyAttestation(evidence, chip_.context);
    EXPECT_EQ(judged.code, verdict.code);
    NoteVerdict(evidence, chip_.context, judged, kPolicies, &record);
    record.site = "Plant";
    record.sequence = next_++;
    record.previous_sha256 = last_;
    record.verifier_version = PRESEAL_VERSION;
    record.decide_time = chip_.context.now + 2s;
    if (judged.accepted()) Activate(*judged.facts, end, &record);
    return record;
  }

  void Activate(const AttestedFacts& facts, WallTime end, EvidenceRecord* record) {
    ActivationRecord& activation = record->activation.emplace();
    activation.secret = Bytes(32, 0x4B);
    activation.random = Bytes(tpmwire::CredentialRandomBytes(facts.ek_public), 0x52);
    activation.proof_time = chip_.context.now + 1s;
    const auto made = tpmwire::MakeCredential(facts.ek_public, facts.ak_name, activation.secret,
                                              activation.random)
                          .value();
    record->credential =
        ToBytes(EncodeCredential({made.credential_blob, made.encrypted_secret, end}));
    const auto proof = tpmwire::ComputeProof(
        Secret(Bytes(activation.secret)),
        tpmwire::TranscriptHash(record->challenge, record->evidence, record->credential));
    record->proof = Bytes(proof.begin(), proof.end());
    Certify(record);
  }

  void Certify(EvidenceRecord* record) {
    test::CertificateSpec spec;
    spec.issuer = "Device CA";
    spec.subject = record->device;
    spec.not_before = chip_.context.now;
    spec.not_after = chip_.context.now + 24h;
    spec.spki = chip_.tls_key.public_key().SpkiDer();
    Bytes digest = {0x04, 32};
    const auto evidence = EvidenceDigest(*record);
    digest.insert(digest.end(), evidence.begin(), evidence.end());
    spec.extensions = {{crypto::kOidEvidenceSha256, false, digest}};
    record->certificate = test::BuildCertificate(spec, *signer_key_);
  }

  std::string Sign(const std::string& payload) {
    return crypto::SignCompact(kEvidenceRecordType, payload, *signer_key_, signers_,
                               kEvidenceRecordBytesMax)
        .value();
  }
  std::string Line(const EvidenceRecord& record) {
    const std::string payload = EncodeRecord(record).value();
    last_ = crypto::Sha256(AsBytes(payload));
    return Sign(payload);
  }

  LineReport Check(const std::string& line) {
    EvidenceVerifier verifier(reader_, kPolicies, {.signer_roots = &roots_});
    return verifier.Line(line);
  }
  // A good record with one thing spoiled before it is signed by the real signer, as somebody who
  // holds the server could.
  LineReport CheckSpoiled(const std::function<void(EvidenceRecord&)>& spoil) {
    EvidenceRecord record = Pass();
    spoil(record);
    return Check(Line(record));
  }
  static void ExpectTampered(const LineReport& report, std::string_view check) {
    ASSERT_FALSE(report.checks.empty());
    EXPECT_EQ(report.checks.back().name, check);
    EXPECT_EQ(NameOf(report.code()), "EVIDENCE_TAMPERED");
  }

  const PolicyCodec kPolicies{PolicyText, ParsePolicyText};
  const ProtoRecordReader reader_;
  test::AttestationFixture chip_;
  std::optional<crypto::PrivateKey> signer_key_;
  Certificates roots_;
  Certificates signers_;
  uint64_t next_ = 1;
  crypto::Digest256 last_{};
};

TEST_F(EvidenceVerifierTest, AcceptedRecordGivesTheSameVerdictAgain) {
  const LineReport report = Check(Line(Pass()));
  for (const EvidenceCheck& check : report.checks) {
    EXPECT_NE(check.verdict, CheckVerdict::kFail) << check.name << ": " << check.seen;
  }
  EXPECT_EQ(report.code(), RefusalCode::kNone);
  EXPECT_EQ(report.checks.back().name, "certificate");
  EXPECT_EQ(report.outcome, AttestationOutcome::kAccepted);
}

TEST_F(EvidenceVerifierTest, RefusedRecordGivesTheSameRefusalAgain) {
  chip_.trust_root = false;
  const LineReport report = Check(Line(Pass()));
  EXPECT_EQ(report.code(), RefusalCode::kNone);
  EXPECT_EQ(report.outcome, AttestationOutcome::kRefused);
  EXPECT_EQ(NameOf(report.recorded_code), "EK_CHAIN_UNTRUSTED");
}

TEST_F(EvidenceVerifierTest, RecordIsReadBackAsItWasWritten) {
  chip_.context.record.device_of_ak = "D-9";
  chip_.context.record.last_reset_count = 2;
  chip_.context.record.ek_bound_to_device = crypto::Sha256(AsBytes("ek"));
  chip_.context.record.golden = {{"M1", {0x000B, {{0, {Bytes(32, 1)}}, {14, {Bytes(32, 2)}}}}}};
  const std::string payload = EncodeRecord(Pass()).value();
  ASSERT_OK_AND_ASSIGN(const EvidenceRecord record, DecodeRecord(payload));
  EXPECT_EQ(record.record.device_of_ak, "D-9");
  EXPECT_EQ(record.record.golden.at(0).allowance.values.at(14).begin()->size(), 32u);
  EXPECT_EQ(EncodeRecord(record).value(), payload);
}

TEST_F(EvidenceVerifierTest, PayloadOfAnotherFormIsMalformed) {
  const std::string payload = EncodeRecord(Pass()).value();
  EXPECT_FALSE(DecodeRecord(payload + " ").ok());
  EXPECT_FALSE(DecodeRecord("{\"a\":1," + payload.substr(1)).ok());
  EXPECT_FALSE(DecodeRecord(payload.substr(0, payload.size() - 1)).ok());
  EXPECT_EQ(NameOf(Check(Sign("{\"format\":1}")).code()), "EVIDENCE_MALFORMED");
  EXPECT_EQ(NameOf(Check("no record at all").code()), "EVIDENCE_MALFORMED");
}

TEST_F(EvidenceVerifierTest, SpoiledSignatureIsTampered) {
  std::string line = Line(Pass());
  char& inside = line[line.rfind('.') + 10];
  inside = inside == 'A' ? 'B' : 'A';
  ExpectTampered(Check(line), "signature");
}

TEST_F(EvidenceVerifierTest, SignerOfAnotherAuthorityIsTampered) {
  const std::string line = Line(Pass());
  const auto other_key = crypto::PrivateKey::GenerateP256().value();
  roots_ = {crypto::IssueCa("Plant", "Seal CA", {chip_.context.now - 1h, chip_.context.now + 1h},
                            other_key)
                .value()};
  ExpectTampered(Check(line), "signer");
}

TEST_F(EvidenceVerifierTest, AnotherSecretIsTampered) {
  ExpectTampered(CheckSpoiled([](EvidenceRecord& r) { r.activation->secret[0] ^= 1; }), "verdict");
}

TEST_F(EvidenceVerifierTest, OtherRandomnessIsTampered) {
  ExpectTampered(CheckSpoiled([](EvidenceRecord& r) { r.activation->random[0] ^= 1; }),
                 "credential");
}

TEST_F(EvidenceVerifierTest, AcceptanceWithoutProofIsTampered) {
  ExpectTampered(CheckSpoiled([](EvidenceRecord& r) { r.activation->proof_time.reset(); }),
                 "proof");
}

TEST_F(EvidenceVerifierTest, ChangedFindingIsTampered) {
  ExpectTampered(CheckSpoiled([](EvidenceRecord& r) { r.findings.at(3).verdict = "FINDING"; }),
                 "findings");
}

TEST_F(EvidenceVerifierTest, MissingFindingIsTampered) {
  ExpectTampered(CheckSpoiled([](EvidenceRecord& r) { r.findings.pop_back(); }), "findings");
}

TEST_F(EvidenceVerifierTest, OtherPolicyTextIsTampered) {
  ExpectTampered(CheckSpoiled([](EvidenceRecord& r) { r.policy.text = "{}"; }), "policy");
}

TEST_F(EvidenceVerifierTest, RefusalTurnedIntoAcceptanceIsTampered) {
  chip_.trust_root = false;
  ExpectTampered(CheckSpoiled([](EvidenceRecord& r) {
                   r.outcome = AttestationOutcome::kAccepted;
                   r.code = RefusalCode::kNone;
                 }),
                 "verdict");
}

TEST_F(EvidenceVerifierTest, OtherCertificateIsTampered) {
  ExpectTampered(CheckSpoiled([this](EvidenceRecord& r) {
                   EvidenceRecord other = r;
                   other.proof.clear();
                   Certify(&other);
                   r.certificate = other.certificate;
                 }),
                 "certificate");
}

TEST_F(EvidenceVerifierTest, RecordsOfSeveralDevicesHoldTogether) {
  EvidenceVerifier verifier(reader_, kPolicies, {.signer_roots = &roots_},
                            ChainWalk::Extent::kWhole);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(verifier.Line(Line(Pass())).code(), RefusalCode::kNone);
  EXPECT_FALSE(verifier.Finish().has_value());
}

TEST_F(EvidenceVerifierTest, OrderOfRecordsCounts) {
  const std::string first = Line(Pass());
  const std::string second = Line(Pass());
  EvidenceVerifier verifier(reader_, kPolicies, {.signer_roots = &roots_});
  EXPECT_EQ(verifier.Line(second).code(), RefusalCode::kNone);
  const LineReport report = verifier.Line(first);
  ExpectTampered(report, "chain");
  EXPECT_EQ(report.sequence, 1u);
}

TEST_F(EvidenceVerifierTest, OtherPreviousDigestIsTampered) {
  EvidenceVerifier verifier(reader_, kPolicies, {.signer_roots = &roots_});
  EXPECT_EQ(verifier.Line(Line(Pass())).code(), RefusalCode::kNone);
  EvidenceRecord second = Pass();
  second.previous_sha256[31] ^= 1;
  ExpectTampered(verifier.Line(Line(second)), "chain");
}

TEST_F(EvidenceVerifierTest, MissingRecordIsTamperedUnlessALinkStandsForIt) {
  const std::string first = Line(Pass());
  chip_.context.record.device_id = "D-8";
  const EvidenceRecord missing = Pass();
  const EvidenceLink link{.sequence = 2,
                          .record_sha256 = crypto::Sha256(AsBytes(EncodeRecord(missing).value())),
                          .previous_sha256 = missing.previous_sha256};
  Line(missing);
  const std::string third = Line(Pass());
  EvidenceVerifier gap(reader_, kPolicies, {.signer_roots = &roots_});
  gap.Line(first);
  EXPECT_EQ(gap.Line(third).code(), RefusalCode::kNone);
  ASSERT_TRUE(gap.Finish().has_value());
  EXPECT_EQ(NameOf(gap.Finish()->code), "EVIDENCE_TAMPERED");
  EXPECT_EQ(gap.Finish()->seen, "1 missing, the first is record 2");

  EvidenceVerifier linked(reader_, kPolicies, {.signer_roots = &roots_});
  linked.Line(first);
  EXPECT_EQ(linked.Line(EncodeLink(link)).code(), RefusalCode::kNone);
  EXPECT_EQ(linked.Line(third).code(), RefusalCode::kNone);
  EXPECT_FALSE(linked.Finish().has_value());
}

TEST_F(EvidenceVerifierTest, RootTheAuditorDoesNotHoldIsTampered) {
  const Certificates none;
  EvidenceVerifier verifier(reader_, kPolicies, {.signer_roots = &roots_, .maker_roots = &none});
  ExpectTampered(verifier.Line(Line(Pass())), "verdict");
}

TEST_F(EvidenceVerifierTest, TrialNamesWhatAnotherPolicyWouldChange) {
  const EvidenceRecord record = Pass();
  AttestationPolicy strict = chip_.policy;
  strict.require = {TrustModel::kEkPub};
  ASSERT_OK_AND_ASSIGN(const TrialResult changed, TryPolicyOn(record, reader_, strict));
  EXPECT_TRUE(changed.changed());
  EXPECT_EQ(changed.new_outcome, AttestationOutcome::kRefused);
  EXPECT_NE(changed.differing_check, "");
  ASSERT_OK_AND_ASSIGN(const TrialResult same, TryPolicyOn(record, reader_, chip_.policy));
  EXPECT_FALSE(same.changed());
  EXPECT_EQ(same.differing_check, "");
}

}  // namespace
}  // namespace preseal::server
