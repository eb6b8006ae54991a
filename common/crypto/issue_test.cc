// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/issue.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/crypto/chain.h"
#include "common/crypto/oids.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using preseal::test::StatusIs;
using test::Days;
using test::GoodDevice;
using test::TestCa;
using test::ValueOrDie;
using testing::ElementsAre;
using testing::HasSubstr;

class IssueTest : public testing::Test {
 protected:
  StatusOr<Certificate> Device(const DeviceSpec& spec) {
    return IssueDevice(spec, Days(-1, 365), key_.public_key(), ca_.ref());
  }

  TestCa ca_;
  PrivateKey key_ = ValueOrDie(PrivateKey::GenerateP256());
};

TEST_F(IssueTest, DeviceCertificateCarriesItsIdentity) {
  const Certificate device = ValueOrDie(Device(GoodDevice()));
  EXPECT_EQ(device.subject(), "CN=D-1042,serialNumber=SN-0042/7");
  EXPECT_THAT(device.uris(), ElementsAre("preseal:device/D-1042"));
  EXPECT_EQ(device.key_usage(), kDigitalSignature);
  EXPECT_TRUE(device.FindExtension("2.5.29.15")->critical);
  EXPECT_THAT(device.extended_key_usages(), ElementsAre(kOidClientAuth));
  EXPECT_THAT(device.policies(), ElementsAre(kOidTcgVerifiedTpmFixed, kOidTrustEkCert));
  const Extension* evidence = device.FindExtension(kOidEvidenceSha256);
  ASSERT_NE(evidence, nullptr);
  EXPECT_FALSE(evidence->critical);
  EXPECT_EQ(ToHex(evidence->value), "0420" + ToHex(GoodDevice().evidence_sha256));
  EXPECT_TRUE(device.IsSignedBy(ca_.certificate));
}

TEST_F(IssueTest, LabDeviceIsMarkedInSubjectAndPolicies) {
  DeviceSpec spec = GoodDevice();
  spec.lab = true;
  const Certificate device = ValueOrDie(Device(spec));
  EXPECT_THAT(device.subject(), HasSubstr("OU=LAB - not for production"));
  EXPECT_THAT(device.policies(),
              ElementsAre(kOidTcgVerifiedTpmFixed, kOidTrustEkCert, kOidTrustLab));
}

TEST_F(IssueTest, TrustModelsCombineWithoutRepeating) {
  DeviceSpec spec = GoodDevice();
  spec.trust_models = {TrustModel::kEkPub, TrustModel::kOperatorVouched, TrustModel::kEkPub};
  EXPECT_THAT(ValueOrDie(Device(spec)).policies(),
              ElementsAre(kOidTcgVerifiedTpmFixed, kOidTrustEkPub, kOidTrustOperator));
}

TEST_F(IssueTest, SerialBeyondX520StaysOutOfTheSubjectButInTheModuleName) {
  DeviceSpec spec = GoodDevice();
  spec.serial = "S_" + std::string(126, 'x');
  const Certificate device = ValueOrDie(Device(spec));
  EXPECT_EQ(device.subject(), "CN=D-1042");
  EXPECT_NE(AsText(device.FindExtension("2.5.29.17")->value).find(spec.serial), std::string::npos);
}

TEST_F(IssueTest, EverySerialNumberIsRandomAndSixteenBytes) {
  const Certificate first = ValueOrDie(Device(GoodDevice()));
  const Certificate second = ValueOrDie(Device(GoodDevice()));
  EXPECT_NE(first.serial_hex(), second.serial_hex());
  EXPECT_EQ(first.serial_hex().size(), 32u);
  EXPECT_LT(first.serial_hex()[0], '8');
}

TEST_F(IssueTest, RefusesDeviceWithoutATrustModel) {
  DeviceSpec spec = GoodDevice();
  spec.trust_models.clear();
  EXPECT_THAT(Device(spec), StatusIs(StatusCode::kInvalidArgument, "trust model"));
}

TEST_F(IssueTest, RefusesUnprintableSerial) {
  DeviceSpec spec = GoodDevice();
  spec.serial = "a\nb";
  EXPECT_THAT(Device(spec), StatusIs(StatusCode::kInvalidArgument, "serial"));
}

TEST_F(IssueTest, RefusesOversizedSerial) {
  DeviceSpec spec = GoodDevice();
  spec.serial = std::string(129, 'x');
  EXPECT_THAT(Device(spec), StatusIs(StatusCode::kInvalidArgument, "serial"));
}

TEST_F(IssueTest, RefusesValidityPastTheIssuers) {
  EXPECT_THAT(IssueStation("bench", Days(0, 3651), key_.public_key(), ca_.ref()),
              StatusIs(StatusCode::kFailedPrecondition, "validity"));
  EXPECT_THAT(IssueStation("bench", Days(-11, 1), key_.public_key(), ca_.ref()),
              StatusIs(StatusCode::kFailedPrecondition, "validity"));
}

TEST_F(IssueTest, RefusesValidityThatEndsBeforeItBegins) {
  EXPECT_THAT(IssueStation("bench", Days(2, 1), key_.public_key(), ca_.ref()),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(IssueTest, RefusesIssuerWithAnotherKey) {
  EXPECT_THAT(IssueStation("bench", Days(0, 1), key_.public_key(), {ca_.certificate, key_}),
              StatusIs(StatusCode::kFailedPrecondition, "key"));
}

TEST_F(IssueTest, RefusesLeafAsIssuer) {
  const auto leaf = ValueOrDie(IssueStation("bench", Days(0, 9), key_.public_key(), ca_.ref()));
  EXPECT_THAT(IssueStation("other", Days(0, 1), key_.public_key(), {leaf, key_}),
              StatusIs(StatusCode::kFailedPrecondition, "not a CA"));
}

TEST_F(IssueTest, RefusesBadServerNames) {
  for (const char* name :
       {"", "a..b", "-a", "a-", "*.example", "a b", "a\nb", "preseal.example."}) {
    EXPECT_THAT(IssueServer({{name}, {}}, Days(0, 1), key_.public_key(), ca_.ref()),
                StatusIs(StatusCode::kInvalidArgument))
        << name;
  }
  for (const char* address : {"", "10.0.0", "10.0.0.256", "fe80::g"}) {
    EXPECT_THAT(IssueServer({{}, {address}}, Days(0, 1), key_.public_key(), ca_.ref()),
                StatusIs(StatusCode::kInvalidArgument))
        << address;
  }
  EXPECT_THAT(IssueServer({}, Days(0, 1), key_.public_key(), ca_.ref()),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(IssueTest, UrisNameExactlyOneStationOrDevice) {
  EXPECT_EQ(StationOfUri(StationUri("bench-3")), "bench-3");
  EXPECT_EQ(DeviceOfUri("preseal:device/D-1042")->text(), "D-1042");
  EXPECT_EQ(StationOfUri("preseal:device/D-1042"), std::nullopt);
  EXPECT_EQ(DeviceOfUri("preseal:station/bench-3"), std::nullopt);
  EXPECT_EQ(DeviceOfUri("preseal:device/D-1042/x"), std::nullopt);
  EXPECT_EQ(StationOfUri("preseal:station/a/b"), std::nullopt);
  EXPECT_EQ(StationOfUri("preseal:station/"), std::nullopt);
}

// The judgement of programs nobody here wrote.
class ForeignToolsTest : public IssueTest {
 protected:
  void SetUp() override {
    char name[] = "/tmp/preseal-issue-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  // Exit status; what the command printed is in `output_`.
  int Run(const std::string& command) {
    const std::string line =
        "cd " + folder_.string() + " && " + command + " >output 2>&1 </dev/null";
    const int status = std::system(line.c_str());
    std::ifstream in(folder_ / "output");
    std::ostringstream text;
    text << in.rdbuf();
    output_ = text.str();
    return status;
  }
  int OpensslVerify(const Certificate& leaf, const std::string& purpose) {
    Write("ca.pem", ca_.certificate.ToPem());
    Write("leaf.pem", leaf.ToPem());
    // 2026-11-22, when the fixture lives.
    return Run("openssl verify -x509_strict -check_ss_sig -attime 1795305600 " + purpose +
               " -CAfile ca.pem leaf.pem");
  }

  std::filesystem::path folder_;
  std::string output_;
};

TEST_F(ForeignToolsTest, OpensslAcceptsEveryKind) {
  const PublicKey key = key_.public_key();
  DeviceSpec lab = GoodDevice();
  lab.lab = true;
  EXPECT_EQ(OpensslVerify(ValueOrDie(Device(GoodDevice())), "-purpose sslclient"), 0) << output_;
  EXPECT_EQ(OpensslVerify(ValueOrDie(Device(lab)), "-purpose sslclient"), 0) << output_;
  EXPECT_EQ(OpensslVerify(ValueOrDie(IssueStation("bench-3", Days(-1, 9), key, ca_.ref())),
                          "-purpose sslclient"),
            0)
      << output_;
  EXPECT_EQ(OpensslVerify(ValueOrDie(IssueServer({{"preseal.example"}, {"127.0.0.1"}}, Days(-1, 9),
                                                 key, ca_.ref())),
                          "-purpose sslserver -verify_hostname preseal.example"),
            0)
      << output_;
  EXPECT_EQ(OpensslVerify(ValueOrDie(IssueSealSigner("Example Works", "Seal signer", Days(-1, 9),
                                                     key, ca_.ref())),
                          ""),
            0)
      << output_;
}

TEST_F(ForeignToolsTest, OpensslRefusesADeviceCertificateAsServer) {
  EXPECT_NE(OpensslVerify(ValueOrDie(Device(GoodDevice())), "-purpose sslserver"), 0);
}

TEST_F(ForeignToolsTest, OpensslShowsTheDevicesNames) {
  Write("leaf.pem", ValueOrDie(Device(GoodDevice())).ToPem());
  ASSERT_EQ(Run("openssl x509 -in leaf.pem -noout -ext subjectAltName,certificatePolicies"), 0);
  EXPECT_THAT(output_, HasSubstr("URI:preseal:device/D-1042"));
  EXPECT_THAT(output_, HasSubstr("othername"));
  EXPECT_THAT(output_, HasSubstr("Policy: 2.23.133.11.1.2"));
}

TEST_F(ForeignToolsTest, GnutlsParsesTheDeviceCertificate) {
  if (Run("certtool --version") != 0) GTEST_SKIP() << "NO certtool (gnutls-bin): nothing tried";
  Write("leaf.pem", ValueOrDie(Device(GoodDevice())).ToPem());
  ASSERT_EQ(Run("certtool --certificate-info --infile leaf.pem"), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("URI: preseal:device/D-1042"));
  EXPECT_THAT(output_, HasSubstr(kOidTrustEkCert));
  EXPECT_THAT(output_, HasSubstr("TLS WWW Client"));
}

}  // namespace
}  // namespace preseal::crypto
