// SPDX-License-Identifier: Apache-2.0
// The judgement of programs nobody here wrote on what issue.h and crl.h make.
#include <gmock/gmock.h>

#include "common/crypto/crl.h"
#include "common/crypto/foreign_tools_fixture.h"
#include "common/crypto/oids.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using test::Days;
using test::GoodDevice;
using test::kDay;
using test::kNow;
using test::ValueOrDie;
using testing::HasSubstr;
using testing::Not;

constexpr char kCrlUrl[] = "https://floor.example:7444/crl/device-1.crl";

class ForeignToolsTest : public testing::Test {
 protected:
  Certificate Device(DeviceSpec spec = GoodDevice()) {
    spec.crl_url = kCrlUrl;
    return ValueOrDie(IssueDevice(spec, Days(-1, 365), key_.public_key(), ca_.ref()));
  }
  DeviceSpec Everything() {
    DeviceSpec spec = GoodDevice();
    spec.trust_models = {TrustModel::kEkPub, TrustModel::kEkCert, TrustModel::kToken};
    spec.hardware_serial = TpmHardwareSerial("id:53544D20", ca_.certificate);
    spec.quarantine = true;
    spec.lab = true;
    return spec;
  }
  void WriteCrl(const std::vector<RevokedSerial>& revoked) {
    const CrlSpec spec{7, kNow - kDay, kNow + kDay, revoked};
    tools_.Write("list.der", AsText(ValueOrDie(IssueCrl(spec, ca_.ref()))));
    ASSERT_EQ(tools_.Run("openssl crl -inform DER -in list.der -out list.pem"), 0);
  }
  void SkipWithoutGnutls() {
    if (!tools_.HasGnutls()) GTEST_SKIP() << "NO certtool (gnutls-bin): nothing tried";
  }

  test::TestCa ca_;
  PrivateKey key_ = ValueOrDie(PrivateKey::GenerateP256());
  test::ForeignTools tools_;
};

TEST_F(ForeignToolsTest, OpensslAcceptsEveryKind) {
  const PublicKey key = key_.public_key();
  const Certificate station = ValueOrDie(IssueStation("bench-3", Days(-1, 9), key, ca_.ref()));
  const Certificate server =
      ValueOrDie(IssueServer({{"preseal.example"}, {"127.0.0.1"}}, Days(-1, 9), key, ca_.ref()));
  const Certificate signer =
      ValueOrDie(IssueSealSigner("Example Works", "Seal signer", Days(-1, 9), key, ca_.ref()));
  const auto accepts = [&](const Certificate& leaf, const char* options) {
    return tools_.OpensslAccepts(leaf, ca_.certificate, options);
  };
  EXPECT_TRUE(accepts(Device(), "-purpose sslclient")) << tools_.output();
  EXPECT_TRUE(accepts(Device(Everything()), "-purpose sslclient")) << tools_.output();
  EXPECT_TRUE(accepts(station, "-purpose sslclient")) << tools_.output();
  EXPECT_TRUE(accepts(server, "-purpose sslserver -verify_hostname preseal.example"))
      << tools_.output();
  EXPECT_TRUE(accepts(signer, "")) << tools_.output();
}

TEST_F(ForeignToolsTest, GnutlsAcceptsTheDeviceCertificateUnderItsOwnCaOnly) {
  SkipWithoutGnutls();
  const WallTime today = SystemClock().Now();
  const Validity validity{today - kDay, today + kDay};
  const test::TestCa ca("Test CA", validity);
  const test::TestCa other("Test CA", validity);
  for (const DeviceSpec& spec : {GoodDevice(), Everything()}) {
    const Certificate leaf = ValueOrDie(IssueDevice(spec, validity, key_.public_key(), ca.ref()));
    EXPECT_TRUE(tools_.GnutlsAccepts(leaf, ca.certificate)) << tools_.output();
    EXPECT_FALSE(tools_.GnutlsAccepts(leaf, other.certificate));
  }
}

TEST_F(ForeignToolsTest, OpensslRefusesADeviceCertificateAsServer) {
  EXPECT_FALSE(tools_.OpensslAccepts(Device(), ca_.certificate, "-purpose sslserver"));
}

TEST_F(ForeignToolsTest, OpensslShowsTheDevicesNames) {
  tools_.Write("leaf.pem", Device(Everything()).ToPem());
  ASSERT_EQ(tools_.Run("openssl x509 -in leaf.pem -noout -text"), 0);
  EXPECT_THAT(tools_.output(), HasSubstr("URI:preseal:device/D-1042"));
  EXPECT_THAT(tools_.output(), HasSubstr("othername"));
  EXPECT_THAT(tools_.output(), HasSubstr("Policy: 2.23.133.11.1.2"));
  EXPECT_THAT(tools_.output(), HasSubstr(std::string("Policy: ") + kOidTrustToken));
  EXPECT_THAT(tools_.output(), HasSubstr(std::string("URI:") + kCrlUrl));
  EXPECT_THAT(tools_.output(), Not(HasSubstr("<parse error>")));
  EXPECT_THAT(tools_.output(), Not(HasSubstr("<INVALID>")));
}

TEST_F(ForeignToolsTest, OpensslFindsBothNamesOfTheModule) {
  tools_.Write("names.der", AsText(Device(Everything()).FindExtension("2.5.29.17")->value));
  ASSERT_EQ(tools_.Run("openssl asn1parse -inform DER -in names.der"), 0) << tools_.output();
  EXPECT_THAT(tools_.output(), HasSubstr("1.3.6.1.5.5.7.8.4"));
  EXPECT_THAT(tools_.output(), HasSubstr("2.23.133.1.2"));
  EXPECT_THAT(tools_.output(), HasSubstr("Permanent Identifier"));
  EXPECT_THAT(tools_.output(), HasSubstr("2.23.133.12.1"));
}

TEST_F(ForeignToolsTest, GnutlsParsesTheDeviceCertificate) {
  SkipWithoutGnutls();
  tools_.Write("leaf.pem", Device(Everything()).ToPem());
  ASSERT_EQ(tools_.Run("certtool --certificate-info --infile leaf.pem"), 0) << tools_.output();
  EXPECT_THAT(tools_.output(), HasSubstr("URI: preseal:device/D-1042"));
  EXPECT_THAT(tools_.output(), HasSubstr(kOidTrustEkCert));
  EXPECT_THAT(tools_.output(), HasSubstr(kOidQuarantine));
  EXPECT_THAT(tools_.output(), HasSubstr("TLS WWW Client"));
  EXPECT_THAT(tools_.output(), HasSubstr(kCrlUrl));
  EXPECT_THAT(tools_.output(), Not(HasSubstr("error")));
}

TEST_F(ForeignToolsTest, OpensslRefusesACertificateOnOurListAndNoOther) {
  const Certificate revoked = Device();
  const Certificate good = Device();
  WriteCrl({{revoked.serial_hex(), kNow - kDay}});
  const char* with_list = "-crl_check -CRLfile list.pem";
  EXPECT_FALSE(tools_.OpensslAccepts(revoked, ca_.certificate, with_list));
  EXPECT_THAT(tools_.output(), HasSubstr("certificate revoked"));
  EXPECT_TRUE(tools_.OpensslAccepts(good, ca_.certificate, with_list)) << tools_.output();
}

TEST_F(ForeignToolsTest, OpensslVerifiesAnEmptyList) {
  WriteCrl({});
  tools_.Write("ca.pem", ca_.certificate.ToPem());
  ASSERT_EQ(tools_.Run("openssl crl -in list.pem -CAfile ca.pem -noout -text"), 0)
      << tools_.output();
  EXPECT_THAT(tools_.output(), HasSubstr("verify OK"));
  EXPECT_THAT(tools_.output(), HasSubstr("No Revoked Certificates"));
}

TEST_F(ForeignToolsTest, GnutlsParsesOurList) {
  SkipWithoutGnutls();
  WriteCrl({{Device().serial_hex(), kNow - kDay}});
  ASSERT_EQ(tools_.Run("certtool --crl-info --infile list.pem"), 0) << tools_.output();
  EXPECT_THAT(tools_.output(), HasSubstr("Revoked certificates (1)"));
  EXPECT_THAT(tools_.output(), HasSubstr("CRL Number"));
}

}  // namespace
}  // namespace preseal::crypto
