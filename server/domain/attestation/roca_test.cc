// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/roca.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>

#include <memory>

#include "common/crypto/certificate.h"
#include "common/crypto/random.h"
#include "common/tpmwire/ek_certificate.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testdata.h"

namespace preseal::server {
namespace {

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
using Bignum = std::unique_ptr<BIGNUM, Free>;

// A 2048-bit number of the faulty form: 65537^exponent modulo M, plus a multiple of M.
Bytes FaultyModulus(BN_ULONG exponent) {
  constexpr BN_ULONG kPrimes[] = {2,   3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,
                                  43,  47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101,
                                  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
  const std::unique_ptr<BN_CTX, Free> context(BN_CTX_new());
  Bignum product(BN_new()), base(BN_new()), power(BN_new()), result(BN_new()), multiple(BN_new());
  BN_one(product.get());
  for (const BN_ULONG prime : kPrimes) BN_mul_word(product.get(), prime);
  BN_set_word(base.get(), 65537);
  BN_set_word(power.get(), exponent);
  BN_mod_exp(result.get(), base.get(), power.get(), product.get(), context.get());
  BN_set_bit(multiple.get(), 2047 - BN_num_bits(product.get()) + 1);
  BN_mul(multiple.get(), multiple.get(), product.get(), context.get());
  BN_add(result.get(), result.get(), multiple.get());
  Bytes bytes(static_cast<size_t>(BN_num_bytes(result.get())));
  BN_bn2bin(result.get(), bytes.data());
  return bytes;
}

TEST(RocaTest, FindsTheFingerprint) {
  EXPECT_TRUE(HasRocaFingerprint(FaultyModulus(123456789)));
  EXPECT_TRUE(HasRocaFingerprint(FaultyModulus(7)));
}

TEST(RocaTest, OneOffTheFingerprintIsSound) {
  Bytes modulus = FaultyModulus(123456789);
  modulus.back() = static_cast<uint8_t>(modulus.back() + 2);
  EXPECT_FALSE(HasRocaFingerprint(modulus));
}

TEST(RocaTest, RandomModuliAreSound) {
  for (int i = 0; i < 200; ++i) {
    Bytes modulus = crypto::RandomBytes(256).value();
    modulus.back() |= 1;
    EXPECT_FALSE(HasRocaFingerprint(modulus));
  }
}

TEST(RocaTest, RealEndorsementKeysAreSound) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  for (const char* file :
       {"ekcerts/stm_st33_rsa_ff_padding.nv", "ekcerts/nuvoton_npct75x_rsa_multivalued_rdn.der"}) {
    const Bytes nv = test::ReadTestdata(file);
    ASSERT_OK_AND_ASSIGN(const auto unwrapped, tpmwire::UnwrapNvCertificate(nv));
    ASSERT_OK_AND_ASSIGN(const auto certificate, crypto::Certificate::FromDer(unwrapped.der));
    ASSERT_OK_AND_ASSIGN(const auto key, certificate.public_key());
    EXPECT_FALSE(HasRocaFingerprint(key.ToRsaParts()->modulus)) << file;
  }
}

}  // namespace
}  // namespace preseal::server
