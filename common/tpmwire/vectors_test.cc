// SPDX-License-Identifier: Apache-2.0
// Statements and vectors made by other software and real chips (shared/testdata/index.json).
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/crypto/encoding.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/make_credential.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"
#include "common/tpmwire/templates.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testdata.h"

namespace preseal::tpmwire {
namespace {

nlohmann::json Vector(const std::string& name) {
  const Bytes text = test::ReadTestdata("vectors/" + name);
  return nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
}

Bytes Hex(const nlohmann::json& value) { return FromHex(value.get<std::string>()).value(); }

TEST(VectorsTest, MakeCredentialMatchesTpm2ToolsForTheSameSeed) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const nlohmann::json kat = Vector("makecredential_rsa_kat.json");
  const Bytes sized = Hex(kat["ek_public_TPM2B"]);
  ASSERT_OK_AND_ASSIGN(const PublicArea ek, ParsePublic(ByteView(sized).subspan(2)));
  EXPECT_TRUE(MatchesTemplate(ek, EkTemplateRsa2048Low()));
  Bytes random = Hex(kat["seed"]);
  random.resize(64, 0x77);  // the OAEP seed; it changes the encrypted secret only
  ASSERT_OK_AND_ASSIGN(const MadeCredential made,
                       MakeCredential(ek, Hex(kat["ak_name"]), Hex(kat["secret"]), random));
  const std::string expected = kat["expected_prefix_tpm2tools_format"];
  constexpr size_t kToolHeader = 16;  // hex digits of magic and version
  EXPECT_EQ(ToHex(made.credential_blob) + "0100", expected.substr(kToolHeader));
  EXPECT_EQ(made.encrypted_secret.size(), 258u);
}

TEST(VectorsTest, KeylimeQuoteVerifiesAndItsForgeriesDoNot) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const nlohmann::json vector = Vector("quote_keylime_rsa_sha256.json");
  std::string base64 = vector["ak_pem"];
  base64 = base64.substr(27, base64.find("-----END") - 27);  // after the BEGIN line
  base64.erase(std::remove(base64.begin(), base64.end(), '\n'), base64.end());
  ASSERT_OK_AND_ASSIGN(const Bytes der, crypto::Base64Decode(base64));
  ASSERT_OK_AND_ASSIGN(const crypto::PublicKey key, crypto::PublicKey::FromSpkiDer(der));
  Bytes message = Hex(vector["tpms_attest"]);
  ASSERT_OK_AND_ASSIGN(const Signature signature, ParseSignature(Hex(vector["tpmt_signature"])));
  EXPECT_TRUE(VerifySignature(key, message, signature));
  ASSERT_OK_AND_ASSIGN(const Attest quote, ParseAttest(message));
  EXPECT_EQ(MarshalAttest(quote), message);
  EXPECT_EQ(AsText(quote.extra_data), vector["nonce_ascii"].get<std::string>());
  message[5] ^= 1;
  EXPECT_FALSE(VerifySignature(key, message, signature));
}

class WebAuthnCertifyTest : public testing::TestWithParam<const char*> {};

TEST_P(WebAuthnCertifyTest, NameAndStructureOfARealStatementRoundTrip) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const nlohmann::json statement = Vector(GetParam())["attStmt"];
  const Bytes public_bytes = Hex(statement["pubArea"]);
  const Bytes info = Hex(statement["certInfo"]);
  ASSERT_OK_AND_ASSIGN(const PublicArea area, ParsePublic(public_bytes));
  EXPECT_EQ(MarshalPublic(area), public_bytes);
  ASSERT_OK_AND_ASSIGN(const Attest attest, ParseAttest(info));
  EXPECT_EQ(MarshalAttest(attest), info);
  ASSERT_NE(attest.certify(), nullptr);
  EXPECT_EQ(attest.certify()->name, NameOf(area));
}

INSTANTIATE_TEST_SUITE_P(
    RealChips, WebAuthnCertifyTest,
    testing::Values("webauthn_certify_0_verify_attestation_surface_pro_4.json",
                    "webauthn_certify_2_verify_attestation_lenovo_carbon_x1.json",
                    "webauthn_certify_5_should_verify_SHA256_TPM_response.json",
                    "webauthn_certify_7_should_verify_TPM_response_with_non_spec_complia.json"));

TEST(VectorsTest, ReadsASha1SignatureSoThatPolicyCanRefuseIt) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const nlohmann::json vector = Vector("ak_creation_infineon_rsa.json");
  ASSERT_OK_AND_ASSIGN(const Signature signature, ParseSignature(Hex(vector["tpmt_signature"])));
  EXPECT_EQ(signature.hash, HashAlg::kSha1);
}

}  // namespace
}  // namespace preseal::tpmwire
