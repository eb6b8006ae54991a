// SPDX-License-Identifier: Apache-2.0
// Bad TPM structures in otherwise good evidence (attestation reference, section 4, rows 31 to 54):
// what a table of single changes (spoiled_statements.cc) cannot say, and whole families.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/tpmwire/name.h"
#include "common/tpmwire/templates.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::server {
namespace {

using test::AttestationFixture;
using tpmwire::Attest;
using Code = RefusalCode;

constexpr uint32_t kBits = 32;
// n of P-256: the first number that is no scalar.
const Bytes kOrder =
    FromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").value();

void ExpectRefused(AttestationFixture& f, std::initializer_list<Code> codes) {
  const AttestationVerdict verdict = f.Verify();
  EXPECT_TRUE(std::find(codes.begin(), codes.end(), verdict.code) != codes.end())
      << NameOf(verdict.code) << ": " << verdict.seen;
}

TEST(BadPublicTest, AkWithAnySingleAttributeBitFlippedIsRefused) {
  for (uint32_t bit = 0; bit < kBits; ++bit) {
    SCOPED_TRACE(bit);
    AttestationFixture f;
    f.ak.attributes ^= 1u << bit;
    ExpectRefused(f, {Code::kAkAttributes, Code::kAkMalformed});
  }
}

TEST(BadPublicTest, DeviceKeyWithAnySingleAttributeBitFlippedIsRefused) {
  for (uint32_t bit = 0; bit < kBits; ++bit) {
    SCOPED_TRACE(bit);
    AttestationFixture f;
    f.device_key.attributes ^= 1u << bit;
    ExpectRefused(f, {Code::kTlsKeyAttributes, Code::kTlsKeyMalformed});
  }
}

TEST(BadPublicTest, EkWithAnySingleAttributeBitFlippedIsRefused) {
  for (uint32_t bit = 0; bit < kBits; ++bit) {
    SCOPED_TRACE(bit);
    AttestationFixture f;
    f.ek.attributes ^= 1u << bit;
    ExpectRefused(f, {Code::kEkTemplate, Code::kEkPublicMalformed});
  }
}

// A TPM2B_PUBLIC where the bare TPMT_PUBLIC is due.
TEST(BadPublicTest, ASizeBeforeThePublicAreaIsRefused) {
  AttestationFixture f;
  f.change_evidence = [&f](auto& e) { e.ak_public = tpmwire::MarshalSizedPublic(f.ak); };
  ExpectRefused(f, {Code::kAkMalformed});
}

// An inner size one more and one less than its content.
TEST(BadPublicTest, ASizeThatIsNotTheContentsIsRefused) {
  const size_t x_size = 2 + 2 + 4 + 2 + 2 + 2 + 2 + 2 + 2;  // offset of unique.x.size: no policy
  for (const int change : {-1, 1}) {
    AttestationFixture f;
    f.change_evidence = [&](auto& e) {
      ASSERT_EQ(e.ak_public[x_size + 1], 32);
      e.ak_public[x_size + 1] = static_cast<uint8_t>(32 + change);
    };
    ExpectRefused(f, {Code::kAkMalformed});
  }
}

TEST(BadPublicTest, PolicyOf9999BytesIsRefused) {
  const Bytes size = FromHex("270f").value();
  for (const bool present : {false, true}) {
    AttestationFixture f;
    f.change_evidence = [&](auto& e) {
      const auto policy = e.ak_public.begin() + 8;
      std::copy(size.begin(), size.end(), policy);
      // As long as a field may be here; a longer one is INPUT_TOO_LARGE before.
      if (present) e.ak_public.insert(policy + 2, 900, 0xAA);
    };
    ExpectRefused(f, {Code::kAkMalformed});
  }
}

TEST(BadPublicTest, RsaAkIsRefused) {
  AttestationFixture f;
  f.ak.key = tpmwire::RsaKey{2048, 0, Bytes(256, 0xC5)};
  f.ak.scheme = {tpmwire::AlgId::kRsaSsa, tpmwire::HashAlg::kSha256};
  ExpectRefused(f, {Code::kAkAlg});
}

TEST(BadPublicTest, KeyedHashSymmetricAndUnknownAksAreRefused) {
  for (const int type : {0x0008 /* KEYEDHASH */, 0x0025 /* SYMCIPHER */, 0x7777}) {
    AttestationFixture f;
    f.change_evidence = [type](auto& e) {
      e.ak_public[0] = static_cast<uint8_t>(type >> 8);
      e.ak_public[1] = static_cast<uint8_t>(type);
    };
    ExpectRefused(f, {Code::kAkMalformed});
  }
}

TEST(BadPublicTest, AkOnAnotherCurveIsRefused) {
  const size_t curve = 2 + 2 + 4 + 2 + 2 + 2 + 2;  // offset of curveID: no policy, no symmetric
  for (const int id : {0x0000, 0x0005 /* P-521 */, 0x0010 /* BN P256 */, 0x0020 /* SM2 P256 */}) {
    AttestationFixture f;
    f.change_evidence = [&](auto& e) {
      ASSERT_EQ(e.ak_public[curve + 1], 3);
      e.ak_public[curve + 1] = static_cast<uint8_t>(id);
    };
    ExpectRefused(f, {Code::kAkMalformed});
  }
}

// The same number, but not the only encoding: two Names for one key.
TEST(BadPublicTest, CoordinateWithItsLeadingZeroStrippedIsRefused) {
  AttestationFixture f;
  while (f.ak.ecc()->x[0] != 0) {
    f.ak_key = crypto::PrivateKey::GenerateP256().value();
    f.ak = test::WithKey(f.ak, f.ak_key.public_key());
  }
  EXPECT_TRUE(f.Verify().accepted());
  Bytes& x = std::get<tpmwire::EccKey>(f.ak.key).x;
  x.erase(x.begin());
  ExpectRefused(f, {Code::kAkMalformed});
}

// An operation with such a key would keep a core busy for a device's sake.
TEST(BadPublicTest, RsaEkOf16384BitsIsRefused) {
  AttestationFixture f;
  f.ek.key = tpmwire::RsaKey{16384, 0, Bytes(2048, 0xC5)};
  ExpectRefused(f, {Code::kInputTooLarge, Code::kEkPublicMalformed});
}

TEST(BadPublicTest, NameOfSha1IsRefused) {
  AttestationFixture f;
  f.ak.name_algorithm = tpmwire::HashAlg::kSha1;
  ExpectRefused(f, {Code::kAkMalformed});
}

// --- signatures ---

struct BadSignature {
  const char* what;
  void (*spoil)(tpmwire::Signature&);
};

const BadSignature kBadSignatures[] = {
    {"r = 0", [](auto& s) { s.r.assign(32, 0); }},
    {"s = 0", [](auto& s) { s.s.assign(32, 0); }},
    {"r = n", [](auto& s) { s.r = kOrder; }},
    {"s = n", [](auto& s) { s.s = kOrder; }},
    {"r empty", [](auto& s) { s.r.clear(); }},
    {"r of 33 bytes", [](auto& s) { s.r.insert(s.r.begin(), 0); }},
    {"s of 33 bytes", [](auto& s) { s.s.insert(s.s.begin(), 0); }},
    {"r and s exchanged", [](auto& s) { std::swap(s.r, s.s); }},
    {"SHA-1", [](auto& s) { s.hash = tpmwire::HashAlg::kSha1; }},
    {"SHA-384", [](auto& s) { s.hash = tpmwire::HashAlg::kSha384; }},
    {"RSASSA",
     [](auto& s) {
       s.algorithm = tpmwire::AlgId::kRsaSsa;
       s.rsa = Bytes(256, 0x5A);
     }},
};

Bytes Spoiled(ByteView good, const BadSignature& bad) {
  auto signature = tpmwire::ParseSignature(good).value();
  bad.spoil(signature);
  return tpmwire::MarshalSignature(signature);
}

TEST(BadSignatureTest, NoneServesForACertify) {
  for (const BadSignature& bad : kBadSignatures) {
    SCOPED_TRACE(bad.what);
    AttestationFixture f;
    f.change_evidence = [&](auto& e) { e.certify_signature = Spoiled(e.certify_signature, bad); };
    ExpectRefused(f, {Code::kCertifySignature});
  }
}

TEST(BadSignatureTest, NoneServesForAQuote) {
  for (const BadSignature& bad : kBadSignatures) {
    SCOPED_TRACE(bad.what);
    AttestationFixture f;
    f.change_evidence = [&](auto& e) { e.quote_signature = Spoiled(e.quote_signature, bad); };
    ExpectRefused(f, {Code::kQuoteSignature});
  }
}

TEST(BadSignatureTest, OfASchemeThatDoesNotExistIsRefused) {
  for (const int scheme : {0x0000, 0x0010 /* NULL */, 0x0016 /* RSAPSS */, 0x001A /* ECDAA */,
                           0x001B /* SM2 */, 0x7777}) {
    AttestationFixture f;
    f.change_evidence = [scheme](auto& e) {
      e.quote_signature[0] = static_cast<uint8_t>(scheme >> 8);
      e.quote_signature[1] = static_cast<uint8_t>(scheme);
    };
    ExpectRefused(f, {Code::kQuoteSignature});
  }
}

// --- statements: signed by the AK after the change, so that only the content is wrong ---

// Changes the marshalled quote, and signs it again.
void OnQuoteBytes(AttestationFixture& f, const std::function<void(Bytes&)>& change) {
  f.change_evidence = [&f, change](auto& e) {
    change(e.quote_attest);
    e.quote_signature = test::SignAttest(e.quote_attest, f.ak_key);
  };
}

tpmwire::QuoteInfo& Quote(Attest& attest) { return std::get<tpmwire::QuoteInfo>(attest.body); }

TEST(BadQuoteTest, WithoutNonceIsRefused) {
  AttestationFixture f;
  f.change_quote = [](Attest& a) { a.extra_data.clear(); };
  ExpectRefused(f, {Code::kQuoteNonce});
}

TEST(BadQuoteTest, WithOneBitOfTheNonceOffIsRefused) {
  for (size_t bit = 0; bit < 256; bit += 37) {
    AttestationFixture f;
    f.change_quote = [bit](Attest& a) {
      a.extra_data[bit / 8] = static_cast<uint8_t>(a.extra_data[bit / 8] ^ 1 << bit % 8);
    };
    ExpectRefused(f, {Code::kQuoteNonce});
  }
}

TEST(BadQuoteTest, With17BanksIsRefused) {
  AttestationFixture f;
  f.change_quote = [](Attest& a) { Quote(a).selections.assign(17, Quote(a).selections[0]); };
  ExpectRefused(f, {Code::kQuoteMalformed});
}

TEST(BadQuoteTest, WithMasksOfOneOrFourBytesIsRefused) {
  // From the end: digest of 32 with its size, mask of 3, its size.
  constexpr size_t kBack = 34 + 3 + 1;
  for (const uint8_t size : {uint8_t{0}, uint8_t{1}, uint8_t{4}}) {
    AttestationFixture f;
    OnQuoteBytes(f, [size](Bytes& quote) {
      const auto at = quote.end() - kBack;
      ASSERT_EQ(*at, 3);
      *at = size;
      if (size < 3) quote.erase(at + 1 + size, at + 4);
      if (size > 3) quote.insert(at + 4, 0);
    });
    ExpectRefused(f, {Code::kQuoteMalformed});
  }
}

TEST(BadQuoteTest, OverOtherPcrsOfTheSameNumberIsRefused) {
  AttestationFixture f;
  f.change_quote = [](Attest& a) {
    auto& mask = Quote(a).selections[1].mask;
    mask[0] ^= 1;     // not PCR 0
    mask[2] ^= 0x80;  // but PCR 23, which anybody resets
  };
  ExpectRefused(f, {Code::kQuoteSelection});
}

TEST(BadQuoteTest, WithAMaskOfZerosForTheLiveBankIsRefused) {
  AttestationFixture f;
  f.change_quote = [](Attest& a) { Quote(a).selections[1].mask.fill(0); };
  ExpectRefused(f, {Code::kQuoteNoSha256});
}

TEST(BadQuoteTest, BanksInAnotherOrderAreRefused) {
  AttestationFixture f;
  f.change_quote = [](Attest& a) { std::swap(Quote(a).selections[0], Quote(a).selections[1]); };
  ExpectRefused(f, {Code::kQuoteSelection});
}

// The digest of the right values, concatenated from the last PCR to the first.
TEST(BadQuoteTest, DigestOfValuesInAWrongOrderIsRefused) {
  AttestationFixture f;
  Bytes backwards;
  for (auto value = f.pcr_values.rbegin(); value != f.pcr_values.rend(); ++value) {
    backwards.insert(backwards.end(), value->value.begin(), value->value.end());
  }
  const Bytes digest = tpmwire::Hash(tpmwire::HashAlg::kSha256, {backwards});
  f.change_quote = [&](Attest& a) { Quote(a).pcr_digest = digest; };
  ExpectRefused(f, {Code::kPcrDigest});
}

TEST(BadQuoteTest, MagicOfAnyOtherBitIsRefused) {
  for (uint32_t bit = 0; bit < kBits; ++bit) {
    AttestationFixture f;
    f.change_quote = [bit](Attest& a) { a.header.magic ^= 1u << bit; };
    ExpectRefused(f, {Code::kQuoteMagic});
  }
}

TEST(BadQuoteTest, OfATypeThatIsNeitherIsRefused) {
  for (const int type : {0x8014 /* NV */, 0x8016 /* session audit */, 0x8019 /* time */, 0x801A,
                         0x801C /* NV digest */, 0xFFFF}) {
    AttestationFixture f;
    OnQuoteBytes(f, [type](Bytes& quote) {
      quote[4] = static_cast<uint8_t>(type >> 8);
      quote[5] = static_cast<uint8_t>(type);
    });
    ExpectRefused(f, {Code::kQuoteType});
  }
}

TEST(BadQuoteTest, SignedByAnotherGenuineAkIsRefused) {
  AttestationFixture other;
  AttestationFixture f;
  f.change_evidence = [&](auto& e) {
    e.quote_signature = test::SignAttest(e.quote_attest, other.ak_key);
  };
  ExpectRefused(f, {Code::kQuoteSignature});
}

TEST(BadQuoteTest, ResetCountBelowTheLastSeenIsRefusedAndTheSameIsNot) {
  AttestationFixture f;
  f.context.record.last_reset_count = 3;
  EXPECT_TRUE(f.Verify().accepted());
  f.change_quote = [](Attest& a) { a.clock.reset_count = 2; };
  f.change_certify = f.change_quote;
  ExpectRefused(f, {Code::kQuoteResetMismatch});
}

TEST(BadQuoteTest, ResumeBetweenCertifyAndQuoteIsRefused) {
  AttestationFixture f;
  f.change_quote = [](Attest& a) { ++a.clock.restart_count; };
  ExpectRefused(f, {Code::kQuoteResetMismatch});
}

// What the TPM's clock shows is no time of day: whatever a machine believes, 1970 or 2099.
TEST(BadQuoteTest, TheClocksOwnTimeDoesNotCount) {
  for (const uint64_t clock : {uint64_t{0}, uint64_t{4'099'680'000'000}, UINT64_MAX}) {
    AttestationFixture f;
    f.change_quote = [clock](Attest& a) { a.clock.clock = clock; };
    f.change_certify = f.change_quote;
    EXPECT_TRUE(f.Verify().accepted());
  }
}

// Statement bytes with a size that promises more than follows.
TEST(BadQuoteTest, SizeBeyondTheStatementIsRefused) {
  AttestationFixture f;
  OnQuoteBytes(f, [](Bytes& quote) { quote[6] = 0xFF; });  // qualifiedSigner.size
  ExpectRefused(f, {Code::kQuoteMalformed});
}

TEST(BadCertifyTest, NameOfSha1IsRefused) {
  AttestationFixture f;
  f.change_certify = [](Attest& a) {
    Bytes& name = std::get<tpmwire::CertifyInfo>(a.body).name;
    name.resize(22);
    name[1] = 0x04;
  };
  ExpectRefused(f, {Code::kCertifyName, Code::kCertifyMalformed});
}

}  // namespace
}  // namespace preseal::server
