// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/key.h"

#include <openssl/pem.h>

#include "common/crypto/key_test_vectors.h"
#include "common/crypto/openssl_handles.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using preseal::test::StatusIs;
using test::kRsaPkcs1;
using test::kRsaPss;
using test::kRsaSpki;
using test::ValueOrDie;

// PEM of a new key on `curve`, encrypted if `cipher` is given.
std::string ForeignPem(const char* curve, const EVP_CIPHER* cipher) {
  const openssl::EvpPkeyOwner key(EVP_EC_gen(curve));
  const openssl::BioOwner bio(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), cipher, "x", 1, nullptr, nullptr),
            1);
  return preseal::ToString(openssl::Contents(bio.get()));
}

class KeyTest : public testing::Test {
 protected:
  PrivateKey key_ = ValueOrDie(PrivateKey::GenerateP256());
  PublicKey public_ = key_.public_key();
  Bytes message_ = ToBytes("over the bench and far away");
};

TEST_F(KeyTest, SignsWhatItsPublicHalfVerifies) {
  ASSERT_OK_AND_ASSIGN(const Bytes der, key_.SignDer(message_));
  ASSERT_OK_AND_ASSIGN(const Bytes raw, key_.SignRaw(message_));
  EXPECT_EQ(raw.size(), 64u);
  EXPECT_TRUE(public_.VerifyEcdsaDer(HashAlg::kSha256, message_, der));
  EXPECT_TRUE(public_.VerifyEcdsaRaw(HashAlg::kSha256, message_, raw));
}

TEST_F(KeyTest, VerifiesNumbersWithLeadingZerosDroppedOrAdded) {
  // One signature in 256 has a short r; look for one, so that the padding is really tried.
  Bytes raw = {1};
  for (int i = 0; i < 20'000 && raw[0] != 0; ++i) raw = ValueOrDie(key_.SignRaw(message_));
  ASSERT_EQ(raw[0], 0);
  const ByteView r = ByteView(raw).first(32);
  const ByteView s = ByteView(raw).last(32);
  EXPECT_TRUE(public_.VerifyEcdsa(HashAlg::kSha256, message_, r.subspan(1), s));
  Bytes padded = {0, 0};
  padded.insert(padded.end(), r.begin(), r.end());
  EXPECT_TRUE(public_.VerifyEcdsa(HashAlg::kSha256, message_, padded, s));
}

TEST_F(KeyTest, RefusesSignatureOverAnotherMessage) {
  ASSERT_OK_AND_ASSIGN(const Bytes raw, key_.SignRaw(message_));
  message_[0] ^= 1;
  EXPECT_FALSE(public_.VerifyEcdsaRaw(HashAlg::kSha256, message_, raw));
}

TEST_F(KeyTest, RefusesSignatureWithAFlippedBit) {
  ASSERT_OK_AND_ASSIGN(Bytes raw, key_.SignRaw(message_));
  raw[40] ^= 1;
  EXPECT_FALSE(public_.VerifyEcdsaRaw(HashAlg::kSha256, message_, raw));
}

TEST_F(KeyTest, RefusesSignatureByAnotherKey) {
  ASSERT_OK_AND_ASSIGN(const Bytes raw, key_.SignRaw(message_));
  const PublicKey other = ValueOrDie(PrivateKey::GenerateP256()).public_key();
  EXPECT_FALSE(other.VerifyEcdsaRaw(HashAlg::kSha256, message_, raw));
}

TEST_F(KeyTest, RefusesSignatureUnderAnotherHash) {
  ASSERT_OK_AND_ASSIGN(const Bytes raw, key_.SignRaw(message_));
  EXPECT_FALSE(public_.VerifyEcdsaRaw(HashAlg::kSha384, message_, raw));
}

TEST_F(KeyTest, RefusesMalformedSignaturesWithoutAnError) {
  ASSERT_OK_AND_ASSIGN(Bytes raw, key_.SignRaw(message_));
  EXPECT_FALSE(public_.VerifyEcdsaRaw(HashAlg::kSha256, message_, ByteView(raw).first(63)));
  EXPECT_FALSE(public_.VerifyEcdsaRaw(HashAlg::kSha256, message_, {}));
  EXPECT_FALSE(public_.VerifyEcdsa(HashAlg::kSha256, message_, {}, {}));
  EXPECT_FALSE(public_.VerifyEcdsaRaw(HashAlg::kSha256, message_, Bytes(64, 0)));
  EXPECT_FALSE(public_.VerifyEcdsaDer(HashAlg::kSha256, message_, raw));
  ASSERT_OK_AND_ASSIGN(Bytes der, key_.SignDer(message_));
  der.push_back(0);
  EXPECT_FALSE(public_.VerifyEcdsaDer(HashAlg::kSha256, message_, der));
  EXPECT_FALSE(public_.VerifyRsaPkcs1(HashAlg::kSha256, message_, raw));
}

TEST_F(KeyTest, PublicKeySurvivesBothEncodings) {
  ASSERT_OK_AND_ASSIGN(const PublicKey from_spki, PublicKey::FromSpkiDer(public_.SpkiDer()));
  ASSERT_OK_AND_ASSIGN(const EcCoordinates point, public_.ToEcCoordinates());
  ASSERT_OK_AND_ASSIGN(const PublicKey from_point,
                       PublicKey::FromEcAffine(Curve::kP256, point.x, point.y));
  EXPECT_TRUE(from_spki.Equals(public_));
  EXPECT_TRUE(from_point.Equals(public_));
  EXPECT_EQ(from_point.SpkiSha256(), public_.SpkiSha256());
  EXPECT_EQ(from_point.kind(), KeyKind::kP256);
  EXPECT_EQ(from_point.bits(), 256);
}

TEST_F(KeyTest, RefusesSpkiFollowedByBytes) {
  Bytes der = public_.SpkiDer();
  der.push_back(0);
  EXPECT_THAT(PublicKey::FromSpkiDer(der), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(KeyTest, RefusesPointOffTheCurve) {
  ASSERT_OK_AND_ASSIGN(EcCoordinates point, public_.ToEcCoordinates());
  point.y[31] ^= 1;
  EXPECT_THAT(PublicKey::FromEcAffine(Curve::kP256, point.x, point.y),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(KeyTest, RefusesCoordinateWiderThanTheCurve) {
  ASSERT_OK_AND_ASSIGN(EcCoordinates point, public_.ToEcCoordinates());
  point.x.insert(point.x.begin(), 1);
  EXPECT_THAT(PublicKey::FromEcAffine(Curve::kP256, point.x, point.y),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(RsaKeyTest, VerifiesForeignSignatures) {
  ASSERT_OK_AND_ASSIGN(const Bytes spki, FromHex(kRsaSpki));
  ASSERT_OK_AND_ASSIGN(const Bytes pkcs1, FromHex(kRsaPkcs1));
  ASSERT_OK_AND_ASSIGN(const Bytes pss, FromHex(kRsaPss));
  ASSERT_OK_AND_ASSIGN(const PublicKey key, PublicKey::FromSpkiDer(spki));
  EXPECT_EQ(key.kind(), KeyKind::kRsa);
  EXPECT_EQ(key.bits(), 2048);
  EXPECT_TRUE(key.VerifyRsaPkcs1(HashAlg::kSha256, AsBytes("preseal"), pkcs1));
  EXPECT_TRUE(key.VerifyRsaPss(HashAlg::kSha256, AsBytes("preseal"), pss));
  EXPECT_FALSE(key.VerifyRsaPkcs1(HashAlg::kSha256, AsBytes("Preseal"), pkcs1));
  EXPECT_FALSE(key.VerifyRsaPkcs1(HashAlg::kSha256, AsBytes("preseal"), pss));
}

TEST(RsaKeyTest, IsRebuiltFromModulusAndExponent) {
  ASSERT_OK_AND_ASSIGN(const Bytes spki, FromHex(kRsaSpki));
  ASSERT_OK_AND_ASSIGN(const PublicKey key, PublicKey::FromSpkiDer(spki));
  ASSERT_OK_AND_ASSIGN(const RsaParts parts, key.ToRsaParts());
  ASSERT_OK_AND_ASSIGN(const PublicKey rebuilt, PublicKey::FromRsa(parts.modulus, parts.exponent));
  EXPECT_TRUE(rebuilt.Equals(key));
  EXPECT_EQ(rebuilt.SpkiDer(), spki);
  EXPECT_THAT(key.ToEcCoordinates(), StatusIs(StatusCode::kFailedPrecondition));
}

TEST(RsaKeyTest, RefusesWeakNumbers) {
  const Bytes modulus(256, 0xFF);
  EXPECT_THAT(PublicKey::FromRsa(modulus, Bytes{1}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(PublicKey::FromRsa(modulus, Bytes{0}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(PublicKey::FromRsa(modulus, Bytes(5, 0xFF)), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(PublicKey::FromRsa(Bytes(64, 0xFF), Bytes{1, 0, 1}),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(KeyTest, PrivateKeySurvivesPem) {
  ASSERT_OK_AND_ASSIGN(const Secret pem, key_.ToPem());
  EXPECT_TRUE(AsText(pem.Reveal()).starts_with("-----BEGIN PRIVATE KEY-----\n"));
  ASSERT_OK_AND_ASSIGN(const PrivateKey again, PrivateKey::FromPem(AsText(pem.Reveal())));
  EXPECT_TRUE(again.public_key().Equals(public_));
}

TEST_F(KeyTest, RefusesTextThatIsNoPrivateKeyAndDoesNotRepeatIt) {
  const auto result = PrivateKey::FromPem("secret but no key");
  EXPECT_THAT(result, StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(MessageOf(result.status()).find("secret"), std::string::npos);
  EXPECT_THAT(PrivateKey::FromPem(""), StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(const Secret pem, key_.ToPem());
  const std::string cut(AsText(pem.Reveal()).substr(0, pem.Reveal().size() / 2));
  EXPECT_THAT(PrivateKey::FromPem(cut), StatusIs(StatusCode::kInvalidArgument));
}

TEST(PrivateKeyTest, RefusesAnotherCurve) {
  EXPECT_THAT(PrivateKey::FromPem(ForeignPem("P-384", nullptr)),
              StatusIs(StatusCode::kInvalidArgument, "P-256"));
}

TEST(PrivateKeyTest, RefusesEncryptedKeyInsteadOfAskingForAPassphrase) {
  EXPECT_THAT(PrivateKey::FromPem(ForeignPem("P-256", EVP_aes_256_cbc())),
              StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::crypto
