// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/ca_rotation.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/crypto/foreign_tools_fixture.h"
#include "common/crypto/jws.h"
#include "common/crypto/oids.h"
#include "server/adapters/ca/ca_fixture.h"

namespace preseal::server {
namespace {

using crypto::ChainOutcome;
using crypto::test::kDay;
using crypto::test::kNow;
using crypto::test::ValueOrDie;
using preseal::test::StatusIs;
using testing::ElementsAre;
namespace fs = std::filesystem;

class CaRotationTest : public test::CaFolderTest {
 protected:
  void SetUp() override { ASSERT_OK(CaStore::Create(folder_, settings_, kNow)); }

  RotationRequest For(Authority authority) {
    return {.authority = authority, .organisation = "Example Works", .names = names_};
  }
  StatusOr<int> Rotate(Authority authority, WallTime now) {
    return RotateCa(folder_, For(authority), now);
  }
  std::vector<crypto::Certificate> ServerLinks() {
    auto bundle = ValueOrDie(crypto::ParsePemBundle(ReadText(Files().server.certificate)));
    bundle.erase(bundle.begin());
    return bundle;
  }
  // "1 issuing, 2 ..." of one authority.
  std::vector<std::string> States(Authority authority, WallTime now) {
    std::vector<std::string> states;
    for (const CaListing& one : ValueOrDie(ListCa(folder_, now))) {
      if (one.authority != authority) continue;
      states.push_back(std::to_string(one.generation) + " " + one.state);
    }
    return states;
  }
};

TEST_F(CaRotationTest, NewDeviceKeyIssuesAndTheOldOneStaysTrusted) {
  const auto before = Load();
  const auto old_leaf = IssueTo(*before, false, kNow);
  EXPECT_EQ(ValueOrDie(Rotate(Authority::kDevice, kNow + kDay)), 2);
  const auto after = Load();
  const auto new_leaf = IssueTo(*after, false, kNow + kDay);
  EXPECT_NE(after->device_ca(), before->device_ca());
  EXPECT_EQ(after->device_ca().subject(), before->device_ca().subject());
  EXPECT_TRUE(new_leaf.IsSignedBy(after->device_ca()));
  EXPECT_FALSE(new_leaf.IsSignedBy(before->device_ca()));
  const auto trusted = after->Trusted(Authority::kDevice, kNow + kDay);
  EXPECT_THAT(trusted, ElementsAre(after->device_ca(), before->device_ca()));
  for (const auto& leaf : {old_leaf, new_leaf}) {
    EXPECT_EQ(Judge(leaf, {}, trusted, kNow + kDay, crypto::kOidClientAuth),
              ChainOutcome::kTrusted);
  }
}

TEST_F(CaRotationTest, OldKeyIsTrustedUntilItsLastCertificateEndsAndNoLonger) {
  const WallTime rotation = kNow + 100 * kDay;
  ASSERT_OK(Rotate(Authority::kDevice, rotation));
  const auto store = Load();
  const WallTime last = rotation + kDeviceCertificateLife;
  EXPECT_EQ(store->Trusted(Authority::kDevice, last).size(), 2u);
  EXPECT_EQ(store->Trusted(Authority::kDevice, last + std::chrono::seconds(1)).size(), 1u);
  EXPECT_THAT(States(Authority::kDevice, last + kDay), ElementsAre("1 ended", "2 issuing"));
}

TEST_F(CaRotationTest, EachKeySignsTheListOfItsOwnCertificates) {
  ASSERT_OK(Rotate(Authority::kDevice, kNow));
  const auto store = Load();
  const auto lists = ValueOrDie(store->CurrentCrls({}, kNow));
  ASSERT_EQ(lists.size(), 3u);
  const auto trusted = store->Trusted(Authority::kDevice, kNow);
  crypto::test::ForeignTools tools;
  for (int generation = 1; generation <= 2; ++generation) {
    const DeviceCrl& list = lists[static_cast<size_t>(generation - 1)];
    EXPECT_EQ(list.name, "device-" + std::to_string(generation) + ".crl");
    tools.Write("list.der", AsText(list.der));
    tools.Write("ca.pem", trusted[static_cast<size_t>(2 - generation)].ToPem());
    EXPECT_EQ(tools.Run("openssl crl -inform DER -in list.der -CAfile ca.pem -noout"), 0);
    EXPECT_THAT(tools.output(), testing::HasSubstr("verify OK"));
  }
}

TEST_F(CaRotationTest, RunningStoreTakesTheNewKeyUpWhenItReloads) {
  const auto store = Load();
  const auto before = store->device_ca();
  ASSERT_OK(Rotate(Authority::kDevice, kNow));
  EXPECT_EQ(store->device_ca(), before);
  ASSERT_OK(store->Reload());
  EXPECT_NE(store->device_ca(), before);
}

TEST_F(CaRotationTest, DeviceThatKnowsTheFirstServerKeyFollowsTwoRotations) {
  const auto first = Load()->server_ca();
  const std::string key = ReadText(Files().server.key);
  ASSERT_OK(Rotate(Authority::kServer, kNow));
  ASSERT_OK(Rotate(Authority::kServer, kNow));
  const auto store = Load();
  const auto leaf = store->server_certificate();
  EXPECT_EQ(ReadText(Files().server.key), key);
  EXPECT_EQ(ServerLinks().size(), 2u);
  EXPECT_EQ(Judge(leaf, ServerLinks(), {first}, kNow, crypto::kOidServerAuth),
            ChainOutcome::kTrusted);
  EXPECT_EQ(Judge(leaf, {}, {store->server_ca()}, kNow, crypto::kOidServerAuth),
            ChainOutcome::kTrusted);
  // What a TLS client does, by a program nobody here wrote.
  crypto::test::ForeignTools tools;
  tools.Write("links.pem", crypto::ToPemBundle(ServerLinks()));
  EXPECT_TRUE(tools.OpensslAccepts(leaf, first, "-purpose sslserver -untrusted links.pem"))
      << tools.output();
}

TEST_F(CaRotationTest, NewSealKeyBringsItsOwnSigner) {
  const auto before = Load();
  ASSERT_OK(Rotate(Authority::kSeal, kNow));
  const auto after = Load();
  EXPECT_TRUE(after->seal_signer().IsSignedBy(after->seal_ca()));
  const auto jws = ValueOrDie(after->Sign("{}"));
  const auto verdict = [&](const crypto::Certificate& root) {
    const std::vector<crypto::Certificate> roots = {root};
    return ValueOrDie(crypto::VerifyCompact(
        jws, {.type = crypto::kBirthCertificateType, .roots = roots, .at = kNow}));
  };
  EXPECT_TRUE(verdict(after->seal_ca()).accepted());
  EXPECT_FALSE(verdict(before->seal_ca()).accepted());
}

TEST_F(CaRotationTest, StationAndLabRotateLikeTheDeviceAuthority) {
  for (const Authority authority : {Authority::kStation, Authority::kLab}) {
    ASSERT_OK(Rotate(authority, kNow));
    EXPECT_THAT(States(authority, kNow), ElementsAre("1 trusted", "2 issuing"));
  }
  EXPECT_OK(CaStore::ValidateReload(folder_, kNow));
}

TEST_F(CaRotationTest, FolderOlderThanTheLabAuthorityGetsOne) {
  fs::remove(Files().lab_ca.key);
  fs::remove(Files().lab_ca.certificate);
  EXPECT_EQ(ValueOrDie(Rotate(Authority::kLab, kNow)), 2);
  const auto store = Load();
  EXPECT_TRUE(
      IssueTo(*store, true, kNow).IsSignedBy(store->Trusted(Authority::kLab, kNow).front()));
}

TEST_F(CaRotationTest, RetiredKeyIsTrustedNoLonger) {
  const auto old_leaf = IssueTo(*Load(), false, kNow);
  ASSERT_OK(Rotate(Authority::kDevice, kNow));
  ASSERT_OK(RetireCa(folder_, For(Authority::kDevice), 1, kNow));
  const auto trusted = Load()->Trusted(Authority::kDevice, kNow);
  EXPECT_EQ(trusted.size(), 1u);
  EXPECT_NE(Judge(old_leaf, {}, trusted, kNow, crypto::kOidClientAuth), ChainOutcome::kTrusted);
  EXPECT_THAT(States(Authority::kDevice, kNow), ElementsAre("1 retired", "2 issuing"));
}

TEST_F(CaRotationTest, NumberOfARetiredKeyIsNeverUsedAgain) {
  ASSERT_OK(Rotate(Authority::kDevice, kNow));
  EXPECT_EQ(ValueOrDie(Rotate(Authority::kDevice, kNow)), 3);
  ASSERT_OK(RetireCa(folder_, For(Authority::kDevice), 2, kNow));
  EXPECT_EQ(ValueOrDie(Rotate(Authority::kDevice, kNow)), 4);
}

TEST_F(CaRotationTest, KeyThatSignsCannotBeRetired) {
  EXPECT_THAT(RetireCa(folder_, For(Authority::kDevice), 1, kNow),
              StatusIs(StatusCode::kFailedPrecondition, "ca rotate device"));
  EXPECT_THAT(RetireCa(folder_, For(Authority::kDevice), 7, kNow),
              StatusIs(StatusCode::kNotFound, "generation 7"));
}

TEST_F(CaRotationTest, SecondCommandAtOnceIsRefused) {
  const int fd = open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(fd, LOCK_EX), 0);
  EXPECT_THAT(Rotate(Authority::kDevice, kNow), StatusIs(StatusCode::kAborted));
  close(fd);
  EXPECT_OK(Rotate(Authority::kDevice, kNow));
}

TEST_F(CaRotationTest, OnlyTheDeviceKeyMayLieInAToken) {
  RotationRequest request = For(Authority::kSeal);
  request.key_uri = "pkcs11:token=a;object=b?pin-source=file:/nowhere";
  EXPECT_THAT(RotateCa(folder_, request, kNow),
              StatusIs(StatusCode::kFailedPrecondition, "device"));
}

TEST_F(CaRotationTest, KeyWithoutCertificateIsARotationThatNeverHappened) {
  const auto before = Load()->device_ca();
  ASSERT_OK(Rotate(Authority::kDevice, kNow));
  fs::remove(Files().Issuer(Authority::kDevice, 2).certificate);
  EXPECT_EQ(Load()->device_ca(), before);
  EXPECT_EQ(ValueOrDie(Rotate(Authority::kDevice, kNow)), 2);
  EXPECT_NE(Load()->device_ca(), before);
}

// Kills rotations at whatever they are at; the folder must be whole after each.
class KilledRotation : public CaRotationTest, public testing::WithParamInterface<Authority> {};
TEST_P(KilledRotation, LeavesTheOldKeyOrTheNewOne) {
  constexpr int kKills = 12;
  const CaFiles files = Files();
  for (int kill_count = 0; kill_count < kKills; ++kill_count) {
    const size_t before = ValueOrDie(files.Generations(GetParam())).size();
    const pid_t child = fork();
    if (child == 0) {
      // More than are waited for, fewer than would fill the folder.
      for (int i = 0; i < 4; ++i) {
        if (!Rotate(GetParam(), kNow).ok()) _exit(1);
      }
      pause();
    }
    // Somewhere in a later rotation: counting folders takes another time in each round.
    const size_t wanted = before + static_cast<size_t>(kill_count % 3);
    while (ValueOrDie(files.Generations(GetParam())).size() < wanted + 1) {
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    ASSERT_OK(CaStore::ValidateReload(folder_, kNow)) << kill_count;
    ASSERT_GT(ValueOrDie(files.Generations(GetParam())).size(), before);
  }
  EXPECT_OK(Rotate(GetParam(), kNow));
}
INSTANTIATE_TEST_SUITE_P(CaRotationTest, KilledRotation,
                         testing::Values(Authority::kDevice, Authority::kServer, Authority::kSeal),
                         [](const auto& param) { return std::string(NameOf(param.param)); });

}  // namespace
}  // namespace preseal::server
