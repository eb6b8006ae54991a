// SPDX-License-Identifier: Apache-2.0
// What attacks start from: an honest enrolment by a real (software) TPM against the server's
// verifier, in steps, so that a test can make any one of them another way.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/adapters/tpm/tpm.h"
#include "common/crypto/random.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/make_credential.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/templates.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "tests/integration/attack_chip.h"
#include "tests/support/status_matchers.h"
#include "tests/support/swtpm.h"
#include "tests/support/temp_dir.h"

namespace preseal::test {

inline constexpr std::initializer_list<uint32_t> kFirmwarePcrs = {0, 1, 2, 3, 4, 5, 6, 7};

// One machine with its TPM.
struct Machine {
  std::unique_ptr<Swtpm> swtpm;
  std::unique_ptr<agent::Tpm> tpm;
  std::unique_ptr<AttackChip> chip;
  agent::EndorsementKey ek;
};

// The two keys of an enrolment, as the attacker made them.
struct Keys {
  std::unique_ptr<agent::LoadedKey> ak;
  std::unique_ptr<agent::LoadedKey> device_key;
};

class AttackTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = EkAuthority::Create(dir_.path().string(), "Bench EK CA");
    ASSERT_OK(made);
    authority_.emplace(*std::move(made));
    std::ifstream pem(authority_->certificate_file());
    const std::string text((std::istreambuf_iterator<char>(pem)), {});
    ASSERT_OK_AND_ASSIGN(const auto root, crypto::Certificate::FromPem(text));
    trust_.lab_roots = {root};
    policy_.event_log = server::EventLogUse::kIfSent;  // a software TPM alone has booted nothing
    context_.policy = &policy_;
    context_.trust = &trust_;
    context_.record.device_id = "D-1";
    context_.pcrs = {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha1, kFirmwarePcrs),
                     tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, kFirmwarePcrs)};
    ASSERT_NO_FATAL_FAILURE(PowerOn("a", "sha256", &machine_));
    BeginSession();
  }

  void PowerOn(const std::string& name, const std::string& banks, Machine* machine) {
    ASSERT_OK(ManufactureTpm(dir_.File(name), *authority_, {.pcr_banks = banks}));
    ASSERT_OK_AND_ASSIGN(machine->swtpm, Swtpm::Start(dir_.File(name), dir_.File(name + ".s")));
    ASSERT_OK_AND_ASSIGN(machine->tpm, agent::Tpm::Open({.tcti = machine->swtpm->tcti(),
                                                         .ek_kind = "L-1 RSA-2048"}));
    ASSERT_OK_AND_ASSIGN(machine->chip, AttackChip::Open(machine->swtpm->tcti()));
    ASSERT_OK_AND_ASSIGN(machine->ek, machine->tpm->ReadEndorsementKey());
  }

  // S0 of a fresh pass.
  void BeginSession() {
    context_.session_id = crypto::RandomBytes(16).value();
    context_.nonce = crypto::RandomBytes(32).value();
    context_.now = std::chrono::system_clock::now();
  }

  static StatusOr<Keys> MakeKeys(Machine& m, const tpmwire::PublicArea& ak, Hierarchy ak_hierarchy,
                                 const tpmwire::PublicArea& device_key,
                                 Hierarchy device_key_hierarchy) {
    Keys keys;
    ASSIGN_OR_RETURN(keys.ak, m.chip->Create(ak, ak_hierarchy));
    ASSIGN_OR_RETURN(keys.device_key, m.chip->Create(device_key, device_key_hierarchy));
    return keys;
  }
  static StatusOr<Keys> HonestKeys(Machine& m) {
    return MakeKeys(m, tpmwire::AkTemplate(Bytes(32, 0xA1)), Hierarchy::kEndorsement,
                    tpmwire::DeviceKeyTemplate(Bytes(32, 0xB2)), Hierarchy::kOwner);
  }

  // D1 without statements: what the machine says it is.
  static server::AttestationEvidence Claims(Machine& m, const Keys& keys) {
    server::AttestationEvidence evidence;
    evidence.ek_certificate = m.ek.certificate;
    evidence.ek_chain = m.ek.chain;
    evidence.ek_public = m.ek.key->public_area();
    evidence.ak_public = keys.ak->public_area();
    evidence.device_key_public = keys.device_key->public_area();
    evidence.claims = ToBytes("claims");
    return evidence;
  }

  tpmwire::Sha256Digest Binding(const server::AttestationEvidence& e) const {
    const Bytes ak_name = NameOf(tpmwire::ParsePublic(e.ak_public).value());
    const Bytes key_name = NameOf(tpmwire::ParsePublic(e.device_key_public).value());
    return tpmwire::ComputeBinding({context_.session_id, context_.nonce,
                                    context_.server_leaf_sha256, e.ek_public, e.ek_certificate,
                                    ak_name, key_name, e.event_log, e.claims});
  }

  void TakeCertify(Machine& m, const Keys& keys, server::AttestationEvidence* e) {
    ASSERT_OK_AND_ASSIGN(
        const auto certify,
        m.chip->Certify(*keys.device_key, *keys.ak, tpmwire::CertifyQualifyingData(Binding(*e))));
    e->certify_attest = certify.attest;
    e->certify_signature = certify.signature;
  }
  void TakeQuote(Machine& m, const Keys& keys, const tpmwire::PcrSelections& pcrs,
                 server::AttestationEvidence* e) {
    ASSERT_OK_AND_ASSIGN(const auto quote,
                         m.chip->Quote(*keys.ak, tpmwire::QuoteQualifyingData(Binding(*e)), pcrs));
    e->quote_attest = quote.attest;
    e->quote_signature = quote.signature;
    ASSERT_OK_AND_ASSIGN(e->pcr_values, m.tpm->ReadPcrs(pcrs));
  }
  void TakeStatements(Machine& m, const Keys& keys, server::AttestationEvidence* e) {
    ASSERT_NO_FATAL_FAILURE(TakeCertify(m, keys, e));
    ASSERT_NO_FATAL_FAILURE(TakeQuote(m, keys, context_.pcrs, e));
  }

  // Statements no TPM made, over what the machine would say, for somebody's signature.
  std::pair<tpmwire::Attest, tpmwire::Attest> HandMade(const server::AttestationEvidence& e) const {
    const auto ak = tpmwire::ParsePublic(e.ak_public).value();
    const auto device_key = tpmwire::ParsePublic(e.device_key_public).value();
    tpmwire::Attest certify;
    certify.header = {tpmwire::kTpmGenerated, tpmwire::kAttestCertify};
    certify.qualified_signer = tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, ak);
    certify.extra_data = ToBytes(ByteView(tpmwire::CertifyQualifyingData(Binding(e))));
    certify.clock = {.clock = 1, .reset_count = 1, .restart_count = 0, .safe = true};
    tpmwire::Attest quote = certify;
    certify.body =
        tpmwire::CertifyInfo{tpmwire::NameOf(device_key),
                             tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, device_key)};
    quote.header.type = tpmwire::kAttestQuote;
    quote.extra_data = ToBytes(ByteView(tpmwire::QuoteQualifyingData(Binding(e))));
    tpmwire::QuoteInfo info{context_.pcrs, {}};
    info.selections[0].mask.fill(0);
    info.pcr_digest =
        tpmwire::PcrDigest(tpmwire::HashAlg::kSha256, info.selections, e.pcr_values).value();
    quote.body = info;
    return {certify, quote};
  }

  server::AttestationVerdict Verify(const server::AttestationEvidence& e) {
    return server::VerifyAttestation(e, context_);
  }
  void ExpectRefused(const server::AttestationEvidence& e, server::RefusalCode code) {
    const auto verdict = Verify(e);
    EXPECT_EQ(NameOf(verdict.code), NameOf(code)) << verdict.seen;
  }

  // S2 for `e`, which the server accepted, to be opened by `m`; and the server's answer to a
  // guessed secret.
  void ExpectNotActivated(const server::AttestationEvidence& e, Machine& m) {
    const auto verdict = Verify(e);
    ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
    const Bytes secret = crypto::RandomBytes(32).value();
    const auto& ek = verdict.facts->ek_public;
    ASSERT_OK_AND_ASSIGN(
        const auto credential,
        tpmwire::MakeCredential(ek, verdict.facts->ak_name, secret,
                                crypto::RandomBytes(tpmwire::CredentialRandomBytes(ek)).value()));
    ASSERT_OK_AND_ASSIGN(const auto own_ak, m.tpm->CreateAk(Bytes(32, 0xC3)));
    EXPECT_THAT(m.tpm->ActivateCredential(*own_ak, m.ek, credential.credential_blob,
                                          credential.encrypted_secret),
                StatusIs(StatusCode::kInvalidArgument));
    const auto transcript = tpmwire::TranscriptHash(AsBytes("S0"), AsBytes("D1"), AsBytes("S2"));
    const auto guess = tpmwire::ComputeProof(Secret(crypto::RandomBytes(32).value()), transcript);
    const WallTime now = context_.now;
    EXPECT_EQ(server::VerifyActivationProof(Secret(secret), transcript, guess, now,
                                            now + std::chrono::minutes(1), false),
              server::RefusalCode::kActivationFailed);
  }

  const TempDir dir_;
  std::optional<EkAuthority> authority_;
  server::AttestationPolicy policy_;
  server::TrustBundle trust_;
  server::AttestationContext context_;
  Machine machine_;
};

}  // namespace preseal::test
