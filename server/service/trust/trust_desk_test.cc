// SPDX-License-Identifier: Apache-2.0
#include "server/service/trust/trust_desk.h"

#include "common/crypto/crl.h"
#include "common/crypto/issue.h"
#include "common/crypto/jws.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using crypto::Certificate;
using crypto::PrivateKey;
using test::StatusIs;

constexpr auto kDay = 24h;

struct Maker {
  explicit Maker(const std::string& name, WallTime now)
      : key(PrivateKey::GenerateP256().value()),
        certificate(crypto::IssueCa("Works", name, {now - kDay, now + 100 * kDay}, key).value()) {}
  PrivateKey key;
  Certificate certificate;
};

// Signs with a key of its own, as the floor's seal signer would.
class TestSigner final : public TrustSigner {
 public:
  explicit TestSigner(WallTime now)
      : authority_("Seal CA", now),
        key_(PrivateKey::GenerateP256().value()),
        chain_{crypto::IssueSealSigner("Works", "Signer", {now - kDay, now + 50 * kDay},
                                       key_.public_key(), {authority_.certificate, authority_.key})
                   .value()},
        roots_{authority_.certificate} {}
  StatusOr<std::string> SignTrust(std::string_view payload) const override {
    return crypto::SignCompact(kTrustStatementType, payload, key_, chain_);
  }
  std::vector<Certificate> TrustRoots() const override { return roots_; }

 private:
  const Maker authority_;
  const PrivateKey key_;
  const std::vector<Certificate> chain_;
  const std::vector<Certificate> roots_;
};

class TrustDeskTest : public ServiceTest {
 protected:
  TrustBasis Seed() const {
    TrustBasis seed;
    seed.trust.roots = {seeded_.certificate};
    return seed;
  }
  std::unique_ptr<TrustDesk> Open() {
    return TrustDesk::Open(*store_, signer_, clock_, Seed()).value();
  }
  static TrustImport Of(const Maker& maker, const std::string& vendor) {
    return {{{maker.certificate, AnchorRole::kRoot, vendor, ""}}, {}};
  }
  std::vector<std::string> Roots(const TrustDesk& desk) const {
    std::vector<std::string> names;
    for (const auto& root : desk.Current()->trust.roots) names.push_back(root.common_name());
    return names;
  }

  const Principal admin_{"ada", Role::kAdmin, {}};
  const Principal lead_{"ana", Role::kLead, {}};
  const TestSigner signer_{clock_.Now()};
  const Maker seeded_{"Seeded", clock_.Now()};
  const Maker stm_{"STM Root", clock_.Now()};
};

TEST_F(TrustDeskTest, TheConfigurationSeedsVersionOneOnce) {
  EXPECT_EQ(Open()->Current()->trust.version, 1u);
  const auto again = Open();
  EXPECT_EQ(again->Current()->trust.version, 1u);
  EXPECT_THAT(Roots(*again), testing::ElementsAre("Seeded"));
}

TEST_F(TrustDeskTest, AnImportIsANewVersionInForceAtOnceAndAfterARestart) {
  const auto desk = Open();
  const auto before = desk->Current();
  const auto change = desk->Import(admin_, Of(stm_, "STM"), false);
  ASSERT_TRUE(change.ok()) << ToString(change.status());
  EXPECT_TRUE(change->stored);
  EXPECT_EQ(change->version, 2u);
  EXPECT_EQ(Roots(*desk).size(), 2u);
  EXPECT_EQ(before->trust.roots.size(), 1u);  // a pass under way keeps what it took
  EXPECT_EQ(Roots(*Open()).size(), 2u);
}

TEST_F(TrustDeskTest, TheSameImportAgainChangesNothing) {
  const auto desk = Open();
  ASSERT_TRUE(desk->Import(admin_, Of(stm_, "STM"), false).ok());
  const auto again = desk->Import(admin_, Of(stm_, "STM"), false).value();
  EXPECT_FALSE(again.stored);
  EXPECT_EQ(again.version, 2u);
  EXPECT_EQ(again.results[0].outcome, "unchanged");
}

TEST_F(TrustDeskTest, ADryRunTellsAndStoresNothing) {
  const auto desk = Open();
  const auto change = desk->Import(admin_, Of(stm_, "STM"), true).value();
  EXPECT_FALSE(change.stored);
  EXPECT_EQ(change.results[0].outcome, "added");
  EXPECT_EQ(Roots(*desk).size(), 1u);
}

TEST_F(TrustDeskTest, OneRefusedCertificateStopsTheWholeImport) {
  const auto desk = Open();
  TrustImport import = Of(stm_, "STM");
  const auto key = PrivateKey::GenerateP256().value();
  const auto leaf = crypto::IssueStation("bench-1", {clock_.Now(), clock_.Now() + kDay},
                                         key.public_key(), {stm_.certificate, stm_.key})
                        .value();
  import.anchors.push_back({leaf, AnchorRole::kIntermediate, "STM", ""});
  const auto change = desk->Import(admin_, import, false).value();
  EXPECT_FALSE(change.stored);
  EXPECT_EQ(change.results[1].outcome, "refused");
  EXPECT_EQ(Roots(*desk).size(), 1u);
}

TEST_F(TrustDeskTest, ARevocationListNeedsItsAuthorityInTheBundle) {
  const auto desk = Open();
  const crypto::CrlSpec spec{1, clock_.Now(), clock_.Now() + kDay, {{"1f", clock_.Now()}}};
  const Bytes list = crypto::IssueCrl(spec, {stm_.certificate, stm_.key}).value();
  EXPECT_EQ(desk->Import(admin_, {{}, {list}}, false).value().results[0].outcome, "refused");
  TrustImport both = Of(stm_, "STM");
  both.revocation_lists = {list};
  ASSERT_TRUE(desk->Import(admin_, both, false).value().stored);
  EXPECT_EQ(desk->Current()->trust.revocations.size(), 1u);
}

TEST_F(TrustDeskTest, OnlyAnAdministratorChangesAnything) {
  const auto desk = Open();
  const auto denied = StatusIs(StatusCode::kPermissionDenied);
  EXPECT_THAT(desk->Import(lead_, Of(stm_, "STM"), false), denied);
  EXPECT_THAT(desk->Remove(lead_, {}, "STM", false), denied);
  EXPECT_THAT(desk->Narrow(lead_, {}), denied);
  EXPECT_THAT(desk->AcceptSha1(lead_, "", ""), denied);
  EXPECT_THAT(desk->ImportFile(lead_, ""), denied);
  EXPECT_THAT(desk->ImportEkCertificates(lead_, {}), denied);
  EXPECT_THAT(desk->ApplyPolicy(lead_, "{}", false), denied);
}

TEST_F(TrustDeskTest, NarrowingLeavesOutOtherVendorsAndCanBeUndone) {
  const auto desk = Open();
  ASSERT_TRUE(desk->Import(admin_, Of(stm_, "STM"), false).ok());
  ASSERT_TRUE(desk->Narrow(admin_, {"STM"}).value().stored);
  EXPECT_THAT(Roots(*desk), testing::ElementsAre("STM Root"));
  EXPECT_THAT(desk->Narrow(admin_, {"Nobody"}), StatusIs(StatusCode::kNotFound));
  ASSERT_TRUE(desk->Narrow(admin_, {}).ok());
  EXPECT_EQ(Roots(*desk).size(), 2u);
}

TEST_F(TrustDeskTest, RemovesByFingerprintOrVendorAndNothingElse) {
  const auto desk = Open();
  ASSERT_TRUE(desk->Import(admin_, Of(stm_, "STM"), false).ok());
  EXPECT_THAT(desk->Remove(admin_, {std::string(64, '0')}, "", false),
              StatusIs(StatusCode::kNotFound));
  const std::string seeded = ToHex(seeded_.certificate.fingerprint());
  ASSERT_TRUE(desk->Remove(admin_, {seeded}, "", false).ok());
  EXPECT_THAT(Roots(*desk), testing::ElementsAre("STM Root"));
  ASSERT_TRUE(desk->Remove(admin_, {}, "STM", false).ok());
  EXPECT_TRUE(Roots(*desk).empty());
}

TEST_F(TrustDeskTest, AnExportedBundleComesBackOnlyIfNewerAndUnchanged) {
  const auto desk = Open();
  const std::string first = desk->Bundle(0).value().text;
  ASSERT_TRUE(desk->Import(admin_, Of(stm_, "STM"), false).ok());
  const std::string second = desk->Bundle(2).value().text;
  EXPECT_EQ(desk->ImportFile(admin_, first).value().code, RefusalCode::kBundleRollback);
  EXPECT_EQ(desk->ImportFile(admin_, second).value().code, RefusalCode::kBundleRollback);
  EXPECT_EQ(desk->ImportFile(admin_, "junk").value().code, RefusalCode::kBundleMalformed);
  // The same text as a later version, signed by this floor: a second server of it made it.
  TrustDocument later = ReadTrustFileUnchecked(second).value();
  later.version = 9;
  const std::string text = TrustText(later);
  const std::string file = JoinTrustFile(signer_.SignTrust(TrustStatement(9, text)).value(), text);
  EXPECT_TRUE(desk->ImportFile(admin_, file).value().taken());
  EXPECT_EQ(desk->Current()->trust.version, 9u);
  const TestSigner other(clock_.Now());
  later.version = 10;
  const std::string foreign_text = TrustText(later);
  EXPECT_EQ(desk->ImportFile(
                    admin_, JoinTrustFile(other.SignTrust(TrustStatement(10, foreign_text)).value(),
                                          foreign_text))
                .value()
                .code,
            RefusalCode::kBundleSignature);
}

TEST_F(TrustDeskTest, KeepsEkCertificatesByTheirKey) {
  const auto desk = Open();
  const auto key = PrivateKey::GenerateP256().value();
  const auto certificate = crypto::IssueStation("chip", {clock_.Now(), clock_.Now() + kDay},
                                                key.public_key(), {stm_.certificate, stm_.key})
                               .value();
  ASSERT_TRUE(desk->ImportEkCertificates(admin_, {certificate.der()}).value().stored);
  EXPECT_FALSE(desk->ImportEkCertificates(admin_, {stm_.certificate.der()}).value().stored);
  ASSERT_OK(store_->Read([&](Tx& tx) -> Status {
    const auto spki = key.public_key().SpkiSha256();
    EXPECT_EQ(FindCachedEkCertificate(tx.trust, spki).value(), certificate.der());
    EXPECT_TRUE(FindCachedEkCertificate(tx.trust, Bytes(32, 1)).value().empty());
    return OkStatus();
  }));
}

TEST_F(TrustDeskTest, APolicyIsInForceOnceAppliedAndNotByADryRun) {
  const auto desk = Open();
  EXPECT_EQ(desk->Current()->policy.version, 0u);
  const char* text = R"({"require":["ekpub"]})";
  EXPECT_FALSE(desk->ApplyPolicy(admin_, text, true).value().stored);
  EXPECT_EQ(desk->Current()->policy.version, 0u);
  EXPECT_EQ(desk->ApplyPolicy(admin_, text, false).value().version, 1u);
  EXPECT_THAT(desk->Current()->policy.require, testing::ElementsAre(TrustModel::kEkPub));
  EXPECT_EQ(Open()->Current()->policy.version, 1u);
  EXPECT_THAT(desk->ApplyPolicy(admin_, R"({"requires":[]})", false),
              StatusIs(StatusCode::kInvalidArgument, "requires"));
  EXPECT_EQ(desk->Policies(10).value().size(), 1u);
  EXPECT_EQ(desk->Policy(0).value().author, "ada");
}

TEST_F(TrustDeskTest, EveryChangeIsAuditedWithItsAuthor) {
  const auto desk = Open();
  ASSERT_TRUE(desk->Import(admin_, Of(stm_, "STM"), false).ok());
  ASSERT_OK(store_->Read([](Tx& tx) { return tx.audit.VerifyChain(); }));
  EXPECT_EQ(desk->Bundle(2).value().author, "ada");
  EXPECT_EQ(desk->Bundle(1).value().author, "server");
}

}  // namespace
}  // namespace preseal::server
