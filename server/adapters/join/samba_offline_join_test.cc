// SPDX-License-Identifier: Apache-2.0
// What needs no directory. The program run here notes how it was called.
#include "server/adapters/join/samba_offline_join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

using test::StatusIs;
using testing::HasSubstr;
using testing::Not;

class SambaOfflineJoinTest : public testing::Test {
 protected:
  SambaOfflineJoinTest() {
    Write("auth", "username = joiner\npassword = very-secret\n", 0600);
    // Takes note of its arguments and environment, and finds no account.
    Write(
        "net",
        "#!/bin/sh\nfor word in \"$@\"; do echo \"$word\" >>" + dir_.File("noted") +
            "; done\nenv >>" + dir_.File("noted") + "\n" +
            "if [ \"$1\" = ads ]; then echo 'Got 0 replies'; echo 'Workgroup: FLOOR'; exit 0; fi\n"
            "for word in \"$@\"; do case $word in savefile=*) echo odj >\"${word#savefile=}\";; "
            "esac; done\n",
        0700);
  }
  void Write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(dir_.File(name)) << text;
    ::chmod(dir_.File(name).c_str(), mode);
  }
  SambaJoinSettings Good() {
    return {.net_program = dir_.File("net"),
            .smb_conf = {},
            .domain = "floor.test",
            .ou = "OU=Devices,DC=floor,DC=test",
            .auth_file = dir_.File("auth"),
            .server = {},
            .work_directory = dir_.File("work")};
  }
  std::string Noted() {
    std::ostringstream text;
    text << std::ifstream(dir_.File("noted")).rdbuf();
    return text.str();
  }
  StatusOr<JoinBlob> Provision(SambaJoinSettings settings, const std::string& name) {
    ASSIGN_OR_RETURN(const auto provider, OpenSambaOfflineJoin(std::move(settings)));
    return provider->Provision({name, "D-1001"}, {});
  }

  test::TempDir dir_;
};

// A blob is a credential: it must not outlive a server that was cut off in mid-join.
TEST_F(SambaOfflineJoinTest, WhatAPowerCutLeftBehindIsGoneAtTheNextStart) {
  const std::string left = dir_.File("work") + "/join-abcdef";
  std::filesystem::create_directories(left);
  std::ofstream(left + "/blob") << "odj";
  ASSERT_OK(OpenSambaOfflineJoin(Good()).status());
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST_F(SambaOfflineJoinTest, PasswordIsNeitherOnTheCommandLineNorInTheEnvironment) {
  ASSERT_OK(Provision(Good(), "PS-1"));
  EXPECT_THAT(Noted(), HasSubstr("--authentication-file=" + dir_.File("auth")));
  EXPECT_THAT(Noted(), Not(HasSubstr("very-secret")));
}

TEST_F(SambaOfflineJoinTest, NamesTheComputerItsOuAndTheReuse) {
  ASSERT_OK(Provision(Good(), "PS-1"));
  for (const char* word : {"\nmachine_name=PS-1\n", "\nreuse\n", "\n--netbiosname=PS-1\n",
                           "\nmachine_account_ou=OU=Devices,DC=floor,DC=test\n"}) {
    EXPECT_THAT(Noted(), HasSubstr(word));
  }
}

TEST_F(SambaOfflineJoinTest, RefusesIllegalComputerNamesBeforeRunningAnything) {
  for (const char* name : {"", "SIXTEEN-LETTERS-", "SIXTEENLETTERS-X", "-PS", "PS-", "12345",
                           "PS 1", "PS)(cn=*", "PS_1", "PS\n1"}) {
    EXPECT_THAT(Provision(Good(), name), StatusIs(StatusCode::kInvalidArgument)) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(dir_.File("noted")));
}

TEST_F(SambaOfflineJoinTest, RefusesCredentialsThatOthersMayRead) {
  ::chmod(dir_.File("auth").c_str(), 0640);
  EXPECT_THAT(OpenSambaOfflineJoin(Good()), StatusIs(StatusCode::kFailedPrecondition, "chmod 600"));
}

TEST_F(SambaOfflineJoinTest, RefusesCredentialsThatWereOpenedToOthersSince) {
  ASSERT_OK_AND_ASSIGN(const auto provider, OpenSambaOfflineJoin(Good()));
  ::chmod(dir_.File("auth").c_str(), 0640);
  EXPECT_THAT(provider->Provision({"PS-1", "D-1001"}, {}),
              StatusIs(StatusCode::kFailedPrecondition, "chmod 600"));
}

TEST_F(SambaOfflineJoinTest, RefusesMissingCredentials) {
  std::filesystem::remove(dir_.File("auth"));
  EXPECT_THAT(OpenSambaOfflineJoin(Good()),
              StatusIs(StatusCode::kFailedPrecondition, dir_.File("auth")));
}

TEST_F(SambaOfflineJoinTest, RefusesSettingsThatWouldEscapeTheConfigurationFile) {
  SambaJoinSettings settings = Good();
  settings.domain = "floor.test\n  panic action = /bin/sh";
  EXPECT_THAT(OpenSambaOfflineJoin(settings), StatusIs(StatusCode::kInvalidArgument, "domain"));
}

TEST_F(SambaOfflineJoinTest, RefusesTheDefaultContainer) {
  SambaJoinSettings settings = Good();
  settings.ou = "CN=Computers,DC=floor,DC=test";
  EXPECT_THAT(OpenSambaOfflineJoin(settings), StatusIs(StatusCode::kInvalidArgument, "ou"));
}

TEST_F(SambaOfflineJoinTest, SaysWhichProgramIsMissing) {
  SambaJoinSettings settings = Good();
  settings.net_program = dir_.File("no-such-net");
  EXPECT_THAT(Provision(settings, "PS-1"),
              StatusIs(StatusCode::kFailedPrecondition, "samba-common-bin"));
}

TEST_F(SambaOfflineJoinTest, StopEndsTheProgram) {
  Write("net", "#!/bin/sh\nexec sleep 600\n", 0700);
  ASSERT_OK_AND_ASSIGN(const auto provider, OpenSambaOfflineJoin(Good()));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(provider->Provision({"PS-1", "D-1001"}, stop.get_token()),
              StatusIs(StatusCode::kUnavailable, "draining"));
}

TEST_F(SambaOfflineJoinTest, LeavesNothingInTheWorkFolderAfterAFailure) {
  Write("net", "#!/bin/sh\necho 'Access is denied' >&2\nexit 1\n", 0700);
  EXPECT_THAT(Provision(Good(), "PS-1"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_TRUE(std::filesystem::is_empty(dir_.File("work")));
}

}  // namespace
}  // namespace preseal::server
