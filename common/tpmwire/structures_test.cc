// SPDX-License-Identifier: Apache-2.0
// The decoders of bytes from outside: what they accept, each thing they refuse, and that no cut,
// flipped or added byte gets through unnoticed.
#include <gtest/gtest.h>

#include <functional>

#include "common/tpmwire/attest.h"
#include "common/tpmwire/hash.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"
#include "common/tpmwire/templates.h"
#include "tests/support/status_matchers.h"

namespace preseal::tpmwire {
namespace {

using test::StatusIs;

// Generator of P-256, a point that is certainly on the curve.
constexpr char kGx[] = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
constexpr char kGy[] = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

PublicArea GoodAk() {
  PublicArea ak = AkTemplate({});
  auto& key = std::get<EccKey>(ak.key);
  key.x = *FromHex(kGx);
  key.y = *FromHex(kGy);
  return ak;
}

PublicArea GoodRsaEk() {
  PublicArea ek = EkTemplateRsa2048Low();
  std::get<RsaKey>(ek.key).modulus.assign(256, 0xC5);
  return ek;
}

Attest GoodQuote() {
  Attest attest;
  attest.header = {kTpmGenerated, kAttestQuote};
  attest.qualified_signer = NameOf(GoodAk());
  attest.extra_data = Bytes(32, 1);
  attest.clock = {1234, 5, 6, true};
  attest.firmware_version = 7;
  attest.body = QuoteInfo{{SelectPcrs(HashAlg::kSha256, {0, 1, 2, 14})}, Bytes(32, 2)};
  return attest;
}

Attest GoodCertify() {
  Attest attest = GoodQuote();
  attest.header.type = kAttestCertify;
  attest.body = CertifyInfo{NameOf(GoodAk()), NameOf(GoodAk())};
  return attest;
}

Signature GoodEcdsa() { return {AlgId::kEcdsa, HashAlg::kSha256, Bytes(32, 3), Bytes(32, 4), {}}; }

// One structure: good bytes, and decode-then-encode, empty if refused.
struct Codec {
  const char* name;
  Bytes good;
  std::function<Bytes(ByteView)> round_trip;
};

template <typename Parse, typename Marshal>
std::function<Bytes(ByteView)> RoundTrip(Parse parse, Marshal marshal) {
  return [=](ByteView bytes) {
    const auto parsed = parse(bytes);
    return parsed.ok() ? marshal(*parsed) : Bytes();
  };
}

std::vector<Codec> Codecs() {
  const auto area = RoundTrip(ParsePublic, MarshalPublic);
  const auto attest = RoundTrip(ParseAttest, MarshalAttest);
  const auto signature = RoundTrip(ParseSignature, MarshalSignature);
  Signature rsa{AlgId::kRsaSsa, HashAlg::kSha256, {}, {}, Bytes(256, 9)};
  return {{"AK public", MarshalPublic(GoodAk()), area},
          {"RSA EK public", MarshalPublic(GoodRsaEk()), area},
          {"quote", MarshalAttest(GoodQuote()), attest},
          {"certify", MarshalAttest(GoodCertify()), attest},
          {"ECDSA signature", MarshalSignature(GoodEcdsa()), signature},
          {"RSA signature", MarshalSignature(rsa), signature}};
}

TEST(StructuresTest, AcceptWhatTheyWrote) {
  for (const Codec& codec : Codecs()) {
    SCOPED_TRACE(codec.name);
    EXPECT_EQ(codec.round_trip(codec.good), codec.good);
  }
}

TEST(StructuresTest, RefuseEveryTruncation) {
  for (const Codec& codec : Codecs()) {
    SCOPED_TRACE(codec.name);
    for (size_t size = 0; size < codec.good.size(); ++size) {
      EXPECT_TRUE(codec.round_trip(ByteView(codec.good).first(size)).empty()) << size;
    }
  }
}

TEST(StructuresTest, RefuseTrailingBytes) {
  for (const Codec& codec : Codecs()) {
    SCOPED_TRACE(codec.name);
    for (const int extra : {0x00, 0xFF}) {
      Bytes longer = codec.good;
      longer.push_back(static_cast<uint8_t>(extra));
      EXPECT_TRUE(codec.round_trip(longer).empty());
    }
  }
}

// What is accepted has exactly one encoding, so a changed byte is refused or visible.
TEST(StructuresTest, NeverReadAChangedByteAsTheOriginal) {
  for (const Codec& codec : Codecs()) {
    SCOPED_TRACE(codec.name);
    for (size_t i = 0; i < codec.good.size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xFF}) {
        Bytes changed = codec.good;
        changed[i] = static_cast<uint8_t>(changed[i] ^ flip);
        const Bytes again = codec.round_trip(changed);
        EXPECT_TRUE(again.empty() || again == changed) << "byte " << i;
      }
    }
  }
}

TEST(PublicAreaTest, RefusesAnUnknownKeyType) {
  Bytes bytes = MarshalPublic(GoodAk());
  bytes[0] = bytes[1] = 0x77;
  EXPECT_THAT(ParsePublic(bytes), StatusIs(StatusCode::kInvalidArgument, "type"));
}

TEST(PublicAreaTest, RefusesASha1Name) {
  PublicArea ak = GoodAk();
  ak.name_algorithm = HashAlg::kSha1;
  EXPECT_THAT(ParsePublic(MarshalPublic(ak)), StatusIs(StatusCode::kInvalidArgument, "SHA-1"));
}

TEST(PublicAreaTest, RefusesReservedAttributeBits) {
  PublicArea ak = GoodAk();
  ak.attributes |= 1u << 31;
  EXPECT_THAT(ParsePublic(MarshalPublic(ak)), StatusIs(StatusCode::kInvalidArgument, "reserved"));
}

TEST(PublicAreaTest, RefusesAPolicyThatIsNoDigest) {
  PublicArea ak = GoodAk();
  ak.policy = Bytes(31, 1);
  EXPECT_THAT(ParsePublic(MarshalPublic(ak)), StatusIs(StatusCode::kInvalidArgument, "policy"));
}

TEST(PublicAreaTest, RefusesACoordinateOfAnotherWidth) {
  for (const size_t width : {0, 31, 33}) {
    PublicArea ak = GoodAk();
    std::get<EccKey>(ak.key).y.resize(width, 1);
    EXPECT_THAT(ParsePublic(MarshalPublic(ak)), StatusIs(StatusCode::kInvalidArgument, "y"));
  }
}

TEST(PublicAreaTest, RefusesAModulusWithALeadingZero) {
  PublicArea ek = GoodRsaEk();
  std::get<RsaKey>(ek.key).modulus[0] = 0;
  EXPECT_THAT(ParsePublic(MarshalPublic(ek)), StatusIs(StatusCode::kInvalidArgument, "modulus"));
}

TEST(AttestTest, RefusesAnotherMagic) {
  Attest quote = GoodQuote();
  quote.header.magic = 0xFF544348;
  EXPECT_THAT(ParseAttest(MarshalAttest(quote)), StatusIs(StatusCode::kInvalidArgument, "magic"));
}

TEST(AttestTest, RefusesOtherTypesOfStatement) {
  Attest quote = GoodQuote();
  quote.header.type = 0x801A;  // TPM_ST_ATTEST_CREATION
  EXPECT_THAT(ParseAttest(MarshalAttest(quote)), StatusIs(StatusCode::kInvalidArgument, "type"));
}

TEST(AttestTest, RefusesMoreBanksThanThereAreHashes) {
  Attest quote = GoodQuote();
  auto& info = std::get<QuoteInfo>(quote.body);
  info.selections.assign(17, SelectPcrs(HashAlg::kSha256, {0}));
  EXPECT_THAT(ParseAttest(MarshalAttest(quote)), StatusIs(StatusCode::kInvalidArgument, "count"));
}

TEST(AttestTest, RefusesMasksOfAnotherSize) {
  for (const int size : {1, 4}) {
    Bytes bytes = MarshalAttest(GoodQuote());
    bytes[bytes.size() - 34 - 4] =
        static_cast<uint8_t>(size);  // before the digest and the 3-byte mask
    EXPECT_THAT(ParseAttest(bytes), StatusIs(StatusCode::kInvalidArgument, "size of select"));
  }
}

TEST(SignatureTest, RefusesAZeroOrAnOverlongScalar) {
  for (const Bytes& r : {Bytes(), Bytes(32, 0), Bytes(49, 1)}) {
    Signature signature = GoodEcdsa();
    signature.r = r;
    EXPECT_THAT(ParseSignature(MarshalSignature(signature)),
                StatusIs(StatusCode::kInvalidArgument, "signature r"));
  }
}

TEST(SignatureTest, EcdsaValueIsMinimalDer) {
  Signature signature = GoodEcdsa();
  signature.r = {0x00, 0x80};
  signature.s = {0x00, 0x00, 0x7F};
  EXPECT_EQ(ToHex(SignatureValue(signature)), "30070202008002017f");
}

TEST(SignatureTest, RefusesToMakeAKeyOffItsCurve) {
  PublicArea ak = GoodAk();
  std::get<EccKey>(ak.key).y[31] ^= 1;
  EXPECT_TRUE(ToPublicKey(GoodAk()).ok());
  EXPECT_THAT(ToPublicKey(ak), StatusIs(StatusCode::kInvalidArgument));
}

TEST(PcrTest, DigestFollowsSelectionOrderNotValueOrder) {
  const Bytes zero(32, 0);
  const Bytes one(32, 1);
  const PcrSelections selections = {SelectPcrs(HashAlg::kSha256, {0, 8})};
  const uint16_t bank = 0x000B;
  ASSERT_OK_AND_ASSIGN(const Bytes digest,
                       PcrDigest(HashAlg::kSha256, selections, {{bank, 8, one}, {bank, 0, zero}}));
  EXPECT_EQ(digest, Hash(HashAlg::kSha256, {zero, one}));
}

TEST(PcrTest, RefusesValuesTheSelectionDoesNotCover) {
  const Bytes value(32, 1);
  const uint16_t bank = 0x000B;
  const PcrSelections selections = {SelectPcrs(HashAlg::kSha256, {0})};
  const std::vector<std::vector<PcrValue>> wrong = {
      {},                                    // missing
      {{bank, 0, value}, {bank, 0, value}},  // twice
      {{bank, 0, value}, {bank, 1, value}},  // one too many
      {{bank, 0, Bytes(20, 1)}},             // a SHA-1 value
      {{0x000C, 0, Bytes(48, 1)}},           // another bank
  };
  for (const auto& values : wrong) {
    EXPECT_THAT(PcrDigest(HashAlg::kSha256, selections, values),
                StatusIs(StatusCode::kInvalidArgument));
  }
}

TEST(PcrTest, DescribesRangesForPeople) {
  PcrSelection none;
  none.hash_algorithm = 0x0004;
  EXPECT_EQ(DescribeSelections({SelectPcrs(HashAlg::kSha256, {0, 1, 2, 5, 14, 23}), none}),
            "SHA-256:0-2,5,14,23 SHA-1:none");
}

}  // namespace
}  // namespace preseal::tpmwire
