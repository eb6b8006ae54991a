// SPDX-License-Identifier: Apache-2.0
// The EK certificate and chain checks on real certificates (shared/testdata/ekcerts).
#include <gtest/gtest.h>

#include "server/domain/attestation/attestation_checks.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testdata.h"

namespace preseal::server {
namespace {

std::vector<crypto::Certificate> Bundle(const std::string& name) {
  const Bytes pem = test::ReadTestdata("vendor-ca/" + name);
  return crypto::ParsePemBundle(AsText(pem)).value();
}

class EkSamplesTest : public testing::Test {
 protected:
  void SetUp() override {
    PRESEAL_SKIP_WITHOUT_TESTDATA();
    trust_.roots = Bundle("tpm-roots.pem");
    trust_.intermediates = Bundle("tpm-intermediates.pem");
    context_.policy = &policy_;
    context_.trust = &trust_;
    context_.now = WallTime(std::chrono::hours(490'000));  // in 2025
  }

  static Bytes Nv(const std::string& name) { return test::ReadTestdata("ekcerts/" + name); }
  static Bytes DerOfPem(const std::string& name) {
    return crypto::Certificate::FromPem(AsText(Nv(name))).value().der();
  }

  // The whole column; it ends at 401 at the latest, as there is no key to go with the certificate.
  AttestationVerdict Judge(Bytes nv) {
    AttestationEvidence evidence;
    evidence.ek_certificate = std::move(nv);
    return VerifyAttestation(evidence, context_);
  }

  AttestationPolicy policy_;
  TrustBundle trust_;
  AttestationContext context_;
};

TEST_F(EkSamplesTest, StmCertificateWithPaddingLeadsToItsRoot) {
  const AttestationVerdict verdict = Judge(Nv("stm_st33_rsa_ff_padding.nv"));
  EXPECT_EQ(verdict.findings.back().number, 401) << verdict.seen;
}

TEST_F(EkSamplesTest, NuvotonCertificateWithUnsortedNamesLeadsToItsRoot) {
  const AttestationVerdict verdict = Judge(Nv("nuvoton_npct75x_rsa_multivalued_rdn.der"));
  EXPECT_EQ(verdict.findings.back().number, 401) << verdict.seen;
}

TEST_F(EkSamplesTest, StmCertificateIsUntrustedWithoutItsRoots) {
  trust_.roots.clear();
  EXPECT_EQ(Judge(Nv("stm_st33_rsa_ff_padding.nv")).code, RefusalCode::kEkChainUntrusted);
}

TEST_F(EkSamplesTest, AChangedByteInASignedNameIsABadSignature) {
  Bytes nv = Nv("stm_st33_rsa_ff_padding.nv");
  const std::string model = "ST33HTPHAHB4";
  const auto at = std::search(nv.begin(), nv.end(), model.begin(), model.end());
  ASSERT_NE(at, nv.end());
  *at = 'X';
  EXPECT_EQ(Judge(nv).code, RefusalCode::kEkChainBadSignature);
}

TEST_F(EkSamplesTest, Tpm12CertificatesAreRefusedAsSuch) {
  EXPECT_EQ(Judge(Nv("hirs_nuc1_ek_tcg_header_tpm12.nv")).code, RefusalCode::kEkNotTpm20);
  EXPECT_EQ(Judge(DerOfPem("hirs_ab21ccf2_tpm12.pem")).code, RefusalCode::kEkNotTpm20);
}

TEST_F(EkSamplesTest, ForgedAuthorityIsNoEkCertificate) {
  EXPECT_EQ(Judge(DerOfPem("hirs_fake_stm_intermediate.pem")).code, RefusalCode::kEkIsCa);
}

TEST_F(EkSamplesTest, CloudVtpmAndIdevidCertificatesAreForAnotherPurpose) {
  for (const char* name : {"gce_pca_tpm_ecc_enc_cert.pem", "gce_pca_tpm_rsa_enc_cert.pem",
                           "gce_pca_tpm_ecc_sign_cert.pem", "gce_pca_tpm_rsa_sign_cert.pem"}) {
    EXPECT_EQ(Judge(DerOfPem(name)).code, RefusalCode::kEkEku) << name;
  }
  EXPECT_EQ(Judge(Nv("hpe_test_idevid_rsapss.der")).code, RefusalCode::kEkEku);
}

TEST_F(EkSamplesTest, PemInNvIsMalformed) {
  EXPECT_EQ(Judge(Nv("gce_pca_tpm_ecc_enc_cert.pem")).code, RefusalCode::kEkCertMalformed);
}

TEST_F(EkSamplesTest, APlatformCertificateIsNoCertificateOfAKey) {
  EXPECT_EQ(Judge(test::ReadTestdata("platform-certs/Intel_nuc1.cer")).code,
            RefusalCode::kEkCertMalformed);
}

}  // namespace
}  // namespace preseal::server
