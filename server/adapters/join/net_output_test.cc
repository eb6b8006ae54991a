// SPDX-License-Identifier: Apache-2.0
// The texts are what Samba 4.17 really says (docs/hybrid-join.md).
#include "server/adapters/join/net_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::IsOkAndHolds;
using test::StatusIs;

constexpr char kOu[] = "OU=Devices,DC=floor,DC=test";

Status Judge(std::string_view output) { return FromNetOutput(output, "floor.test", kOu); }

TEST(NetOutputTest, NoControllerIsWorthARetry) {
  EXPECT_THAT(
      Judge("Failed to provision computer account: failed to find DC for domain floor.test - "
            "{Operation Failed} The requested operation was unsuccessful."),
      StatusIs(StatusCode::kUnavailable, "floor.test"));
  EXPECT_THAT(Judge("ads_connect: No logon servers are currently available to service the logon "
                    "request."),
              StatusIs(StatusCode::kUnavailable));
}

TEST(NetOutputTest, RefusedCredentialsAreNotADeadServer) {
  EXPECT_THAT(
      Judge("Failed to provision computer account: failed to lookup DC info for domain "
            "'floor.test' over rpc: The attempted logon is invalid. This is either due to a bad "
            "username or authentication information."),
      StatusIs(StatusCode::kFailedPrecondition, "credentials"));
  EXPECT_THAT(Judge("kerberos_kinit_password nobody@FLOOR.TEST failed: Client not found in "
                    "Kerberos database"),
              StatusIs(StatusCode::kFailedPrecondition, "credentials"));
}

TEST(NetOutputTest, TheDecidingLineCountsNotTheTriesBeforeIt) {
  EXPECT_THAT(Judge("kerberos_kinit_password x failed: Preauthentication failed\n"
                    "Failed to provision computer account: failed to precreate account in ou "
                    "OU=Devices,DC=floor,DC=test: No such object"),
              StatusIs(StatusCode::kFailedPrecondition, "has no OU=Devices,DC=floor,DC=test"));
}

TEST(NetOutputTest, WrongClockIsNamed) {
  EXPECT_THAT(Judge("kerberos_kinit_password x failed: Clock skew too great"),
              StatusIs(StatusCode::kFailedPrecondition, "clocks"));
}

TEST(NetOutputTest, UnknownWordsAreQuotedEscapedAndNotRetried) {
  EXPECT_THAT(Judge("Failed to provision computer account: \x1b[31mnew words"),
              StatusIs(StatusCode::kFailedPrecondition, "\\x1b[31mnew words"));
}

TEST(NetOutputTest, ReadsNoMatchAndOneMatch) {
  EXPECT_THAT(DnOfReply("Got 0 replies\n\n"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(DnOfReply("Got 1 replies\n\ndistinguishedName: CN=PS-1,OU=Devices,DC=floor\n\n"),
              IsOkAndHolds(std::optional<std::string>("CN=PS-1,OU=Devices,DC=floor")));
}

TEST(NetOutputTest, RefusesAReplyItDoesNotUnderstand) {
  EXPECT_THAT(DnOfReply(""), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(DnOfReply("Got 1 replies\n\ndn: CN=PS-1\n"), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(DnOfReply("Got 2 replies\n\ndistinguishedName: CN=A\ndistinguishedName: CN=B\n"),
              StatusIs(StatusCode::kInternal));
}

TEST(NetOutputTest, ReadsTheWorkgroup) {
  EXPECT_THAT(WorkgroupOfReply("Workgroup: FLOOR\n"), IsOkAndHolds("FLOOR"));
  EXPECT_THAT(WorkgroupOfReply("Workgroup: \n"), StatusIs(StatusCode::kInternal));
}

TEST(SameDnTest, IgnoresCaseAndSpacesAroundSeparators) {
  EXPECT_TRUE(
      SameDn("CN=PS-1,OU=Devices,DC=floor,DC=test", "cn=ps-1, ou = devices,dc=Floor,DC=test"));
}

TEST(SameDnTest, TellsAChildContainerApart) {
  EXPECT_FALSE(SameDn("CN=PS-1,OU=Old,OU=Devices,DC=floor", "CN=PS-1,OU=Devices,DC=floor"));
  EXPECT_FALSE(SameDn("CN=PS-1,OU=Devices 2,DC=floor", "CN=PS-1,OU=Devices2,DC=floor"));
}

}  // namespace
}  // namespace preseal::server
