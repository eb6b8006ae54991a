// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/templates.h"

#include <gtest/gtest.h>

#include "common/tpmwire/hash.h"
#include "common/tpmwire/name.h"

namespace preseal::tpmwire {
namespace {

TEST(TemplatesTest, EkPoliciesAreThePublishedOnes) {
  EXPECT_EQ(ToHex(EkPolicyA()), "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa");
  EXPECT_EQ(ToHex(EkPolicyB(HashAlg::kSha256)),
            "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0");
  EXPECT_EQ(ToHex(EkPolicyB(HashAlg::kSha384)).substr(0, 24), "b26e7d28d11a50bc53d882bc");
}

TEST(TemplatesTest, RsaLowTemplateIsTheTcgBytes) {
  const std::string expected = "0001000b000300b20020" + ToHex(EkPolicyA()) + "0006008000430010" +
                               "0800" + "00000000" + "0100" + std::string(512, '0');
  EXPECT_EQ(ToHex(MarshalPublic(EkTemplateRsa2048Low())), expected);
}

TEST(TemplatesTest, P384HighTemplateIsTheTcgBytes) {
  const std::string expected = "0023000c000300f20030" + ToHex(EkPolicyB(HashAlg::kSha384)) +
                               "0006010000430010" + "0004" + "0010" + "0000" + "0000";
  EXPECT_EQ(ToHex(MarshalPublic(EkTemplateP384High())), expected);
}

TEST(TemplatesTest, AkAndDeviceKeyDifferInRestrictedAlone) {
  const Bytes unique(32, 0x5A);
  const PublicArea ak = AkTemplate(unique);
  PublicArea device = DeviceKeyTemplate(unique);
  EXPECT_EQ(ak.attributes, 0x00050472u);
  EXPECT_EQ(device.attributes, 0x00040472u);
  device.attributes |= kAttributeRestricted;
  EXPECT_EQ(ak, device);
  EXPECT_EQ(ToHex(MarshalPublic(ak)),
            "0023000b00050472000000100018000b00030010"
            "0020" +
                ToHex(unique) + "0000");
}

TEST(TemplatesTest, MatchIgnoresTheUniqueFieldOnly) {
  PublicArea ek = EkTemplateP256Low();
  std::get<EccKey>(ek.key).x.assign(32, 1);
  EXPECT_TRUE(MatchesTemplate(ek, EkTemplateP256Low()));
  EXPECT_FALSE(MatchesTemplate(ek, EkTemplateP256High()));
  ek.attributes ^= kAttributeFixedTpm;
  EXPECT_FALSE(MatchesTemplate(ek, EkTemplateP256Low()));
}

TEST(NameTest, NameAndQualifiedNameFollowPart1) {
  const PublicArea ak = AkTemplate(Bytes(32, 1));
  const Bytes name = NameOf(ak);
  EXPECT_EQ(ToHex(name), "000b" + ToHex(Sha256({MarshalPublic(ak)})));
  const Bytes endorsement = {0x40, 0x00, 0x00, 0x0B};
  EXPECT_EQ(ToHex(QualifiedNameOf(kHierarchyEndorsement, ak)),
            "000b" + ToHex(Sha256({endorsement, name})));
}

}  // namespace
}  // namespace preseal::tpmwire
