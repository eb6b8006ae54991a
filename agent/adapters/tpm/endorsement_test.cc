// SPDX-License-Identifier: Apache-2.0
// Finding the EK and its certificates, and opening credentials with it, on a real software TPM.
#include "agent/adapters/tpm/endorsement.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/adapters/tpm/tpm_fixture.h"
#include "common/crypto/certificate.h"

namespace preseal::agent {
namespace {

using test::StatusIs;
class EndorsementTest : public TpmFixture {};

Bytes Joined(const Bytes& a, const Bytes& b) {
  Bytes out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

TEST_F(EndorsementTest, ReadsEkCertificateOfTheVerySameKey) {
  Manufacture();
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_EQ(ek.nv_index, tpmwire::kNvEkCertP384High);
  ASSERT_OK_AND_ASSIGN(const auto certificate, crypto::Certificate::FromDer(ek.certificate));
  ASSERT_OK_AND_ASSIGN(const auto certified, certificate.public_key());
  ASSERT_OK_AND_ASSIGN(const auto key, tpmwire::ToPublicKey(AreaOf(*ek.key)));
  EXPECT_TRUE(key.Equals(certified));
}

TEST_F(EndorsementTest, MakesTheCertifiedEkAgainAfterItsHandleWasLost) {
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

// The owner cleared the TPM: the persistent EKs are gone, the maker's certificates are not, and the
// seed still gives the very keys they certify.
TEST_F(EndorsementTest, ClearedChipStillHasItsCertifiedEks) {
  Manufacture();
  for (const std::string kind : {"H-3 P-384", "L-1 RSA-2048"}) {
    ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = kind}));
    Bytes before;
    {
      ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
      before = ek.key->public_area();
    }
    Tpm2({"tpm2_clear", "-c", "p"});
    ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = kind}));
    ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
    EXPECT_EQ(ToHex(ek.key->public_area()), ToHex(before)) << kind;
    ASSERT_OK_AND_ASSIGN(const auto certificate, crypto::Certificate::FromDer(ek.certificate));
    ASSERT_OK_AND_ASSIGN(const auto certified, certificate.public_key());
    ASSERT_OK_AND_ASSIGN(const auto key, tpmwire::ToPublicKey(AreaOf(*ek.key)));
    EXPECT_TRUE(key.Equals(certified)) << kind;
  }
}

TEST_F(EndorsementTest, EveryKindIsOfItsTemplatePersistentOrNot) {
  for (const auto& kind : tpmwire::EkKinds()) {
    ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = kind.name}));
    Bytes made;
    {
      ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
      EXPECT_TRUE(tpmwire::MatchesTemplate(AreaOf(*ek.key), kind.make_template())) << kind.name;
      made = ek.key->public_area();
    }
    // Made persistent by a tool from the same template; found there, not made again.
    const bool ecc = std::string_view(kind.name).find("P-") != std::string_view::npos;
    if (kind.nv_certificate > tpmwire::kNvEkCertP256Low) continue;  // the tool knows the low range
    const std::string handle = fmt::format("{:#010x}", kind.handle);
    Tpm2({"tpm2_createek", "-G", ecc ? "ecc" : "rsa", "-c", handle, "-u", dir_.File("ek.pub")});
    ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
    EXPECT_EQ(ToHex(ek.key->public_area()), ToHex(made)) << kind.name;
  }
}

TEST_F(EndorsementTest, CertifiedKindComesBeforePersistentWithout) {
  Tpm2({"tpm2_createek", "-G", "ecc", "-c", "0x81010002", "-u", dir_.File("ek.pub")});
  Tpm2({"tpm2_flushcontext", "-t"});
  ASSERT_NO_FATAL_FAILURE(WriteNv("0x01C00002", Bytes(64, 0xFF)));
  ASSERT_NO_FATAL_FAILURE(Open({}));
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_EQ(ek.nv_index, 0x01C00002u);
  EXPECT_EQ(ek.certificate, Bytes(64, 0xFF));  // as it is: judging it is the server's
  EXPECT_TRUE(tpmwire::MatchesTemplate(AreaOf(*ek.key), tpmwire::EkTemplateRsa2048Low()));
}

TEST_F(EndorsementTest, IndexThatWasNeverWrittenIsNoCertificate) {
  Tpm2({"tpm2_nvdefine", "0x01C0000A", "-C", "o", "-s", "100", "-a",
        "ownerread|ownerwrite|authread|no_da"});
  ASSERT_NO_FATAL_FAILURE(Open({}));
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_TRUE(ek.certificate.empty());
  EXPECT_EQ(ek.nv_index, 0u);
}

TEST_F(EndorsementTest, BlankChipOffersLowRangeEkWithoutCertificate) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_TRUE(tpmwire::MatchesTemplate(AreaOf(*ek.key), tpmwire::EkTemplateP256Low()));
  EXPECT_TRUE(ek.certificate.empty());
  EXPECT_EQ(ek.nv_index, 0u);
}

TEST_F(EndorsementTest, ForeignKeyAtTheEkHandleIsNotTakenForTheEk) {
  Tpm2({"tpm2_createprimary", "-C", "o", "-c", dir_.File("o.ctx")});
  Tpm2({"tpm2_evictcontrol", "-C", "o", "-c", dir_.File("o.ctx"), "0x81010001"});
  ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = "L-1 RSA-2048"}));
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_TRUE(tpmwire::MatchesTemplate(AreaOf(*ek.key), tpmwire::EkTemplateRsa2048Low()));
}

TEST_F(EndorsementTest, NonceInNvOverridesTheDefaultTemplate) {
  ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = "L-2 P-256"}));
  ASSERT_OK_AND_ASSIGN(EndorsementKey plain, tpm_->ReadEndorsementKey());
  ASSERT_NO_FATAL_FAILURE(WriteNv("0x01C0000B", ToBytes(std::string_view("abcd"))));
  ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = "L-2 P-256"}));
  ASSERT_OK_AND_ASSIGN(EndorsementKey with_nonce, tpm_->ReadEndorsementKey());
  EXPECT_NE(with_nonce.key->public_area(), plain.key->public_area());
}

// Some chips run their CA certificates together over several indices.
TEST_F(EndorsementTest, ReadsCaCertificatesThatSpanNvIndices) {
  Manufacture();
  ASSERT_OK(test::RunTool({"openssl", "x509", "-in", dir_.File("ca/issuercert.pem"), "-outform",
                           "DER", "-out", dir_.File("ca.der")},
                          dir_.File("log")));
  ASSERT_OK_AND_ASSIGN(const Bytes ca, files::Read(dir_.File("ca.der"), 4096));
  const Bytes twice = Joined(ca, ca);
  const ptrdiff_t cut = static_cast<ptrdiff_t>(ca.size()) + 10;
  ASSERT_NO_FATAL_FAILURE(WriteNv("0x01C00100", Bytes(twice.begin(), twice.begin() + cut)));
  ASSERT_NO_FATAL_FAILURE(WriteNv("0x01C00101", Bytes(twice.begin() + cut, twice.end())));
  ASSERT_NO_FATAL_FAILURE(Open({}));
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  EXPECT_EQ(ek.chain, (std::vector<Bytes>{ca, ca}));
}

TEST_F(EndorsementTest, ActivatesCredentialForEveryKindOfEk) {
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

TEST_F(EndorsementTest, CredentialForAnotherAkIsRefusedAndLeavesNoSession) {
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

TEST_F(EndorsementTest, CredentialWithWrongOuterLengthIsRefusedBeforeTheTpm) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(auto made, CredentialFor(*ek.key, *ak, Bytes(32, 1)));
  made.credential_blob.push_back(0);
  EXPECT_THAT(tpm_->ActivateCredential(*ak, ek, made.credential_blob, made.encrypted_secret),
              StatusIs(StatusCode::kInvalidArgument, "TPM2B"));
}

}  // namespace
}  // namespace preseal::agent
