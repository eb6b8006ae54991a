// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/identity/identity_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

class IdentityFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(store_, IdentityFiles::Open(dir_.File("state")));
    ASSERT_OK_AND_ASSIGN(const auto pki, test::TestPki::Create());
    identity_ = {"D-7", pki->server().pem() + pki->ca().pem(), true, {"localhost", "127.0.0.1"}};
  }
  std::string File(const std::string& name) const { return dir_.File("state/" + name); }
  void Replace(const std::string& name, const std::string& from, const std::string& to) {
    std::ifstream in(File(name));
    std::stringstream text;
    text << in.rdbuf();
    std::string content = text.str();
    const size_t at = content.find(from);
    ASSERT_NE(at, std::string::npos);
    content.replace(at, from.size(), to);
    ASSERT_OK(files::WriteAtomic(File(name), AsBytes(content), 0600));
  }

  test::TempDir dir_;
  std::unique_ptr<IdentityFiles> store_;
  DeviceIdentity identity_;
};

TEST_F(IdentityFilesTest, NothingBeforeEnrolment) {
  EXPECT_THAT(store_->Load(), test::IsOkAndHolds(std::optional<DeviceIdentity>()));
}

TEST_F(IdentityFilesTest, GivesBackWhatWasSavedAlsoToTheNextProcess) {
  ASSERT_OK(store_->Save(identity_));
  ASSERT_OK_AND_ASSIGN(const auto reopened, IdentityFiles::Open(dir_.File("state")));
  EXPECT_THAT(reopened->Load(), test::IsOkAndHolds(std::optional(identity_)));
}

TEST_F(IdentityFilesTest, NewIdentityReplacesTheOld) {
  ASSERT_OK(store_->Save(identity_));
  identity_.device_id = "D-8";
  identity_.lab = false;
  ASSERT_OK(store_->Save(identity_));
  EXPECT_THAT(store_->Load(), test::IsOkAndHolds(std::optional(identity_)));
}

TEST_F(IdentityFilesTest, UniquesAreRandomOnceAndThenKept) {
  ASSERT_OK_AND_ASSIGN(const KeyUniques first, store_->LoadOrCreateUniques());
  EXPECT_EQ(first.ak.size(), 32u);
  EXPECT_NE(first.ak, first.device_key);
  ASSERT_OK_AND_ASSIGN(const auto reopened, IdentityFiles::Open(dir_.File("state")));
  EXPECT_THAT(reopened->LoadOrCreateUniques(), test::IsOkAndHolds(first));
  ASSERT_OK_AND_ASSIGN(const auto elsewhere, IdentityFiles::Open(dir_.File("other")));
  ASSERT_OK_AND_ASSIGN(const KeyUniques other, elsewhere->LoadOrCreateUniques());
  EXPECT_NE(other.ak, first.ak);
}

TEST_F(IdentityFilesTest, OnlyTheOwnerMayRead) {
  ASSERT_OK(store_->Save(identity_));
  ASSERT_OK(store_->LoadOrCreateUniques());
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(dir_.File("state")).permissions(), fs::perms::owner_all);
  for (const std::string name : {"key-uniques.json", "identity.json", "device-chain.pem"}) {
    EXPECT_EQ(fs::status(File(name)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
}

// Making new ones would silently change the AK, and the reseal quote would come from a stranger.
TEST_F(IdentityFilesTest, DamagedUniquesAreDataLossAndNotReplaced) {
  ASSERT_OK(store_->LoadOrCreateUniques());
  ASSERT_OK(files::WriteAtomic(File("key-uniques.json"), AsBytes("{\"version\":1,"), 0600));
  EXPECT_THAT(store_->LoadOrCreateUniques(), StatusIs(StatusCode::kDataLoss, "key-uniques.json"));
  EXPECT_THAT(store_->LoadOrCreateUniques(), StatusIs(StatusCode::kDataLoss));
}

TEST_F(IdentityFilesTest, IdentityOfAnotherVersionIsDataLoss) {
  ASSERT_OK(store_->Save(identity_));
  ASSERT_NO_FATAL_FAILURE(Replace("identity.json", "\"version\": 1", "\"version\": 2"));
  EXPECT_THAT(store_->Load(), StatusIs(StatusCode::kDataLoss, "version"));
}

TEST_F(IdentityFilesTest, IdentityWithAWrongTypeIsDataLoss) {
  ASSERT_OK(store_->Save(identity_));
  ASSERT_NO_FATAL_FAILURE(Replace("identity.json", "\"lab\": true", "\"lab\": \"no\""));
  EXPECT_THAT(store_->Load(), StatusIs(StatusCode::kDataLoss, "lab"));
}

TEST_F(IdentityFilesTest, QuarantineIsKept) {
  identity_.quarantined = true;
  ASSERT_OK(store_->Save(identity_));
  EXPECT_THAT(store_->Load(), test::IsOkAndHolds(std::optional(identity_)));
  ASSERT_NO_FATAL_FAILURE(Replace("identity.json", "\"quarantined\": true", "\"quarantined\": 1"));
  EXPECT_THAT(store_->Load(), StatusIs(StatusCode::kDataLoss, "quarantined"));
}

TEST_F(IdentityFilesTest, AnIdentityFromBeforeQuarantinesIsInNone) {
  ASSERT_OK(store_->Save(identity_));
  ASSERT_NO_FATAL_FAILURE(Replace("identity.json", "  \"quarantined\": false,\n", ""));
  ASSERT_OK_AND_ASSIGN(const auto loaded, store_->Load());
  ASSERT_TRUE(loaded.has_value());
  EXPECT_FALSE(loaded->quarantined);
}

TEST_F(IdentityFilesTest, IdentityWithoutAReadableChainIsDataLoss) {
  ASSERT_OK(store_->Save(identity_));
  ASSERT_NO_FATAL_FAILURE(Replace("identity.json", "\\nMII", "\\n!!!"));
  EXPECT_THAT(store_->Load(), StatusIs(StatusCode::kDataLoss, "certificate_chain_pem"));
}

}  // namespace
}  // namespace preseal::agent
