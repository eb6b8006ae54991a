// SPDX-License-Identifier: Apache-2.0
// The scripts as the shells themselves understand them.
#include "server/cli/completion.h"

#include <fstream>

#include "common/base/bytes.h"
#include "common/process/process.h"
#include "server/cli/command_tree.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server::cli {
namespace {

// What `shell -c script` prints; a test failure if it cannot run or fails.
std::string Output(const std::string& shell, const std::string& script) {
  process::Command command;
  command.argv = {shell, "-c", script};
  command.environment = process::MinimalEnvironment();
  command.timeout = std::chrono::seconds(20);
  const auto captured = process::RunAndCapture(command);
  EXPECT_TRUE(captured.ok()) << ToString(captured.status());
  if (!captured.ok()) return "";
  EXPECT_TRUE(captured->ending.Succeeded()) << captured->error;
  return captured->output;
}

class CompletionTest : public testing::Test {
 protected:
  std::string ScriptFile(const std::string& shell) {
    const StatusOr<std::string> script = CompletionScript(DescribeCommands(), shell);
    EXPECT_TRUE(script.ok());
    std::ofstream(dir_.File(shell)) << script.value_or("");
    return dir_.File(shell);
  }

  // What bash offers after the words, the last of which is being typed.
  std::string BashOffers(const std::string& words) {
    return Output("bash", "source " + ScriptFile("bash") + "; COMP_WORDS=(" + words +
                              "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _preseal; "
                              "echo \"${COMPREPLY[*]}\"");
  }

  test::TempDir dir_;
};

TEST_F(CompletionTest, BashOffersCommandsOfTheCommand) {
  EXPECT_EQ(BashOffers("preseal ba"), "batches\n");
  EXPECT_EQ(BashOffers("preseal devices ''").substr(0, 16), "list show watch ");
  EXPECT_EQ(BashOffers("preseal completion ''").substr(0, 14), "bash zsh fish ");
}

TEST_F(CompletionTest, BashOffersOptionsAndTheirChoices) {
  EXPECT_EQ(BashOffers("preseal reseal --al"), "--all-ready\n");
  EXPECT_EQ(BashOffers("preseal devices list --ou"), "--output\n");  // the root's, everywhere
  EXPECT_EQ(BashOffers("preseal devices list --output ''"), "table json csv\n");
  EXPECT_EQ(BashOffers("preseal devices list --state RE"), "REGISTERED READY_TO_SEAL RETIRED\n");
  EXPECT_EQ(BashOffers("preseal tokens create --role a"), "admin auditor\n");
}

TEST_F(CompletionTest, BashLeavesFreeValuesAlone) {
  EXPECT_EQ(BashOffers("preseal import x.csv --batch P"), "\n");
}

class OtherShellTest : public CompletionTest, public testing::WithParamInterface<std::string> {};

TEST_P(OtherShellTest, AcceptsItsScript) {
  process::Command command;
  command.argv = {GetParam(), "-n", ScriptFile(GetParam())};
  command.environment = process::MinimalEnvironment();
  command.timeout = std::chrono::seconds(20);
  const auto captured = process::RunAndCapture(command);
  if (captured.status().code() == StatusCode::kNotFound) {
    GTEST_SKIP() << GetParam() << " is not installed: its completion script was not parsed";
  }
  ASSERT_OK(captured.status());
  EXPECT_TRUE(captured->ending.Succeeded()) << captured->error;
}

INSTANTIATE_TEST_SUITE_P(Shells, OtherShellTest, testing::Values("zsh", "fish"),
                         [](const auto& info) { return info.param; });

// The golden script of a small tree: quoting, files, choices, short options.
TEST_F(CompletionTest, FishScriptReadsAsExpected) {
  CommandShape root{.name = "tool", .help = "a tool"};
  root.options = {
      {.long_name = "ca", .help = "the CA's file", .takes_value = true, .is_file = true}};
  CommandShape get{.name = "get", .help = "fetch it"};
  get.options = {{.long_name = "format",
                  .short_name = "f",
                  .help = "how",
                  .takes_value = true,
                  .choices = {"a", "b"}}};
  get.takes_file = true;
  root.commands = {get};
  ASSERT_OK_AND_ASSIGN(const std::string script, CompletionScript(root, "fish"));
  EXPECT_EQ(script.substr(script.find("complete -c tool -f")),
            "complete -c tool -f\n"
            "complete -c tool -n '__tool_at \"tool\"' -a get -d 'fetch it'\n"
            "complete -c tool -l ca -r -F -d 'the CA'\\''s file'\n"
            "complete -c tool -n '__tool_at \"tool get\"' -F\n"
            "complete -c tool -n '__tool_at \"tool get\"' -l format -s f -x -a 'a b' -d 'how'\n");
}

TEST(CompletionScriptTest, RefusesOtherShells) {
  EXPECT_THAT(CompletionScript({}, "csh"), test::StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::server::cli
