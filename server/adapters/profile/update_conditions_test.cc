// SPDX-License-Identifier: Apache-2.0
// The script that decides whether a device takes quality updates, as a device runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.h"
#include "common/process/process.h"
#include "server/adapters/profile/builtin_steps.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

namespace plv1 = plan::v1;

// With programs of its own in place of the system's.
class UpdateConditionTest : public testing::Test {
 protected:
  UpdateConditionTest() {
    Install("apt-get", "exit 0");
    Install("nmcli", "echo GENERAL.METERED:no");
    plv1::Step step;
    step.set_requires_script("command -v apt-get >/dev/null\n");
    AddUpdateConditions(&step);
    script_ = step.requires_script();
  }
  void Install(const std::string& name, const std::string& text) {
    const std::string program = "#!/bin/sh\n" + text + "\n";
    EXPECT_OK(files::WriteAtomic(dir_.File(name), AsBytes(program), 0755));
  }
  bool Holds(std::vector<std::string> environment) {
    process::Command command;
    command.argv = {"/bin/sh", "-c", script_};
    command.environment = std::move(environment);
    command.environment.push_back("PATH=" + dir_.path().string() + ":/usr/bin:/bin");
    const auto captured = process::RunAndCapture(command);
    EXPECT_OK(captured.status());
    return captured.ok() && captured->ending.Succeeded();
  }

  test::TempDir dir_;
  std::string script_;
};

TEST_F(UpdateConditionTest, HoldsOnARunningSystemWithAFreeNetwork) {
  EXPECT_TRUE(Holds({"PRESEAL_TARGET_ROOT=/"}));
  EXPECT_FALSE(Holds({"PRESEAL_TARGET_ROOT=/mnt"}));
}

TEST_F(UpdateConditionTest, FailsWhereTheAgentWasToldThatTheNetworkIsMetered) {
  EXPECT_FALSE(Holds({"PRESEAL_TARGET_ROOT=/", "PRESEAL_METERED=1"}));
}

TEST_F(UpdateConditionTest, FailsWhereNetworkManagerKnowsAMeteredLink) {
  Install("nmcli", "echo GENERAL.METERED:no; echo 'GENERAL.METERED:yes (guessed)'");
  EXPECT_FALSE(Holds({"PRESEAL_TARGET_ROOT=/"}));
}

}  // namespace
}  // namespace preseal::server
