// SPDX-License-Identifier: Apache-2.0
#include "server/domain/trust/trust_document.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/crypto/crl.h"
#include "common/crypto/issue.h"
#include "common/crypto/jws.h"
#include "server/domain/trust/trust_file.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using crypto::Certificate;
using crypto::PrivateKey;
using test::StatusIs;

const WallTime kNow = FromMicros(1'795'305'600'000'000);
constexpr auto kDay = 24h;

struct Ca {
  explicit Ca(const std::string& name)
      : key(PrivateKey::GenerateP256().value()),
        certificate(crypto::IssueCa("Works", name, {kNow - kDay, kNow + 100 * kDay}, key).value()) {
  }
  crypto::RevocationList List(uint64_t number, WallTime from) const {
    const crypto::CrlSpec spec{number, from, from + kDay, {{"1f", from}}};
    return crypto::RevocationList::FromDer(crypto::IssueCrl(spec, {certificate, key}).value())
        .value();
  }
  PrivateKey key;
  Certificate certificate;
};

TrustDocument FullDocument() {
  TrustDocument document;
  document.version = 7;
  document.allowed_vendors = {"Infineon", "STM"};
  document.eku_optional = {"AMD"};
  const Ca infineon("Infineon Root");
  MergeAnchor({infineon.certificate, AnchorRole::kRoot, "Infineon", "chips of 2015"}, &document);
  MergeAnchor({Ca("Nuvoton Root").certificate, AnchorRole::kRoot, "Nuvoton", ""}, &document);
  MergeAnchor({Ca("STM 1").certificate, AnchorRole::kIntermediate, "STM", ""}, &document);
  MergeAnchor({Ca("Virtual").certificate, AnchorRole::kLab, "", ""}, &document);
  MergeRevocations(infineon.List(1, kNow), &document);
  return document;
}

TEST(TrustTextTest, EverythingComesBack) {
  const std::string text = TrustText(FullDocument());
  const auto back = ParseTrustText(text);
  ASSERT_TRUE(back.ok()) << ToString(back.status());
  EXPECT_EQ(TrustText(*back), text);
  EXPECT_EQ(back->version, 7u);
  EXPECT_EQ(back->anchors.size(), 4u);
  EXPECT_EQ(back->revocations.size(), 1u);
}

TEST(TrustTextTest, AnyOtherSpellingIsRefused) {
  const std::string text = TrustText(FullDocument());
  EXPECT_FALSE(ParseTrustText(text + " ").ok());
  EXPECT_FALSE(ParseTrustText("{\"extra\":1," + text.substr(1)).ok());
  EXPECT_FALSE(ParseTrustText(text.substr(0, text.size() - 1)).ok());
  EXPECT_FALSE(ParseTrustText("").ok());
  EXPECT_FALSE(ParseTrustText(R"({"version":"0"})").ok());
  EXPECT_THAT(ParseTrustText(std::string(kTrustBundleBytesMax + 1, ' ')),
              StatusIs(StatusCode::kResourceExhausted));
}

TEST(TrustBundleTest, LeavesOutVendorsThatAreNotAllowedButNoLabRoot) {
  const TrustBundle bundle = ToBundle(FullDocument());
  ASSERT_EQ(bundle.roots.size(), 1u);
  EXPECT_EQ(bundle.roots[0].common_name(), "Infineon Root");
  EXPECT_EQ(bundle.intermediates.size(), 1u);
  EXPECT_EQ(bundle.lab_roots.size(), 1u);
  EXPECT_TRUE(bundle.AllowsSha1Below(bundle.roots[0]));
  EXPECT_EQ(bundle.VendorOf({bundle.roots[0]}), "Infineon");
  EXPECT_TRUE(bundle.MayLackEku("AMD"));
  EXPECT_EQ(bundle.version, 7u);
}

TEST(MergeTest, AnAnchorIsKeptOnceAndWhatWasSaidStays) {
  TrustDocument document;
  const Ca ca("Root");
  EXPECT_EQ(MergeAnchor({ca.certificate, AnchorRole::kRoot, "STM", "old"}, &document),
            Merge::kAdded);
  EXPECT_EQ(MergeAnchor({ca.certificate, AnchorRole::kRoot, "", ""}, &document), Merge::kUnchanged);
  EXPECT_EQ(document.anchors[0].vendor, "STM");
  EXPECT_EQ(MergeAnchor({ca.certificate, AnchorRole::kRoot, "Other", ""}, &document),
            Merge::kChanged);
  EXPECT_EQ(document.anchors.size(), 1u);
}

TEST(MergeTest, ALaterListTakesTheOlderOnesPlaceAndNotTheReverse) {
  TrustDocument document;
  const Ca ca("Root");
  const auto newer = ca.List(2, kNow);
  EXPECT_EQ(MergeRevocations(ca.List(1, kNow - kDay), &document), Merge::kAdded);
  EXPECT_EQ(MergeRevocations(newer, &document), Merge::kChanged);
  EXPECT_EQ(MergeRevocations(ca.List(1, kNow - kDay), &document), Merge::kUnchanged);
  ASSERT_EQ(document.revocations.size(), 1u);
  EXPECT_EQ(document.revocations[0].fingerprint(), newer.fingerprint());
  EXPECT_EQ(MergeRevocations(Ca("Other").List(1, kNow), &document), Merge::kAdded);
}

TEST(ExamineTest, TakesAuthoritiesOnly) {
  const Ca ca("Root");
  EXPECT_EQ(Examine(ca.certificate, AnchorRole::kRoot, kNow).refusal, "");
  const auto key = PrivateKey::GenerateP256().value();
  const auto leaf = crypto::IssueStation("bench-1", {kNow, kNow + kDay}, key.public_key(),
                                         {ca.certificate, ca.key})
                        .value();
  EXPECT_EQ(Examine(leaf, AnchorRole::kIntermediate, kNow).refusal, "not a certificate authority");
  EXPECT_THAT(Examine(ca.certificate, AnchorRole::kRoot, kNow + 200 * kDay).findings,
              testing::ElementsAre(testing::StartsWith("expired 20")));
}

// --- the signed file ---

class TrustFileTest : public testing::Test {
 protected:
  TrustFileTest()
      : signer_key_(PrivateKey::GenerateP256().value()),
        signer_(crypto::IssueSealSigner("Works", "Signer", {kNow - kDay, kNow + kDay},
                                        signer_key_.public_key(), {seal_.certificate, seal_.key})
                    .value()) {}

  std::string File(const char* type = kTrustStatementType) const {
    const std::string& text = text_;
    return JoinTrustFile(
        crypto::SignCompact(type, TrustStatement(7, text), signer_key_, {signer_}).value(), text);
  }
  RefusalCode CodeOf(const std::string& file, uint64_t above = 6) const {
    return OpenTrustFile(file, {seal_.certificate}, kNow, above).value().code;
  }

  const Ca seal_{"Seal CA"};
  const std::string text_ = TrustText(FullDocument());
  const PrivateKey signer_key_;
  const Certificate signer_;
};

TEST_F(TrustFileTest, IsTakenAsItWasSigned) {
  const auto verdict = OpenTrustFile(File(), {seal_.certificate}, kNow, 6).value();
  ASSERT_TRUE(verdict.taken()) << verdict.detail;
  EXPECT_EQ(TrustText(*verdict.document), text_);
}

TEST_F(TrustFileTest, OfAVersionInForceOrOlderIsARollback) {
  EXPECT_EQ(CodeOf(File(), 7), RefusalCode::kBundleRollback);
  EXPECT_EQ(CodeOf(File(), 8), RefusalCode::kBundleRollback);
}

TEST_F(TrustFileTest, WithAnotherTextIsNotTheSignedOne) {
  std::string file = File();
  file.replace(file.find("chips of 2015"), 13, "chips of 2016");
  EXPECT_EQ(CodeOf(file), RefusalCode::kBundleSignature);
}

TEST_F(TrustFileTest, OfAnotherFloorIsNotSignedForUs) {
  const Ca other("Seal CA");
  EXPECT_EQ(OpenTrustFile(File(), {other.certificate}, kNow, 0).value().code,
            RefusalCode::kBundleSignature);
}

TEST_F(TrustFileTest, SignedAsABirthCertificateIsNoBundle) {
  EXPECT_EQ(CodeOf(File(crypto::kBirthCertificateType)), RefusalCode::kBundleSignature);
}

TEST_F(TrustFileTest, ThatIsJunkIsMalformed) {
  for (const std::string& junk : {std::string(), std::string("a\nb\n"), std::string("{}"),
                                  std::string(1000, '\n'), File().substr(1)}) {
    EXPECT_NE(CodeOf(junk), RefusalCode::kNone);
  }
  EXPECT_EQ(CodeOf("not a bundle\n{}\n"), RefusalCode::kBundleMalformed);
}

}  // namespace
}  // namespace preseal::server
