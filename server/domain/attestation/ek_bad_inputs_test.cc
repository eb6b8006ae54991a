// SPDX-License-Identifier: Apache-2.0
// Bad and odd EK certificates, each spoiled in one thing (attestation reference, section 4, rows
// 1 to 30); spoiled_ek.cc has those that only need a table's row.
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/tpmwire/der.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::server {
namespace {

using test::AttestationFixture;
using Code = RefusalCode;
namespace der = tpmwire::der;

constexpr char kSan[] = "2.5.29.17";
constexpr char kPrime256v1[] = "1.2.840.10045.3.1.7";
constexpr char kEcPublicKey[] = "1.2.840.10045.2.1";

struct BadCertificate {
  const char* what;
  Code code;
  void (*spoil)(AttestationFixture&);
};
void PrintTo(const BadCertificate& bad, std::ostream* out) { *out << bad.what; }

void SetSan(AttestationFixture& f, Bytes value) {
  f.ek_certificate.Extension(kSan).value = std::move(value);
}

// SubjectPublicKeyInfo of `parameters` and `point` as they are given.
Bytes Spki(ByteView parameters, ByteView point) {
  Bytes bits = {0};
  bits.insert(bits.end(), point.begin(), point.end());
  return der::Sequence({der::Sequence({test::Oid(kEcPublicKey), ToBytes(parameters)}),
                        der::Tlv(der::kBitString, bits)});
}

Bytes CompressedPoint(const tpmwire::EccKey& key) {
  Bytes point = {static_cast<uint8_t>(2 + key.y.back() % 2)};
  point.insert(point.end(), key.x.begin(), key.x.end());
  return point;
}

Bytes Point(const tpmwire::EccKey& key) {
  Bytes point = {4};
  point.insert(point.end(), key.x.begin(), key.x.end());
  point.insert(point.end(), key.y.begin(), key.y.end());
  return point;
}

const tpmwire::EccKey& EkPoint(AttestationFixture& f) { return *f.ek.ecc(); }

// P-256 spelled out as ECParameters of its own (RFC 3279): a curve nobody named. Its base point is
// the key itself, as in CVE-2020-0601, so that its private key is 1.
Bytes CurveWithTheKeyAsBase(const tpmwire::EccKey& key) {
  const auto number = [](std::string_view hex) {
    Bytes content = FromHex(hex).value();
    content.insert(content.begin(), 0);
    return der::Tlv(der::kInteger, content);
  };
  constexpr std::string_view kP =
      "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
  constexpr std::string_view kA =
      "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc";
  constexpr std::string_view kB =
      "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b";
  constexpr std::string_view kN =
      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const auto octets = [](Bytes content) { return der::Tlv(0x04, content); };
  return der::Sequence({der::Tlv(der::kInteger, Bytes{1}),
                        der::Sequence({test::Oid("1.2.840.10045.1.1"), number(kP)}),
                        der::Sequence({octets(FromHex(kA).value()), octets(FromHex(kB).value())}),
                        octets(Point(key)), number(kN), der::Tlv(der::kInteger, Bytes{1})});
}

const BadCertificate kBad[] = {
    {"ClientAuthenticationOnly", Code::kEkEku,
     [](auto& f) {
       f.ek_certificate.Extension("2.5.29.37").value = test::ExtendedKeyUsage("1.3.6.1.5.5.7.3.2");
     }},
    {"SanThatIsEmpty", Code::kEkSan, [](auto& f) { SetSan(f, der::Sequence({})); }},
    {"ManufacturerMissing", Code::kEkSan,
     [](auto& f) {
       const auto attribute = [](const char* oid, std::string_view text) {
         return der::Tlv(
             der::kSet, der::Sequence({test::Oid(oid), der::Tlv(der::kUtf8String, AsBytes(text))}));
       };
       SetSan(f,
              der::Sequence({der::Tlv(0xA4, der::Sequence({attribute("2.23.133.2.2", "ST33"),
                                                           attribute("2.23.133.2.3", "id:1")}))}));
     }},
    {"ManufacturerOfNineDigits", Code::kEkSan,
     [](auto& f) { SetSan(f, test::TpmNames("id:53544D200", "ST33", "id:1")); }},
    {"ManufacturerWithoutPrefix", Code::kEkSan,
     [](auto& f) { SetSan(f, test::TpmNames("53544D20", "ST33", "id:1")); }},
    {"ManufacturerInUpperCasePrefix", Code::kEkSan,
     [](auto& f) { SetSan(f, test::TpmNames("ID:53544D20", "ST33", "id:1")); }},
    {"ManufacturerThatIsNoNumber", Code::kEkSan,
     [](auto& f) { SetSan(f, test::TpmNames("id:53544D2G", "ST33", "id:1")); }},
    {"KeyUsageTwice", Code::kEkCertMalformed,
     [](auto& f) {
       f.ek_certificate.extensions.push_back(f.ek_certificate.Extension("2.5.29.15"));
     }},
    {"SanTwice", Code::kEkCertMalformed,
     [](auto& f) { f.ek_certificate.extensions.push_back(f.ek_certificate.Extension(kSan)); }},
    {"UtcTimeOfYear50", Code::kEkExpired,  // RFC 5280: 1950
     [](auto& f) {
       f.ek_certificate.spelled_not_before = "490101000000Z";
       f.ek_certificate.spelled_not_after = "500101000000Z";
     }},
    {"RsaWithExponent1", Code::kEkKeyWeak,
     [](auto& f) {
       f.ek.key = tpmwire::RsaKey{2048, 1, Bytes(256, 0xC5)};
     }},
    {"CertifiedPointAtInfinity", Code::kEkKeyMismatch,
     [](auto& f) { f.ek_certificate.spki = Spki(test::Oid(kPrime256v1), Bytes{0}); }},
    {"CertifiedPointOffItsCurve", Code::kEkKeyMismatch,
     [](auto& f) {
       Bytes point = Point(EkPoint(f));
       point.back() ^= 1;
       f.ek_certificate.spki = Spki(test::Oid(kPrime256v1), point);
     }},
    {"CertifiedOnACurveOfItsOwn", Code::kEkKeyMismatch,
     [](auto& f) {
       f.ek_certificate.spki = Spki(CurveWithTheKeyAsBase(EkPoint(f)), Point(EkPoint(f)));
     }},
    {"EkPointAtInfinity", Code::kEkKeyWeak,
     [](auto& f) {
       auto& ecc = std::get<tpmwire::EccKey>(f.ek.key);
       ecc.x.assign(32, 0);
       ecc.y.assign(32, 0);
     }},
};

class BadEkCertificateTest : public testing::TestWithParam<BadCertificate> {};

TEST_P(BadEkCertificateTest, IsRefused) {
  AttestationFixture fixture;
  GetParam().spoil(fixture);
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_EQ(NameOf(verdict.code), NameOf(GetParam().code)) << verdict.seen;
}

INSTANTIATE_TEST_SUITE_P(OneThing, BadEkCertificateTest, testing::ValuesIn(kBad),
                         [](const auto& info) { return info.param.what; });

class OddEkCertificateTest : public testing::Test {
 protected:
  void ExpectAccepted() {
    const AttestationVerdict verdict = f_.Verify();
    EXPECT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  }
  AttestationFixture f_;
};

TEST_F(OddEkCertificateTest, EndOf9999IsNoEnd) {
  f_.ek_certificate.spelled_not_after = "99991231235959Z";
  ExpectAccepted();
}

TEST_F(OddEkCertificateTest, UtcTimeOfYear49Is2049) {
  f_.ek_certificate.spelled_not_after = "491231235959Z";
  ExpectAccepted();
}

// The same point in its other encoding is the same key.
TEST_F(OddEkCertificateTest, CompressedPointIsTheSameKey) {
  f_.ek_certificate.spki = Spki(test::Oid(kPrime256v1), CompressedPoint(EkPoint(f_)));
  ExpectAccepted();
}

TEST_F(OddEkCertificateTest, CompressedPointOfAnotherSignIsAnotherKey) {
  Bytes point = CompressedPoint(EkPoint(f_));
  point[0] ^= 1;
  f_.ek_certificate.spki = Spki(test::Oid(kPrime256v1), point);
  EXPECT_EQ(NameOf(f_.Verify().code), NameOf(Code::kEkKeyMismatch));
}

}  // namespace
}  // namespace preseal::server
