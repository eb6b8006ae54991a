// SPDX-License-Identifier: Apache-2.0
#include "agent/app/options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

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
