// SPDX-License-Identifier: Apache-2.0
// The attacks of the attestation reference, section 3, made with the commands of real (software)
// TPMs against the server's verifier. Each differs from an honest enrolment in the one thing it is
// about; HonestEvidenceIsAccepted keeps the base honest.
#include <gtest/gtest.h>

#include "tests/integration/attack_fixture.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/child_process.h"

namespace preseal {
namespace {

using server::RefusalCode;
using test::AttackTest;
using test::Hierarchy;
using test::Keys;
using test::Machine;
using test::StatusIs;
using tpmwire::HashAlg;

TEST_F(AttackTest, HonestEvidenceIsAccepted) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  const auto verdict = Verify(evidence);
  EXPECT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
}

// §3.1: all in software but the EK certificate, which is a genuine one of another machine.
TEST_F(AttackTest, SoftwareAkUnderACopiedEkCertificateIsNotActivated) {
  ASSERT_OK_AND_ASSIGN(Keys keys, HonestKeys(machine_));
  const auto ak_key = crypto::PrivateKey::GenerateP256().value();
  const auto tls_key = crypto::PrivateKey::GenerateP256().value();
  auto evidence = Claims(machine_, keys);
  evidence.ak_public = MarshalPublic(test::WithKey(tpmwire::AkTemplate({}), ak_key.public_key()));
  evidence.device_key_public =
      MarshalPublic(test::WithKey(tpmwire::DeviceKeyTemplate({}), tls_key.public_key()));
  ASSERT_OK_AND_ASSIGN(evidence.pcr_values, machine_.tpm->ReadPcrs({context_.pcrs[1]}));
  const auto [certify, quote] = HandMade(evidence);
  evidence.certify_attest = MarshalAttest(certify);
  evidence.certify_signature = test::SignAttest(evidence.certify_attest, ak_key);
  evidence.quote_attest = MarshalAttest(quote);
  evidence.quote_signature = test::SignAttest(evidence.quote_attest, ak_key);
  keys = {};  // a software TPM has three slots
  ExpectNotActivated(evidence, machine_);
}

// §3.2: EK of this machine, AK, device key and both statements of another one.
TEST_F(AttackTest, CuckooAkInAnotherTpmIsNotActivated) {
  Machine accomplice;
  ASSERT_NO_FATAL_FAILURE(PowerOn("b", "sha256", &accomplice));
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(accomplice));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(accomplice, keys, &evidence));
  ExpectNotActivated(evidence, machine_);
}

tpmwire::PublicArea Unrestricted() {
  auto area = tpmwire::AkTemplate(Bytes(32, 0xA1));
  area.attributes &= ~tpmwire::kAttributeRestricted;
  return area;
}

// §3.3: an unrestricted key signs statements written by hand, magic and all.
TEST_F(AttackTest, HandMadeStatementsOfAnUnrestrictedAkAreRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys,
                       MakeKeys(machine_, Unrestricted(), Hierarchy::kEndorsement,
                                tpmwire::DeviceKeyTemplate(Bytes(32, 0xB2)), Hierarchy::kOwner));
  auto evidence = Claims(machine_, keys);
  ASSERT_OK_AND_ASSIGN(evidence.pcr_values, machine_.tpm->ReadPcrs({context_.pcrs[1]}));
  const auto [certify, quote] = HandMade(evidence);
  evidence.certify_attest = MarshalAttest(certify);
  evidence.quote_attest = MarshalAttest(quote);
  ASSERT_OK_AND_ASSIGN(evidence.certify_signature,
                       machine_.chip->HashAndSign(*keys.ak, evidence.certify_attest));
  ASSERT_OK_AND_ASSIGN(evidence.quote_signature,
                       machine_.chip->HashAndSign(*keys.ak, evidence.quote_attest));
  ExpectRefused(evidence, RefusalCode::kAkAttributes);
}

// §3.3: the same key shown as a restricted one. Every statement fits, but no TPM holds a key of
// that Name.
TEST_F(AttackTest, AnUnrestrictedAkShownAsRestrictedIsNotActivated) {
  ASSERT_OK_AND_ASSIGN(Keys keys,
                       MakeKeys(machine_, Unrestricted(), Hierarchy::kEndorsement,
                                tpmwire::DeviceKeyTemplate(Bytes(32, 0xB2)), Hierarchy::kOwner));
  auto evidence = Claims(machine_, keys);
  auto shown = tpmwire::ParsePublic(evidence.ak_public).value();
  shown.attributes |= tpmwire::kAttributeRestricted;
  evidence.ak_public = MarshalPublic(shown);
  ASSERT_OK_AND_ASSIGN(evidence.pcr_values, machine_.tpm->ReadPcrs({context_.pcrs[1]}));
  const auto [certify, quote] = HandMade(evidence);
  evidence.certify_attest = MarshalAttest(certify);
  evidence.quote_attest = MarshalAttest(quote);
  ASSERT_OK_AND_ASSIGN(evidence.certify_signature,
                       machine_.chip->HashAndSign(*keys.ak, evidence.certify_attest));
  ASSERT_OK_AND_ASSIGN(evidence.quote_signature,
                       machine_.chip->HashAndSign(*keys.ak, evidence.quote_attest));
  keys = {};  // a software TPM has three slots
  ExpectNotActivated(evidence, machine_);
}

// §3.4: a restricted key signs any digest whose ticket says that it is no statement; so the
// statement it signs has another magic.
TEST_F(AttackTest, StatementsSignedThroughATicketHaveTheWrongMagic) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  auto [certify, quote] = HandMade(evidence);
  certify.header.magic = quote.header.magic = 0xFF544346;

  auto forged = evidence;
  forged.quote_attest = MarshalAttest(quote);
  ASSERT_OK_AND_ASSIGN(forged.quote_signature,
                       machine_.chip->HashAndSign(*keys.ak, forged.quote_attest));
  ExpectRefused(forged, RefusalCode::kQuoteMagic);

  forged = evidence;
  forged.certify_attest = MarshalAttest(certify);
  ASSERT_OK_AND_ASSIGN(forged.certify_signature,
                       machine_.chip->HashAndSign(*keys.ak, forged.certify_attest));
  ExpectRefused(forged, RefusalCode::kCertifyMagic);
}

TEST_F(AttackTest, ATicketForATrueMagicIsNotGiven) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_OK_AND_ASSIGN(evidence.pcr_values, machine_.tpm->ReadPcrs({context_.pcrs[1]}));
  const auto [certify, quote] = HandMade(evidence);
  EXPECT_THAT(machine_.chip->HashAndSign(*keys.ak, MarshalAttest(quote)),
              StatusIs(StatusCode::kInvalidArgument, "0x3e0"));
}

// §3.5
TEST_F(AttackTest, ACertifyIsNoQuoteAndAQuoteNoCertify) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  auto swapped = evidence;
  swapped.quote_attest = evidence.certify_attest;
  swapped.quote_signature = evidence.certify_signature;
  ExpectRefused(swapped, RefusalCode::kQuoteType);
  swapped = evidence;
  swapped.certify_attest = evidence.quote_attest;
  swapped.certify_signature = evidence.quote_signature;
  ExpectRefused(swapped, RefusalCode::kCertifyType);
}

// §3.6: the device measures something; an older quote of the same AK hides it.
TEST_F(AttackTest, AnOlderQuoteOfTheSameDeviceIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto older = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &older));
  BeginSession();
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  evidence.quote_attest = older.quote_attest;
  evidence.quote_signature = older.quote_signature;
  ExpectRefused(evidence, RefusalCode::kQuoteNonce);
}

// §3.7: a fresh session's nonce, statements of another session that runs at the same time.
TEST_F(AttackTest, EvidenceOfAParallelSessionIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  const Bytes nonce = context_.nonce;
  BeginSession();
  ExpectRefused(evidence, RefusalCode::kCertifyNonce);
  context_.nonce = nonce;  // only the session's id is another
  ExpectRefused(evidence, RefusalCode::kCertifyNonce);
}

// §3.8: the device talked to a false server, which shows its evidence to the true one.
TEST_F(AttackTest, EvidenceRelayedThroughAFalseServerIsRefused) {
  const auto true_leaf = context_.server_leaf_sha256;
  context_.server_leaf_sha256.fill(0xEE);  // what the device saw
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  context_.server_leaf_sha256 = true_leaf;
  ExpectRefused(evidence, RefusalCode::kCertifyNonce);
}

// §3.9
TEST_F(AttackTest, QuotesOverFewerNoOrOtherPcrsAreRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  const auto sha1 = context_.pcrs[0];
  const tpmwire::PcrSelections selections[] = {
      {sha1, tpmwire::SelectPcrs(HashAlg::kSha256, {0, 1, 2, 3, 4, 5, 6})},
      {sha1, tpmwire::SelectPcrs(HashAlg::kSha256, {16, 17, 18, 19, 20, 21, 22, 23})},
      {context_.pcrs[1]},
      {}};
  for (const auto& selection : selections) {
    SCOPED_TRACE(tpmwire::DescribeSelections(selection));
    auto evidence = Claims(machine_, keys);
    ASSERT_NO_FATAL_FAILURE(TakeCertify(machine_, keys, &evidence));
    ASSERT_NO_FATAL_FAILURE(TakeQuote(machine_, keys, selection, &evidence));
    ExpectRefused(evidence, RefusalCode::kQuoteSelection);
  }
}

// §3.10: a TPM whose SHA-256 bank is switched off; and a quote that leaves it out.
TEST_F(AttackTest, QuotesOverSha1OnlyAreRefused) {
  Machine old;
  ASSERT_NO_FATAL_FAILURE(PowerOn("b", "sha1", &old));
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(old));
  auto evidence = Claims(old, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(old, keys, &evidence));
  ExpectRefused(evidence, RefusalCode::kQuoteNoSha256);
  ASSERT_NO_FATAL_FAILURE(TakeQuote(old, keys, {context_.pcrs[0]}, &evidence));
  ExpectRefused(evidence, RefusalCode::kQuoteSelection);
}

// §3.11: the TPM quotes a bank twice without a word.
TEST_F(AttackTest, AQuoteOverOneBankTwiceIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeCertify(machine_, keys, &evidence));
  ASSERT_OK_AND_ASSIGN(
      const auto quote,
      machine_.chip->Quote(*keys.ak, tpmwire::QuoteQualifyingData(Binding(evidence)),
                           {context_.pcrs[1], context_.pcrs[1]}));
  evidence.quote_attest = quote.attest;
  evidence.quote_signature = quote.signature;
  ASSERT_OK_AND_ASSIGN(evidence.pcr_values, machine_.tpm->ReadPcrs({context_.pcrs[1]}));
  ExpectRefused(evidence, RefusalCode::kQuoteSelection);
}

// §3.28: in the owner hierarchy reset counts are obfuscated, and the owner may make it at any time.
TEST_F(AttackTest, AnAkOfTheOwnerHierarchyIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys,
                       MakeKeys(machine_, tpmwire::AkTemplate(Bytes(32, 0xA1)), Hierarchy::kOwner,
                                tpmwire::DeviceKeyTemplate(Bytes(32, 0xB2)), Hierarchy::kOwner));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  ExpectRefused(evidence, RefusalCode::kAkHierarchy);
}

TEST_F(AttackTest, ADeviceKeyOfTheEndorsementHierarchyIsRefused) {
  ASSERT_OK_AND_ASSIGN(
      const Keys keys,
      MakeKeys(machine_, tpmwire::AkTemplate(Bytes(32, 0xA1)), Hierarchy::kEndorsement,
               tpmwire::DeviceKeyTemplate(Bytes(32, 0xB2)), Hierarchy::kEndorsement));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  ExpectRefused(evidence, RefusalCode::kTlsKeyHierarchy);
}

// §3.29
TEST_F(AttackTest, ADuplicableDeviceKeyIsRefused) {
  auto duplicable = tpmwire::DeviceKeyTemplate(Bytes(32, 0xB2));
  duplicable.attributes &= ~(tpmwire::kAttributeFixedTpm | tpmwire::kAttributeFixedParent);
  ASSERT_OK_AND_ASSIGN(const Keys keys,
                       MakeKeys(machine_, tpmwire::AkTemplate(Bytes(32, 0xA1)),
                                Hierarchy::kEndorsement, duplicable, Hierarchy::kOwner));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  ExpectRefused(evidence, RefusalCode::kTlsKeyAttributes);
}

// §3.30: the TPM certifies its own key; the device asks for a certificate of another, which lies in
// a file.
TEST_F(AttackTest, ASubstitutedDeviceKeyIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  const auto stolen = crypto::PrivateKey::GenerateP256().value();
  auto evidence = Claims(machine_, keys);
  evidence.device_key_public =
      MarshalPublic(test::WithKey(tpmwire::DeviceKeyTemplate({}), stolen.public_key()));
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  ExpectRefused(evidence, RefusalCode::kCertifyName);
}

// §3.34: certified in a good boot, quoted after an orderly reboot with the same keys made again.
TEST_F(AttackTest, ARebootBetweenCertifyAndQuoteIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeCertify(machine_, keys, &evidence));
  ASSERT_OK(
      test::RunTool({"tpm2_shutdown", "--clear", "-T", machine_.swtpm->tcti()}, dir_.File("log")));
  ASSERT_OK(machine_.swtpm->Restart());
  ASSERT_NO_FATAL_FAILURE(TakeQuote(machine_, keys, context_.pcrs, &evidence));
  ExpectRefused(evidence, RefusalCode::kQuoteResetMismatch);
}

// §4.48: a power cut, after which the TPM's clock may have lost time.
TEST_F(AttackTest, AQuoteAfterAPowerCutIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  ASSERT_OK(machine_.swtpm->Restart());
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  ExpectRefused(evidence, RefusalCode::kQuoteClockUnsafe);
}

// §3.27: what the agent says of the firmware against what the TPM signed.
TEST_F(AttackTest, AnEditedFirmwareNumberIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_OK_AND_ASSIGN(const auto properties, machine_.tpm->ReadProperties());
  evidence.claimed_tpm = {properties.manufacturer, properties.vendor_string,
                          properties.firmware_version};
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  ASSERT_TRUE(Verify(evidence).accepted());
  ++evidence.claimed_tpm.firmware_version;
  ExpectRefused(evidence, RefusalCode::kTpmFirmwareMismatch);
}

// §3.22, §4.28
TEST_F(AttackTest, ASoftwareTpmUnderAMakersRootIsRefusedAsVirtual) {
  std::swap(trust_.roots, trust_.lab_roots);
  ASSERT_OK_AND_ASSIGN(const Keys keys, HonestKeys(machine_));
  auto evidence = Claims(machine_, keys);
  ASSERT_NO_FATAL_FAILURE(TakeStatements(machine_, keys, &evidence));
  ExpectRefused(evidence, RefusalCode::kTpmIsVirtual);
}

}  // namespace
}  // namespace preseal
