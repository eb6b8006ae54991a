// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/certificate.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/limits.h"
#include "common/crypto/chain.h"
#include "common/crypto/oids.h"
#include "common/crypto/openssl_handles.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using preseal::test::StatusIs;
using test::Days;
using test::GoodDevice;
using test::kDay;
using test::kNow;
using test::TestCa;
using test::ValueOrDie;
using testing::ElementsAre;
using testing::IsEmpty;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Real certificates of TPM vendors, kept beside the checkout; null path if there are none.
std::filesystem::path VendorData() {
  const char* given = std::getenv("PRESEAL_SHARED");
  const std::filesystem::path shared =
      given != nullptr ? given : std::filesystem::path(PRESEAL_SOURCE_DIR) / "../shared";
  const auto data = shared / "testdata";
  return std::filesystem::is_directory(data) ? data : std::filesystem::path();
}

class CertificateTest : public testing::Test {
 protected:
  TestCa ca_;
  PrivateKey key_ = ValueOrDie(PrivateKey::GenerateP256());
  Certificate server_ = ValueOrDie(
      IssueServer({{"preseal.example", "localhost"}, {"10.0.0.7", "fe80::1", "::1", "2001:db8::"}},
                  Days(-1, 30), key_.public_key(), ca_.ref()));
};

TEST_F(CertificateTest, ReadsEveryFieldOfAServerCertificate) {
  EXPECT_EQ(server_.subject(), "CN=preseal.example");
  EXPECT_EQ(server_.issuer(), "CN=Test CA,O=Example Works");
  EXPECT_EQ(server_.issuer_der(), ca_.certificate.subject_der());
  EXPECT_EQ(server_.common_name(), "preseal.example");
  EXPECT_EQ(server_.serial_hex().size(), 32u);
  EXPECT_EQ(server_.not_before(), kNow - kDay);
  EXPECT_EQ(server_.not_after(), kNow + 30 * kDay);
  EXPECT_THAT(server_.dns_names(), ElementsAre("preseal.example", "localhost"));
  EXPECT_THAT(server_.ip_addresses(), ElementsAre("10.0.0.7", "fe80::1", "::1", "2001:db8::"));
  EXPECT_THAT(server_.uris(), IsEmpty());
  EXPECT_FALSE(server_.is_ca());
  EXPECT_EQ(server_.key_usage(), kDigitalSignature);
  EXPECT_THAT(server_.extended_key_usages(), ElementsAre(kOidServerAuth));
  EXPECT_EQ(server_.spki_sha256(), key_.public_key().SpkiSha256());
  EXPECT_TRUE(ValueOrDie(server_.public_key()).Equals(key_.public_key()));
  EXPECT_EQ(server_.fingerprint(), Sha256(server_.der()));
  const Extension* constraints = server_.FindExtension("2.5.29.19");
  ASSERT_NE(constraints, nullptr);
  EXPECT_TRUE(constraints->critical);
  EXPECT_EQ(ToHex(constraints->value), "3000");
  EXPECT_EQ(server_.FindExtension("1.2.3"), nullptr);
}

TEST_F(CertificateTest, ReadsACa) {
  EXPECT_TRUE(ca_.certificate.is_ca());
  EXPECT_EQ(ca_.certificate.path_length_max(), 0);
  EXPECT_EQ(ca_.certificate.key_usage(), kKeyCertSign | kCrlSign);
}

TEST_F(CertificateTest, SurvivesDerAndPem) {
  EXPECT_EQ(ValueOrDie(Certificate::FromDer(server_.der())), server_);
  EXPECT_EQ(ValueOrDie(Certificate::FromPem(server_.ToPem())), server_);
  const std::string bundle = "server:\n" + ToPemBundle({server_, ca_.certificate}) + "end\n";
  EXPECT_THAT(ValueOrDie(ParsePemBundle(bundle)), ElementsAre(server_, ca_.certificate));
}

TEST_F(CertificateTest, RefusesBytesAfterTheDer) {
  Bytes der = server_.der();
  der.push_back(0);
  EXPECT_THAT(Certificate::FromDer(der), StatusIs(StatusCode::kInvalidArgument, "follow"));
}

TEST_F(CertificateTest, RefusesEveryTruncation) {
  for (size_t length = 0; length < server_.der().size(); ++length) {
    EXPECT_THAT(Certificate::FromDer(ByteView(server_.der()).first(length)),
                StatusIs(StatusCode::kInvalidArgument));
  }
}

TEST_F(CertificateTest, RefusesAnOversizedOne) {
  EXPECT_THAT(Certificate::FromDer(Bytes(kCertificateBytesMax + 1)),
              StatusIs(StatusCode::kInvalidArgument, "large"));
}

TEST_F(CertificateTest, RefusesTwoWhereOneBelongs) {
  EXPECT_THAT(Certificate::FromPem(ToPemBundle({server_, server_})),
              StatusIs(StatusCode::kInvalidArgument, "2 certificates"));
}

TEST_F(CertificateTest, RefusesBundleWithAKeyInIt) {
  const Secret key = ValueOrDie(key_.ToPem());
  EXPECT_THAT(ParsePemBundle(server_.ToPem() + std::string(AsText(key.Reveal()))),
              StatusIs(StatusCode::kInvalidArgument, "PEM block 2"));
}

TEST_F(CertificateTest, RefusesBundleWhoseSecondBlockIsCut) {
  const std::string pem = ca_.certificate.ToPem();
  EXPECT_THAT(ParsePemBundle(server_.ToPem() + pem.substr(0, pem.size() - 40)),
              StatusIs(StatusCode::kInvalidArgument, "PEM block 2"));
}

TEST_F(CertificateTest, RefusesBundleWithoutAnyCertificate) {
  EXPECT_THAT(ParsePemBundle("none here"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ParsePemBundle(""), StatusIs(StatusCode::kInvalidArgument));
}

// `original` with the first `from` replaced by `to`, of the same length.
Bytes Patched(const Certificate& original, ByteView from, ByteView to) {
  Bytes der = original.der();
  const auto at = std::search(der.begin(), der.end(), from.begin(), from.end());
  EXPECT_NE(at, der.end());
  std::copy(to.begin(), to.end(), at);
  return der;
}

TEST_F(CertificateTest, RefusesMalformedExtensionInsteadOfReadingItAsAbsent) {
  // keyUsage's BIT STRING becomes an INTEGER.
  const Bytes der = Patched(server_, Bytes{0x04, 0x04, 0x03, 0x02, 0x07, 0x80},
                            Bytes{0x04, 0x04, 0x02, 0x02, 0x07, 0x80});
  EXPECT_THAT(Certificate::FromDer(der), StatusIs(StatusCode::kInvalidArgument, "keyUsage"));
}

TEST_F(CertificateTest, RefusesNulInAlternativeName) {
  const Bytes der =
      Patched(server_, AsBytes("localhost"), AsBytes(std::string_view("local\0ost", 9)));
  EXPECT_THAT(Certificate::FromDer(der), StatusIs(StatusCode::kInvalidArgument, "unprintable"));
}

TEST_F(CertificateTest, RefusesNulInCommonName) {
  const Bytes der = Patched(server_, AsBytes("preseal.example"),
                            AsBytes(std::string_view("preseal\0example", 15)));
  EXPECT_THAT(Certificate::FromDer(der), StatusIs(StatusCode::kInvalidArgument, "NUL"));
}

TEST_F(CertificateTest, KnowsItsIssuer) { EXPECT_TRUE(server_.IsSignedBy(ca_.certificate)); }

TEST_F(CertificateTest, RefusesIssuerOfTheSameNameWithAnotherKey) {
  EXPECT_FALSE(server_.IsSignedBy(TestCa().certificate));
}

TEST_F(CertificateTest, RefusesIssuerOfTheSameKeyWithAnotherName) {
  const Certificate renamed =
      ValueOrDie(IssueCa("Example Works", "Other CA", Days(-10, 3650), ca_.key));
  EXPECT_FALSE(server_.IsSignedBy(renamed));
}

TEST_F(CertificateTest, RefusesIssuerAfterABitOfTheSignatureFlipped) {
  Bytes der = server_.der();
  der.back() ^= 1;
  EXPECT_FALSE(ValueOrDie(Certificate::FromDer(der)).IsSignedBy(ca_.certificate));
}

TEST_F(CertificateTest, NoEndSaturates) {
  // 99991231235959Z as in EK certificates, where this one says 2026-12-22.
  const openssl::X509Owner x509(X509_dup(server_.handle()));
  ASSERT_EQ(ASN1_TIME_set_string(X509_getm_notAfter(x509.get()), "99991231235959Z"), 1);
  ASSERT_GT(X509_sign(x509.get(), ca_.key.handle(), EVP_sha256()), 0);
  const auto forever = ValueOrDie(Certificate::FromDer(openssl::EncodeDer(x509.get(), i2d_X509)));
  EXPECT_GT(forever.not_after(), kNow + 80'000 * kDay);
}

TEST(VendorCertificateTest, AllVendorCasParse) {
  const auto data = VendorData();
  if (data.empty()) GTEST_SKIP() << "NO VENDOR CERTIFICATES BESIDE THE CHECKOUT: nothing tried";
  const auto roots = ValueOrDie(ParsePemBundle(ReadFile(data / "vendor-ca/tpm-roots.pem")));
  EXPECT_EQ(roots.size(), 26u);
  // Two of STMicroelectronics' and one of AMD's are published only as signed by somebody else.
  EXPECT_EQ(std::count_if(roots.begin(), roots.end(),
                          [](const Certificate& root) { return root.IsSignedBy(root); }),
            23);
  const auto intermediates =
      ValueOrDie(ParsePemBundle(ReadFile(data / "vendor-ca/tpm-intermediates.pem")));
  EXPECT_EQ(intermediates.size(), 143u);
}

TEST(VendorCertificateTest, EkCertificatesParseWithTheirOddities) {
  const auto data = VendorData();
  if (data.empty()) GTEST_SKIP() << "NO VENDOR CERTIFICATES BESIDE THE CHECKOUT: nothing tried";
  EXPECT_OK(Certificate::FromDer(
      AsBytes(ReadFile(data / "ekcerts/nuvoton_npct75x_rsa_multivalued_rdn.der"))));
  EXPECT_OK(Certificate::FromDer(AsBytes(ReadFile(data / "ekcerts/hpe_test_idevid_rsapss.der"))));
  const auto gce = Certificate::FromPem(ReadFile(data / "ekcerts/gce_pca_tpm_rsa_enc_cert.pem"));
  ASSERT_OK(gce);
  EXPECT_OK(gce->public_key());
  EXPECT_FALSE(gce->is_ca());
}

TEST(VendorCertificateTest, GoogleEkCertificateChainsToItsRoot) {
  const auto data = VendorData();
  if (data.empty()) GTEST_SKIP() << "NO VENDOR CERTIFICATES BESIDE THE CHECKOUT: nothing tried";
  const auto ca = [&](const char* name) {
    return ValueOrDie(Certificate::FromDer(AsBytes(ReadFile(data / "vendor-ca" / name))));
  };
  const auto ek =
      ValueOrDie(Certificate::FromPem(ReadFile(data / "ekcerts/gce_pca_tpm_rsa_enc_cert.pem")));
  const auto verdict = ValueOrDie(VerifyChain(
      ek, {ca("google_gcp_ek_ak_ca_intermediate_v3.crt")},
      {ca("google_tpm_ek_root_1.cer"), ca("google_gcp_ek_ak_ca_root.crt")}, {.at = kNow}));
  EXPECT_EQ(verdict.outcome, ChainOutcome::kTrusted) << verdict.detail;
}

}  // namespace
}  // namespace preseal::crypto
