// SPDX-License-Identifier: Apache-2.0
// Every verb on a real software TPM, checked with what the server will check it with.
#include "agent/adapters/tpm/tpm.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/crypto/certificate.h"
#include "common/crypto/random.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/make_credential.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"
#include "tests/support/child_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/swtpm.h"
#include "tests/support/temp_dir.h"

namespace preseal::agent {
namespace {

using test::IsOk;
using test::StatusIs;

const Bytes kUnique(32, 0x5A);
const Bytes kOtherUnique(32, 0xA5);
const Bytes kNonce(32, 0x11);

tpmwire::PublicArea AreaOf(const TpmKey& key) {
  auto area = tpmwire::ParsePublic(key.public_area());
  EXPECT_THAT(area, IsOk());
  return *std::move(area);
}

// The statement if `ak` really signed it.
StatusOr<tpmwire::Attest> Verified(const SignedStatement& statement, const TpmKey& ak) {
  ASSIGN_OR_RETURN(const auto signature, tpmwire::ParseSignature(statement.signature));
  ASSIGN_OR_RETURN(const auto key, tpmwire::ToPublicKey(AreaOf(ak)));
  if (!tpmwire::VerifySignature(key, statement.attest, signature)) {
    return Unauthenticated("bad signature");
  }
  return tpmwire::ParseAttest(statement.attest);
}

StatusOr<tpmwire::MadeCredential> CredentialFor(const TpmKey& ek, const TpmKey& ak,
                                                const Bytes& secret) {
  const auto ek_area = AreaOf(ek);
  ASSIGN_OR_RETURN(const Bytes random,
                   crypto::RandomBytes(tpmwire::CredentialRandomBytes(ek_area)));
  return tpmwire::MakeCredential(ek_area, tpmwire::NameOf(AreaOf(ak)), secret, random);
}

class TpmTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
    ASSERT_NO_FATAL_FAILURE(Open({}));
  }
  // A TPM with EK certificates instead of the blank one.
  void Manufacture() {
    swtpm_.reset();
    std::filesystem::create_directory(dir_.path() / "ca");
    ASSERT_OK_AND_ASSIGN(const auto ca, test::EkAuthority::Create(dir_.File("ca"), "Test CA"));
    ASSERT_OK(test::ManufactureTpm(dir_.File("tpm"), ca));
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
    ASSERT_NO_FATAL_FAILURE(Open({}));
  }
  void Open(TpmOptions options) {
    options.tcti = swtpm_->tcti();
    tpm_.reset();
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open(options));
  }
  void Tpm2(std::vector<std::string> argv) {
    argv.insert(argv.end(), {"-T", swtpm_->tcti()});
    ASSERT_OK(test::RunTool(argv, dir_.File("log")));
  }

  test::TempDir dir_;
  std::unique_ptr<test::Swtpm> swtpm_;
  std::unique_ptr<Tpm> tpm_;
};

TEST_F(TpmTest, ReadsWhoMadeTheChip) {
  ASSERT_OK_AND_ASSIGN(const TpmProperties properties, tpm_->ReadProperties());
  EXPECT_EQ(properties.manufacturer, 0x49424D00u);
  EXPECT_EQ(properties.vendor_string, "SW   TPM");
  EXPECT_EQ(properties.spec_revision, 164u);
  EXPECT_NE(properties.firmware_version, 0u);
}

TEST_F(TpmTest, OpenWithoutTpmIsUnavailable) {
  EXPECT_THAT(Tpm::Open({.tcti = "swtpm:path=/nonexistent"}), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(Tpm::Open({.tcti = "device:/nonexistent"}), StatusIs(StatusCode::kUnavailable));
}

TEST_F(TpmTest, OpenRefusesHandleOfTheTcg) {
  EXPECT_THAT(Tpm::Open({.tcti = swtpm_->tcti(), .device_key_handle = 0x81010001}),
              StatusIs(StatusCode::kInvalidArgument, "0x81010001"));
}

TEST_F(TpmTest, ReadsEkCertificateOfTheVerySameKey) {
  Manufacture();
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_EQ(ek.nv_index, tpmwire::kNvEkCertP384High);
  ASSERT_OK_AND_ASSIGN(const auto certificate, crypto::Certificate::FromDer(ek.certificate));
  ASSERT_OK_AND_ASSIGN(const auto certified, certificate.public_key());
  ASSERT_OK_AND_ASSIGN(const auto key, tpmwire::ToPublicKey(AreaOf(*ek.key)));
  EXPECT_TRUE(key.Equals(certified));
}

TEST_F(TpmTest, MakesTheCertifiedEkAgainAfterItsHandleWasLost) {
  Manufacture();
  for (const auto& [kind, handle] : std::vector<std::pair<std::string, std::string>>{
           {"H-3 P-384", "0x81010016"}, {"L-1 RSA-2048", "0x81010001"}}) {
    ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = kind}));
    Bytes before;
    {
      ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
      before = ek.key->public_area();
    }
    Tpm2({"tpm2_evictcontrol", "-C", "o", "-c", handle});
    ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
    EXPECT_EQ(ToHex(ek.key->public_area()), ToHex(before)) << kind;
    EXPECT_FALSE(ek.certificate.empty());
  }
}

TEST_F(TpmTest, BlankChipOffersLowRangeEkWithoutCertificate) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_TRUE(tpmwire::MatchesTemplate(AreaOf(*ek.key), tpmwire::EkTemplateP256Low()));
  EXPECT_TRUE(ek.certificate.empty());
  EXPECT_EQ(ek.nv_index, 0u);
}

TEST_F(TpmTest, ForeignKeyAtTheEkHandleIsNotTakenForTheEk) {
  Tpm2({"tpm2_createprimary", "-C", "o", "-c", dir_.File("o.ctx")});
  Tpm2({"tpm2_evictcontrol", "-C", "o", "-c", dir_.File("o.ctx"), "0x81010001"});
  ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = "L-1 RSA-2048"}));
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_TRUE(tpmwire::MatchesTemplate(AreaOf(*ek.key), tpmwire::EkTemplateRsa2048Low()));
}

TEST_F(TpmTest, NonceInNvOverridesTheDefaultTemplate) {
  ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = "L-2 P-256"}));
  ASSERT_OK_AND_ASSIGN(EndorsementKey plain, tpm_->ReadEndorsementKey());
  Tpm2({"tpm2_nvdefine", "0x01C0000B", "-C", "o", "-s", "4", "-a",
        "ownerread|ownerwrite|authread|no_da"});
  ASSERT_OK(test::RunTool({"sh", "-c", "printf abcd > " + dir_.File("nonce")}, dir_.File("log")));
  Tpm2({"tpm2_nvwrite", "0x01C0000B", "-C", "o", "-i", dir_.File("nonce")});
  ASSERT_OK_AND_ASSIGN(EndorsementKey with_nonce, tpm_->ReadEndorsementKey());
  EXPECT_NE(with_nonce.key->public_area(), plain.key->public_area());
}

TEST_F(TpmTest, SameUniqueGivesSameAkAlsoAfterPowerCut) {
  ASSERT_OK_AND_ASSIGN(auto ak, tpm_->CreateAk(kUnique));
  const Bytes before = ak->public_area();
  EXPECT_EQ(AreaOf(*ak).attributes, tpmwire::kAkAttributes);
  ak.reset();
  ASSERT_OK(swtpm_->Restart());
  ASSERT_OK_AND_ASSIGN(const auto again, tpm_->CreateAk(kUnique));
  EXPECT_EQ(again->public_area(), before);
}

TEST_F(TpmTest, OtherUniqueGivesOtherAk) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto other, tpm_->CreateAk(kOtherUnique));
  EXPECT_NE(ak->public_area(), other->public_area());
}

TEST_F(TpmTest, DroppedKeysLeaveTheirSlots) {
  // Three slots: the fourth key fits only if the ones before were flushed.
  for (int i = 0; i < 10; ++i) ASSERT_OK(tpm_->CreateAk(kUnique));
}

TEST_F(TpmTest, FullSlotsAreNamedWithARemedy) {
  std::vector<std::unique_ptr<TpmKey>> held;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(auto ak, tpm_->CreateAk(kUnique));
    held.push_back(std::move(ak));
  }
  EXPECT_THAT(tpm_->CreateAk(kUnique),
              StatusIs(StatusCode::kResourceExhausted, "tpm2_flushcontext"));
}

TEST_F(TpmTest, DeviceKeyIsMadeOnceAndFoundAgain) {
  ASSERT_OK_AND_ASSIGN(const auto made, tpm_->CreateOrLoadDeviceKey(kUnique));
  EXPECT_EQ(AreaOf(*made).attributes, tpmwire::kDeviceKeyAttributes);
  ASSERT_OK_AND_ASSIGN(const auto found, tpm_->CreateOrLoadDeviceKey(kOtherUnique));
  EXPECT_EQ(found->public_area(), made->public_area());
  ASSERT_OK(swtpm_->Restart());
  ASSERT_OK_AND_ASSIGN(const auto loaded, tpm_->LoadDeviceKey());
  EXPECT_EQ(loaded->public_area(), made->public_area());
}

TEST_F(TpmTest, LoadDeviceKeyBeforeItWasMadeIsNotFound) {
  EXPECT_THAT(tpm_->LoadDeviceKey(), StatusIs(StatusCode::kNotFound));
}

TEST_F(TpmTest, ForeignKeyAtTheDeviceHandleIsAnErrorNamingIt) {
  Tpm2({"tpm2_createprimary", "-C", "o", "-c", dir_.File("o.ctx")});
  Tpm2({"tpm2_evictcontrol", "-C", "o", "-c", dir_.File("o.ctx"), "0x81050000"});
  EXPECT_THAT(tpm_->CreateOrLoadDeviceKey(kUnique),
              StatusIs(StatusCode::kAlreadyExists, "0x81050000"));
}

// Same template, but a primary of the endorsement hierarchy: its certificate would lie.
TEST_F(TpmTest, OurTemplateInAnotherHierarchyIsForeignToo) {
  Tpm2({"tpm2_createprimary", "-C", "e", "-G", "ecc256:ecdsa-sha256", "-a",
        "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign", "-c",
        dir_.File("e.ctx")});
  Tpm2({"tpm2_evictcontrol", "-C", "o", "-c", dir_.File("e.ctx"), "0x81050000"});
  EXPECT_THAT(tpm_->CreateOrLoadDeviceKey(kUnique), StatusIs(StatusCode::kAlreadyExists));
}

TEST_F(TpmTest, OwnerPasswordIsNamedWithARemedy) {
  Tpm2({"tpm2_changeauth", "-c", "owner", "secret"});
  EXPECT_THAT(tpm_->CreateOrLoadDeviceKey(kUnique),
              StatusIs(StatusCode::kFailedPrecondition, "password"));
}

TEST_F(TpmTest, CertifyProvesTheDeviceKeyAndItsHierarchy) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateOrLoadDeviceKey(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto statement, tpm_->Certify(*key, *ak, kNonce));
  ASSERT_OK_AND_ASSIGN(const auto attest, Verified(statement, *ak));
  ASSERT_NE(attest.certify(), nullptr);
  EXPECT_EQ(attest.extra_data, kNonce);
  EXPECT_EQ(attest.certify()->name, tpmwire::NameOf(AreaOf(*key)));
  EXPECT_EQ(attest.certify()->qualified_name,
            tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, AreaOf(*key)));
  EXPECT_EQ(attest.qualified_signer,
            tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, AreaOf(*ak)));
}

TEST_F(TpmTest, QuoteCoversExactlyTheAskedPcrsAndTheirValues) {
  Tpm2({"tpm2_pcrextend", "4:sha256=" + std::string(64, '7')});
  const tpmwire::PcrSelections pcrs = {
      tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14}),
      tpmwire::SelectPcrs(tpmwire::HashAlg::kSha384, {0, 4})};
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto statement, tpm_->Quote(*ak, kNonce, pcrs));
  ASSERT_OK_AND_ASSIGN(const auto values, tpm_->ReadPcrs(pcrs));
  ASSERT_OK_AND_ASSIGN(const auto attest, Verified(statement, *ak));
  ASSERT_NE(attest.quote(), nullptr);
  EXPECT_EQ(attest.extra_data, kNonce);
  EXPECT_EQ(attest.quote()->selections, pcrs);
  EXPECT_EQ(values.size(), 13u);
  ASSERT_OK_AND_ASSIGN(const Bytes digest,
                       tpmwire::PcrDigest(tpmwire::HashAlg::kSha256, pcrs, values));
  EXPECT_EQ(ToHex(attest.quote()->pcr_digest), ToHex(digest));
}

TEST_F(TpmTest, QuoteOfABankTheChipLacksIsUnimplemented) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  tpmwire::PcrSelection sm3 = tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0});
  sm3.hash_algorithm = 0x0012;
  EXPECT_THAT(tpm_->Quote(*ak, kNonce, {sm3}), StatusIs(StatusCode::kUnimplemented));
}

TEST_F(TpmTest, ActivatesCredentialForEveryKindOfEk) {
  Manufacture();
  const Bytes secret(32, 0x77);
  for (const auto& kind : tpmwire::EkKinds()) {
    ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = kind.name}));
    ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
    ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
    ASSERT_OK_AND_ASSIGN(const auto made, CredentialFor(*ek.key, *ak, secret));
    for (int round = 0; round < 4; ++round) {  // more than session slots: none is left behind
      ASSERT_OK_AND_ASSIGN(
          const Secret opened,
          tpm_->ActivateCredential(*ak, ek, made.credential_blob, made.encrypted_secret));
      EXPECT_EQ(ToBytes(opened.Reveal()), secret) << kind.name;
    }
  }
}

TEST_F(TpmTest, CredentialForAnotherAkIsRefusedAndLeavesNoSession) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  tpmwire::MadeCredential made;
  {
    ASSERT_OK_AND_ASSIGN(const auto other, tpm_->CreateAk(kOtherUnique));
    ASSERT_OK_AND_ASSIGN(made, CredentialFor(*ek.key, *other, Bytes(32, 1)));
  }
  for (int round = 0; round < 4; ++round) {
    EXPECT_THAT(tpm_->ActivateCredential(*ak, ek, made.credential_blob, made.encrypted_secret),
                StatusIs(StatusCode::kInvalidArgument, "another TPM"));
  }
}

TEST_F(TpmTest, CredentialWithWrongOuterLengthIsRefusedBeforeTheTpm) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(auto made, CredentialFor(*ek.key, *ak, Bytes(32, 1)));
  made.credential_blob.push_back(0);
  EXPECT_THAT(tpm_->ActivateCredential(*ak, ek, made.credential_blob, made.encrypted_secret),
              StatusIs(StatusCode::kInvalidArgument, "TPM2B"));
}

TEST_F(TpmTest, SignsDigestsOfEveryTlsHash) {
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateOrLoadDeviceKey(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto verifier, tpmwire::ToPublicKey(AreaOf(*key)));
  const Bytes message = ToBytes(std::string_view("handshake transcript"));
  for (const auto alg : {crypto::HashAlg::kSha1, crypto::HashAlg::kSha256, crypto::HashAlg::kSha384,
                         crypto::HashAlg::kSha512}) {
    ASSERT_OK_AND_ASSIGN(const auto signature, tpm_->Sign(*key, crypto::Hash(alg, message)));
    EXPECT_TRUE(verifier.VerifyEcdsa(alg, message, signature.r, signature.s))
        << crypto::HashBytes(alg);
  }
}

TEST_F(TpmTest, AkSignsNothingButItsOwnStatements) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  EXPECT_THAT(tpm_->Sign(*ak, kNonce), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(TpmTest, KeysHeldAcrossAPowerCutGoOnWorking) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateOrLoadDeviceKey(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto made, CredentialFor(*ek.key, *ak, Bytes(32, 1)));
  ASSERT_OK(swtpm_->Restart());
  EXPECT_OK(tpm_->ActivateCredential(*ak, ek, made.credential_blob, made.encrypted_secret));
  ASSERT_OK(swtpm_->Restart());
  EXPECT_OK(tpm_->Certify(*key, *ak, kNonce));
  ASSERT_OK(swtpm_->Restart());
  EXPECT_OK(tpm_->Sign(*key, kNonce));
}

TEST_F(TpmTest, TpmThatStaysAwayIsUnavailableAndUsableOnceBack) {
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateOrLoadDeviceKey(kUnique));
  swtpm_->Kill();
  EXPECT_THAT(tpm_->Sign(*key, kNonce), StatusIs(StatusCode::kUnavailable));
  ASSERT_OK(swtpm_->Restart());
  EXPECT_OK(tpm_->Sign(*key, kNonce));
}

TEST_F(TpmTest, ClearedTpmIsNotMistakenForTheOldOne) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  swtpm_->Kill();
  std::filesystem::remove_all(dir_.path() / "tpm");  // another chip in its place
  std::filesystem::create_directory(dir_.path() / "tpm");
  ASSERT_OK(swtpm_->Restart());
  EXPECT_THAT(tpm_->Quote(*ak, kNonce, {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0})}),
              StatusIs(StatusCode::kFailedPrecondition, "another key"));
}

}  // namespace
}  // namespace preseal::agent
