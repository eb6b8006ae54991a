// SPDX-License-Identifier: Apache-2.0
// Logging in, tokens, and what is said when there is no connection.
#include <filesystem>

#include "server/cli/cli_fixture.h"

namespace preseal::server::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CliSessionTest : public CliTest {
 protected:
  CliResult LogIn(const std::string& input, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"login", server_,           "--ca", ca_file_, "--user",
                                          "ana",   "--password-stdin"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments, input);
  }
  std::string session_file() const { return dir_.File(".config/preseal/session.json"); }
};

TEST_F(CliSessionTest, KeepsTheSessionUntilLogout) {
  const CliResult login = LogIn("right password\n");
  ASSERT_EQ(login.code, 0) << login.err;
  EXPECT_THAT(login.out, HasSubstr("lead"));
  std::filesystem::remove(ca_file_);  // pinned in the session
  const CliResult who = Run({"whoami", "--output", "json"});
  EXPECT_EQ(who.code, 0) << who.err;
  EXPECT_THAT(who.out, HasSubstr("\"name\": \"ana\""));
  EXPECT_EQ(Run({"logout"}).code, 0);
  EXPECT_EQ(auth_.logouts, 1);
  EXPECT_FALSE(std::filesystem::exists(session_file()));
  const CliResult after = Run({"whoami"});
  EXPECT_EQ(after.code, 2);
  EXPECT_THAT(after.err, HasSubstr("run preseal login"));
}

TEST_F(CliSessionTest, ReplacesAOneTimePassword) {
  const CliResult login = LogIn("one-time\nmy own long password\n", {"--new-password-stdin"});
  EXPECT_EQ(login.code, 0) << login.err;
  EXPECT_EQ(auth_.last_login.new_password(), "my own long password");
}

TEST_F(CliSessionTest, AWrongPasswordIsANoAndLeavesNothing) {
  const CliResult login = LogIn("wrong\n");
  EXPECT_EQ(login.code, 1);
  EXPECT_EQ(login.err, "preseal: wrong name or password\n");
  EXPECT_FALSE(std::filesystem::exists(session_file()));
}

TEST_F(CliSessionTest, TheSessionsTokenGoesToItsOwnServerOnly) {
  ASSERT_EQ(LogIn("right password\n").code, 0);
  // The same server by another name is another server.
  const std::string other = "127.0.0.1" + server_.substr(server_.find(':'));
  const CliResult who = Run({"whoami", "--server", other, "--ca", ca_file_});
  EXPECT_EQ(who.code, 2);
  EXPECT_THAT(who.err, HasSubstr("not logged in"));
  EXPECT_THAT(gate_.seen(), ElementsAre(""));
  EXPECT_THAT(Run({"whoami", "--server", other}).err, HasSubstr("say --ca FILE"));
}

TEST_F(CliSessionTest, TakesATokenFromFileOrEnvironment) {
  environment_ = {{"PRESEAL_SERVER", server_}, {"PRESEAL_CA", ca_file_}};
  const std::string file = Write("token", std::string(kGoodToken) + "\n");
  EXPECT_EQ(Run({"whoami", "--token-file", file}).code, 0);
  environment_["PRESEAL_TOKEN"] = "bad-token";
  const CliResult refused = Run({"whoami"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("log in again"));
  EXPECT_THAT(gate_.seen(), ElementsAre("Bearer good-token", "Bearer bad-token"));
}

TEST_F(CliSessionTest, ShowsATokensSecretAloneOnStandardOutput) {
  const CliResult created = RunAsAdmin({"tokens", "create", "shop", "--role", "reseller", "--batch",
                                        "PO-7,PO-8", "--expires-in", "30d"});
  EXPECT_EQ(created.code, 0) << created.err;
  EXPECT_EQ(created.out, "pst_t1_secret\n");
  EXPECT_EQ(auth_.last_create.role(), auth_v1::ROLE_RESELLER);
  EXPECT_THAT(auth_.last_create.batches(), ElementsAre("batches/PO-7", "batches/PO-8"));
}

TEST_F(CliSessionTest, SaysThatNothingListens) {
  const CliResult result = Run({"whoami", "--server", "127.0.0.1:1", "--ca", ca_file_});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err,
            "preseal: cannot reach the server: 127.0.0.1:1: nothing listens there (connection "
            "refused)\n");
}

TEST_F(CliSessionTest, SaysThatTheCaIsAnother) {
  ASSERT_OK_AND_ASSIGN(const auto stranger, test::TestPki::Create());
  const std::string other_ca = Write("other.pem", stranger->ca().pem());
  const CliResult result = Run({"whoami", "--server", server_, "--ca", other_ca});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("not from the CA you gave"));
  EXPECT_TRUE(gate_.seen().empty());
}

TEST_F(CliSessionTest, UnreadableFilesAreUsageErrorsNotAnswers) {
  EXPECT_EQ(Run({"whoami", "--server", server_, "--ca", dir_.File("none.pem")}).code, 2);
  const std::string junk = Write("junk.pem", "hello");
  EXPECT_EQ(Run({"whoami", "--server", server_, "--ca", junk}).code, 2);
}

TEST_F(CliSessionTest, WrongUsageExitsWithTwoAndHelpWithZero) {
  EXPECT_EQ(Run({}).code, 2);
  EXPECT_EQ(Run({"devices", "list", "--output", "xml"}).code, 2);
  EXPECT_EQ(Run({"devices", "frobnicate"}).code, 2);
  const CliResult help = Run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("Exit codes: 0 done"));
}

}  // namespace
}  // namespace preseal::server::cli
