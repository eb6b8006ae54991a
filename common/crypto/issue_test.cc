// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/issue.h"

#include <algorithm>

#include "common/base/limits.h"
#include "common/crypto/chain.h"
#include "common/crypto/oids.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using preseal::test::StatusIs;
using test::Days;
using test::GoodDevice;
using test::kNow;
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
  spec.trust_models = {TrustModel::kEkPub, TrustModel::kToken, TrustModel::kEkPub};
  EXPECT_THAT(ValueOrDie(Device(spec)).policies(),
              ElementsAre(kOidTcgVerifiedTpmFixed, kOidTrustEkPub, kOidTrustToken));
}

TEST_F(IssueTest, SerialBeyondX520StaysOutOfTheSubjectButInTheModuleName) {
  DeviceSpec spec = GoodDevice();
  spec.serial = "S_" + std::string(126, 'x');
  const Certificate device = ValueOrDie(Device(spec));
  EXPECT_EQ(device.subject(), "CN=D-1042");
  EXPECT_NE(AsText(device.FindExtension("2.5.29.17")->value).find(spec.serial), std::string::npos);
}

TEST_F(IssueTest, QuarantinedDeviceIsMarkedInPolicies) {
  DeviceSpec spec = GoodDevice();
  spec.quarantine = true;
  EXPECT_THAT(ValueOrDie(Device(spec)).policies(),
              ElementsAre(kOidTcgVerifiedTpmFixed, kOidTrustEkCert, kOidQuarantine));
}

TEST_F(IssueTest, TpmsOwnSerialTakesTheModuleName) {
  DeviceSpec spec = GoodDevice();
  spec.hardware_serial = TpmHardwareSerial("id:53544D20", ca_.certificate);
  const Certificate device = ValueOrDie(Device(spec));
  const std::string_view names = AsText(device.FindExtension("2.5.29.17")->value);
  EXPECT_THAT(names, HasSubstr("id:53544D20:"));
  EXPECT_THAT(names, HasSubstr(":" + ca_.certificate.serial_hex()));
  EXPECT_EQ(names.find(spec.serial), std::string::npos);
  EXPECT_THAT(device.subject(), HasSubstr(spec.serial));
}

TEST_F(IssueTest, KeyWithoutCertificateIsNamedByOurOwnAssigner) {
  DeviceSpec spec = GoodDevice();
  const Certificate certified = ValueOrDie(Device(spec));
  spec.has_ek_certificate = false;
  const Certificate key_only = ValueOrDie(Device(spec));
  // 2.23.133.12.1 as DER.
  const std::string tcg = "\x06\x05\x67\x81\x05\x0C\x01";
  EXPECT_THAT(AsText(certified.FindExtension("2.5.29.17")->value), HasSubstr(tcg));
  EXPECT_EQ(AsText(key_only.FindExtension("2.5.29.17")->value).find(tcg), std::string::npos);
}

TEST_F(IssueTest, RefusesCrlAddressThatIsNoUrl) {
  for (const std::string& url : {std::string("ftp://a/b"), std::string("http://a b"),
                                 "https://a/" + std::string(kUrlBytesMax, 'x')}) {
    DeviceSpec spec = GoodDevice();
    spec.crl_url = url;
    EXPECT_THAT(Device(spec), StatusIs(StatusCode::kInvalidArgument, "CRL")) << url;
  }
}

TEST_F(IssueTest, RefusesOversizedTpmSerial) {
  DeviceSpec spec = GoodDevice();
  spec.hardware_serial = std::string(kHardwareSerialBytesMax + 1, 'x');
  EXPECT_THAT(Device(spec), StatusIs(StatusCode::kInvalidArgument, "TPM serial"));
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

TEST_F(IssueTest, WhoTrustsTheOldKeyFollowsTheLinkToTheNewOne) {
  const PrivateKey new_key = ValueOrDie(PrivateKey::GenerateP256());
  const Certificate successor =
      ValueOrDie(IssueSuccessorCa(ca_.certificate, Days(-1, 7000), new_key));
  const Certificate link = ValueOrDie(IssueCaLink(successor, ca_.ref()));
  const auto leaf = ValueOrDie(
      IssueServer({{"preseal.example"}, {}}, Days(0, 9), key_.public_key(), {successor, new_key}));
  const auto judge = [&](const std::vector<Certificate>& links, const Certificate& root) {
    return ValueOrDie(VerifyChain(leaf, links, {root}, {.at = kNow, .purpose_oid = kOidServerAuth}))
        .outcome;
  };
  EXPECT_EQ(judge({link}, ca_.certificate), ChainOutcome::kTrusted);
  EXPECT_EQ(judge({}, successor), ChainOutcome::kTrusted);
  EXPECT_NE(judge({}, ca_.certificate), ChainOutcome::kTrusted);
  EXPECT_EQ(link.not_after(), ca_.certificate.not_after());
  EXPECT_THAT(IssueCaLink(TestCa("Other").certificate, ca_.ref()),
              StatusIs(StatusCode::kInvalidArgument, "name"));
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

}  // namespace
}  // namespace preseal::crypto
