// SPDX-License-Identifier: Apache-2.0
// Against a real domain controller, started here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/crypto/encoding.h"
#include "server/adapters/join/samba_offline_join.h"
#include "tests/support/samba_dc_suite.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

using test::SambaDc;
using test::StatusIs;
using testing::HasSubstr;

class SambaOfflineJoinDcTest : public test::SambaDcSuite<testing::Test> {
 protected:
  static SambaJoinSettings Good() {
    return {.smb_conf = {},
            .domain = SambaDc::kDomain,
            .ou = SambaDc::kOu,
            .auth_file = dc_->AuthFile(),
            .server = {},
            .work_directory = Work()};
  }
  static std::string Work() { return dir_->File("work"); }
  static StatusOr<JoinBlob> Provision(SambaJoinSettings settings, const std::string& name) {
    ASSIGN_OR_RETURN(const auto provider, OpenSambaOfflineJoin(std::move(settings)));
    return provider->Provision({name, "D-1001"}, {});
  }
  static std::string PasswordSet(const std::string& name) {
    const auto ldif = dc_->Computer(name);
    EXPECT_OK(ldif);
    if (!ldif.ok()) return "";
    const size_t start = ldif->find("pwdLastSet: ");
    return start == std::string::npos ? "" : ldif->substr(start, ldif->find('\n', start) - start);
  }
};

TEST_F(SambaOfflineJoinDcTest, PreCreatesTheAccountInTheOuWithOnlyDelegatedRights) {
  ASSERT_OK_AND_ASSIGN(const JoinBlob blob, Provision(Good(), "PS-A-0001"));
  EXPECT_EQ(blob.provider, "samba-offline-join");
  EXPECT_EQ(blob.domain, SambaDc::kDomain);
  ASSERT_OK_AND_ASSIGN(const std::string ldif, dc_->Computer("PS-A-0001"));
  EXPECT_THAT(ldif, HasSubstr(std::string("dn: CN=PS-A-0001,") + SambaDc::kOu));
  const auto json = nlohmann::json::parse(AsText(blob.blob.Reveal()));
  EXPECT_EQ(json["computer_name"], "PS-A-0001");
  EXPECT_EQ(json["workgroup"], SambaDc::kWorkgroup);
  EXPECT_OK(crypto::Base64Decode(json["odj"].get<std::string>()));
}

TEST_F(SambaOfflineJoinDcTest, LeavesNoBlobBehind) {
  ASSERT_OK(Provision(Good(), "PS-B-0001"));
  EXPECT_TRUE(std::filesystem::is_empty(Work()));
}

TEST_F(SambaOfflineJoinDcTest, RepeatRenewsTheSameAccount) {
  ASSERT_OK(Provision(Good(), "PS-C-0001"));
  const std::string first = PasswordSet("PS-C-0001");
  ASSERT_OK(Provision(Good(), "PS-C-0001"));
  EXPECT_NE(PasswordSet("PS-C-0001"), first);
}

// With the administrator's rights `net` would take it over.
TEST_F(SambaOfflineJoinDcTest, RefusesANameThatAnAccountElsewhereHas) {
  ASSERT_OK(dc_->Tool(
      {"computer", "create", "PS-OTHER-1", std::string("--computerou=") + SambaDc::kOtherOu}));
  const std::string before = PasswordSet("PS-OTHER-1");
  SambaJoinSettings settings = Good();
  settings.auth_file = dc_->AdministratorAuthFile();
  EXPECT_THAT(Provision(settings, "PS-OTHER-1"),
              StatusIs(StatusCode::kFailedPrecondition, "OU=Office"));
  EXPECT_EQ(PasswordSet("PS-OTHER-1"), before);
}

TEST_F(SambaOfflineJoinDcTest, RefusesTheDomainControllersOwnName) {
  SambaJoinSettings settings = Good();
  settings.auth_file = dc_->AdministratorAuthFile();
  EXPECT_THAT(Provision(settings, "DC1"), StatusIs(StatusCode::kFailedPrecondition, "not ours"));
}

TEST_F(SambaOfflineJoinDcTest, NamesAnOuThatDoesNotExist) {
  SambaJoinSettings settings = Good();
  settings.ou = "OU=Nowhere,DC=floor,DC=test";
  EXPECT_THAT(Provision(settings, "PS-D-0001"),
              StatusIs(StatusCode::kFailedPrecondition, "has no OU=Nowhere,DC=floor,DC=test"));
}

TEST_F(SambaOfflineJoinDcTest, SaysThatRightsAreMissingInAnotherOu) {
  SambaJoinSettings settings = Good();
  settings.ou = SambaDc::kOtherOu;
  EXPECT_THAT(Provision(settings, "PS-E-0001"),
              StatusIs(StatusCode::kFailedPrecondition, "may not do this"));
  EXPECT_THAT(dc_->Computer("PS-E-0001"), StatusIs(StatusCode::kNotFound));
}

TEST_F(SambaOfflineJoinDcTest, SaysThatTheCredentialsAreRefused) {
  SambaJoinSettings settings = Good();
  settings.auth_file = dir_->File("wrong.auth");
  std::filesystem::copy_file(dc_->AuthFile(), settings.auth_file);
  {
    std::ofstream out(settings.auth_file, std::ios::app);
    out << "password = wrong\n";
  }
  const auto refused = Provision(settings, "PS-F-0001");
  EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, "refuses the credentials"));
}

TEST_F(SambaOfflineJoinDcTest, UnavailableWhileTheControllerIsGoneAndGoodAgainAfter) {
  dc_->Stop();
  EXPECT_THAT(Provision(Good(), "PS-H-0001"), StatusIs(StatusCode::kUnavailable, "floor.test"));
  ASSERT_OK(dc_->Start());
  EXPECT_OK(Provision(Good(), "PS-H-0001"));
}

TEST_F(SambaOfflineJoinDcTest, TakesANamedControllerWithoutAskingDns) {
  SambaJoinSettings settings = Good();
  settings.server = "dc1.floor.test";
  EXPECT_OK(Provision(settings, "PS-I-0001"));
}

}  // namespace
}  // namespace preseal::server
