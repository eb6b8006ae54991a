// SPDX-License-Identifier: Apache-2.0
#include "agent/app/options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "agent/app/agent.h"
#include "agent/app/answers.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::agent {
namespace {

const std::vector<std::string> kRequired = {
    "run",    "--enrollment-endpoint", "e:1",   "--device-endpoint", "d:2",  "--server-ca",
    "ca.pem", "--station-cert",        "s.pem", "--station-key",     "s.key"};

ParsedOptions Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "preseal-agent");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return ParseOptions(static_cast<int>(argv.size()), argv.data());
}

ParsedOptions ParseWith(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = kRequired;
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Parse(arguments);
}

TEST(OptionsTest, HasDefaultsForEverythingThatIsNotRequired) {
  const auto parsed = ParseWith({});
  ASSERT_TRUE(parsed.run);
  EXPECT_EQ(parsed.options.device_endpoint, "d:2");
  EXPECT_EQ(parsed.options.tcti, "device:/dev/tpmrm0");
  EXPECT_EQ(parsed.options.power_off.kind, PowerOff::Kind::kPowerOff);
  EXPECT_EQ(parsed.options.enroll_retry, std::chrono::milliseconds(5000));
}

TEST(OptionsTest, RefusesARunWithoutServer) {
  const auto parsed = Parse({"run"});
  EXPECT_FALSE(parsed.run);
  EXPECT_EQ(parsed.exit_code, 2);
}

TEST(OptionsTest, HelpIsNoError) {
  const auto parsed = Parse({"--help"});
  EXPECT_FALSE(parsed.run);
  EXPECT_EQ(parsed.exit_code, 0);
}

TEST(OptionsTest, ReadsPowerOffActions) {
  EXPECT_EQ(ParseWith({"--power-off", "exit"}).options.power_off.kind, PowerOff::Kind::kExit);
  const auto command = ParseWith({"--power-off", "command:ipmitool power off"}).options.power_off;
  EXPECT_EQ(command.kind, PowerOff::Kind::kCommand);
  EXPECT_EQ(command.command, "ipmitool power off");
  EXPECT_EQ(ParseWith({"--power-off", "explode"}).exit_code, 2);
}

TEST(OptionsTest, TakesAnOrderCodeAndRefusesOneThatIsTooLong) {
  EXPECT_EQ(ParseWith({"--order-code", "ABCD-1234"}).options.order_code, "ABCD-1234");
  EXPECT_EQ(ParseWith({"--order-code", std::string(65, 'A')}).exit_code, 2);
}

TEST(OptionsTest, RefusesASlotThatDoesNotFitATile) {
  EXPECT_EQ(ParseWith({"--slot", std::string(33, 'x')}).exit_code, 2);
  EXPECT_TRUE(ParseWith({"--slot", std::string(32, 'x')}).run);
}

TEST(OptionsTest, RefusesUnknownWords) {
  EXPECT_EQ(ParseWith({"--console", "fancy"}).exit_code, 2);
  EXPECT_EQ(ParseWith({"--log-level", "loud"}).exit_code, 2);
  EXPECT_EQ(ParseWith({"--no-such-flag"}).exit_code, 2);
}

TEST(OptionsTest, ReadsRestartActions) {
  EXPECT_EQ(ParseWith({}).options.restart.kind, Restart::Kind::kReboot);
  EXPECT_EQ(ParseWith({"--restart", "exit"}).options.restart.kind, Restart::Kind::kExit);
  const auto command = ParseWith({"--restart", "command:touch x"}).options.restart;
  EXPECT_EQ(command.kind, Restart::Kind::kCommand);
  EXPECT_EQ(command.command, "touch x");
  EXPECT_EQ(ParseWith({"--restart", "never"}).exit_code, 2);
}

TEST(OptionsTest, TheTargetsAgentIsLookedForUnlessItIsNamed) {
  EXPECT_FALSE(ParseWith({}).options.target_agent.has_value());
  EXPECT_EQ(ParseWith({"--target-agent", "/opt/agent"}).options.target_agent, "/opt/agent");
  EXPECT_EQ(ParseWith({"--target-agent", ""}).options.target_agent, "");
}

TEST(OptionsTest, TheTechnicianFlowNeedsAStation) {
  std::vector<std::string> arguments = kRequired;
  arguments.resize(arguments.size() - 2);
  EXPECT_EQ(Parse(arguments).exit_code, 2);
}

TEST(OptionsTest, TheUserFlowNeedsOnlyItsServer) {
  const auto parsed = Parse({"run", "--flow", "user", "--device-endpoint", "d:2"});
  ASSERT_TRUE(parsed.run);
  EXPECT_EQ(parsed.options.flow, Flow::kUser);
  EXPECT_EQ(parsed.options.target_root, "/");
  EXPECT_EQ(parsed.options.state_directory, "/var/lib/preseal/agent");
  EXPECT_EQ(parsed.options.server_ca_file, "/var/lib/preseal/agent/server-ca.pem");
  EXPECT_EQ(Parse({"run", "--flow", "user"}).exit_code, 2);
}

// What the seal writes is what the first boot reads.
TEST(OptionsTest, ReadsTheConfigurationOfTheUserFlow) {
  const test::TempDir dir;
  std::ofstream(dir.File("agent.conf"))
      << "# Written\n[run]\nflow = \"user\"\ndevice-endpoint = \"floor.example:7444\"\n"
         "server-name = \"\"\ntcti = \"device:/dev/tpmrm0\"\n";
  const auto parsed = Parse({"run", "--config", dir.File("agent.conf")});
  ASSERT_TRUE(parsed.run);
  EXPECT_EQ(parsed.options.flow, Flow::kUser);
  EXPECT_EQ(parsed.options.device_endpoint, "floor.example:7444");
  EXPECT_EQ(parsed.options.server_name, "");
}

TEST(RestartTest, RunsTheCommandAndTellsWhyItFailed) {
  const test::TempDir dir;
  EXPECT_THAT(AskForRestart({Restart::Kind::kExit, ""}, {}), test::IsOk());
  EXPECT_THAT(AskForRestart({Restart::Kind::kCommand, "echo down > " + dir.File("asked")}, {}),
              test::IsOk());
  EXPECT_TRUE(std::ifstream(dir.File("asked")).good());
  const Status refused = AskForRestart({Restart::Kind::kCommand, "echo not allowed; exit 3"}, {});
  EXPECT_THAT(refused, test::StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_NE(ToString(refused).find("exit code 3: not allowed"), std::string::npos);
}

TEST(AnswersTest, ReadsAnswersByQuestion) {
  const test::TempDir dir;
  std::ofstream(dir.File("answers.yaml"))
      << "language: de-DE\nlicence: accept\nsign_in: page\nusername: alice\n"
         "code: AAAA-BBBB-CCCC\nitems: {asset-tag: A-1, room: \"12\"}\n";
  const auto answers = ReadAnswers(dir.File("answers.yaml"));
  ASSERT_THAT(answers, test::IsOk());
  EXPECT_EQ(*answers, (PreparedAnswers{{"language", "de-DE"},
                                       {"licence", "accept"},
                                       {"privacy", "next"},
                                       {"sign-in", "sign-in page of the organisation"},
                                       {"username", "alice"},
                                       {"code", "AAAA-BBBB-CCCC"},
                                       {"item/asset-tag", "A-1"},
                                       {"item/room", "12"}}));
}

TEST(AnswersTest, ReadsJsonToo) {
  const test::TempDir dir;
  std::ofstream(dir.File("a.json")) << "{\"language\": \"fr-FR\", \"sign_in\": \"code\"}";
  EXPECT_THAT(
      ReadAnswers(dir.File("a.json")),
      test::IsOkAndHolds(PreparedAnswers{{"language", "fr-FR"}, {"sign-in", "one-time code"}}));
}

TEST(AnswersTest, NamesThePlaceOfAMistake) {
  const test::TempDir dir;
  std::ofstream(dir.File("a.yaml")) << "language: de\nlangauge: en\n";
  const auto answers = ReadAnswers(dir.File("a.yaml"));
  EXPECT_THAT(answers.status(), test::StatusIs(StatusCode::kInvalidArgument));
  EXPECT_NE(ToString(answers.status()).find("a.yaml:2:1"), std::string::npos)
      << ToString(answers.status());
}

TEST(OptionsTest, ReadsAConfigurationFileAndLetsTheCommandLineWin) {
  const test::TempDir dir;
  std::ofstream(dir.File("agent.conf")) << "[run]\nslot = \"A1\"\ntarget-root = \"/mnt/disk\"\n";
  const auto parsed = ParseWith({"--config", dir.File("agent.conf"), "--slot", "B2"});
  ASSERT_TRUE(parsed.run);
  EXPECT_EQ(parsed.options.target_root, "/mnt/disk");
  EXPECT_EQ(parsed.options.slot, "B2");
}

}  // namespace
}  // namespace preseal::agent
