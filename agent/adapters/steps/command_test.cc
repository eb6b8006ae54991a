// SPDX-License-Identifier: Apache-2.0
// What commands of steps are told, what they may print, and what is left of them.
#include <gmock/gmock.h>

#include <thread>

#include "agent/adapters/steps/steps_fixture.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {
namespace {

using Kind = StepResult::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class CommandTest : public StepsTest {
 protected:
  static Step ScriptOf(std::string apply) { return StepOf(ScriptStep{"", std::move(apply), ""}); }

  // A zombie that nobody collects is gone as well.
  static bool IsAlive(const std::string& pid) {
    const std::string stat = ReadFile("/proc/" + pid + "/stat");
    const size_t end = stat.rfind(')');
    return end != std::string::npos && stat.size() > end + 2 && stat[end + 2] != 'Z';
  }
  // The number a script left in the file "pid" of the target.
  std::string LeftPid() const {
    std::string pid = ReadFile(InRoot("/pid"));
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    return pid;
  }
};

TEST_F(CommandTest, IsToldItsInputsTheNameAndTheUser) {
  WriteFile(InRoot("/etc/hostname"), "BENCH-7\n");
  ExecutorSettings settings{dir_.File("scratch-2"), "PRESEAL_AGENT_STATE=test"};
  settings.user = [] { return "ada"; };
  auto executor = MakeStepExecutor(*target_, artifacts_, std::move(settings));
  ASSERT_THAT(executor, test::IsOk());
  Step step = ScriptOf(
      "printf '%s|%s|%s|%s' \"$PRESEAL_INPUT_COLOUR\" \"$PRESEAL_INPUT_SIZE\" "
      "\"$PRESEAL_DEVICE_NAME\" \"$PRESEAL_USER\" > out");
  step.inputs = {{"COLOUR", StepInput::Type::kString, "dark blue"},
                 {"SIZE", StepInput::Type::kInteger, "7"}};
  EXPECT_EQ((*executor)->Apply(step, notes_, {}).kind, Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot("/out")), "dark blue|7|BENCH-7|ada");
}

TEST_F(CommandTest, IsToldThatTheNetworkIsPaidByVolume) {
  const Step step = ScriptOf("echo \"${PRESEAL_METERED-no}\" > out");
  EXPECT_EQ(Apply(step).kind, Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot("/out")), "no\n");
  ExecutorSettings settings{dir_.File("scratch-2"), "PRESEAL_AGENT_STATE=test"};
  settings.metered = true;
  auto executor = MakeStepExecutor(*target_, artifacts_, std::move(settings));
  ASSERT_THAT(executor, test::IsOk());
  EXPECT_EQ((*executor)->Apply(step, notes_, {}).kind, Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot("/out")), "1\n");
}

TEST_F(CommandTest, IsNotToldANameThatIsNone) {
  WriteFile(InRoot("/etc/hostname"), "no name; at all\n");
  EXPECT_EQ(Apply(ScriptOf("echo \"${PRESEAL_DEVICE_NAME-none}\" > out")).kind, Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot("/out")), "none\n");
}

TEST_F(CommandTest, ReportsCountsAndPercents) {
  EXPECT_EQ(Apply(ScriptOf("echo PRESEAL_PROGRESS 3 of 7; echo PRESEAL_PROGRESS 40")).kind,
            Kind::kDone);
  EXPECT_THAT(notes_.counts, ElementsAre(Pair(3, 7)));
  EXPECT_THAT(notes_.percents, ElementsAre(40));
  EXPECT_THAT(notes_.lines, IsEmpty());
}

TEST_F(CommandTest, TakesProgressThatMakesNoSenseForText) {
  for (const char* text : {"8 of 7", "1 of 0", "x of 7", "3 of", "-1 of 4", "3 of 7 "}) {
    notes_ = Notes();
    EXPECT_EQ(Apply(ScriptOf("echo 'PRESEAL_PROGRESS " + std::string(text) + "'")).kind,
              Kind::kDone);
    EXPECT_THAT(notes_.counts, IsEmpty()) << text;
    EXPECT_EQ(notes_.lines.size(), 1u) << text;
  }
}

TEST_F(CommandTest, ThatPrintsForEverIsCutAndEndsByItsTimeout) {
  Step step = ScriptOf("exec yes");
  step.timeout = std::chrono::seconds(1);
  const StepResult result = Apply(step);
  EXPECT_EQ(NameOf(result.code), "STEP_TIMEOUT") << result.message;
  ASSERT_EQ(notes_.lines.size(), kStepLinesMax + 1);
  EXPECT_THAT(notes_.lines.back(), HasSubstr("dropped"));
}

TEST_F(CommandTest, ThatPrintsFewButHugeLinesIsCut) {
  const auto pieces = kStepOutputBytesMax / kEventTextBytesMax;
  EXPECT_EQ(Apply(ScriptOf("head -c " + std::to_string(2 * kStepOutputBytesMax) +
                           " /dev/zero | tr '\\0' x"))
                .kind,
            Kind::kDone);
  EXPECT_EQ(notes_.lines.size(), pieces + 1);
}

TEST_F(CommandTest, ProgressIsHeardBehindTheCut) {
  EXPECT_EQ(Apply(ScriptOf("yes | head -n 20000; echo PRESEAL_PROGRESS 3 of 7")).kind, Kind::kDone);
  EXPECT_EQ(notes_.lines.size(), kStepLinesMax + 1);
  EXPECT_THAT(notes_.counts, ElementsAre(Pair(3, 7)));
}

constexpr char kLinger[] = "'echo $$ > pid; exec sleep 300'";
constexpr char kUntilThere[] = "; while [ ! -s pid ]; do sleep 0.02; done";

TEST_F(CommandTest, LeavesNoGrandchildInASessionOfItsOwn) {
  const StepResult result =
      Apply(ScriptOf("setsid sh -c " + std::string(kLinger) + " >/dev/null 2>&1 &" + "\n" +
                     std::string(kUntilThere).substr(2)));
  EXPECT_EQ(result.kind, Kind::kDone) << result.message;
  ASSERT_FALSE(LeftPid().empty());
  EXPECT_FALSE(IsAlive(LeftPid()));
}

TEST_F(CommandTest, LeavesNoDaemonThatForgotWhereItIsFrom) {
  const StepResult result =
      Apply(ScriptOf("setsid env -i sh -c '(sh -c \"echo \\$\\$ > pid; exec sleep 300\") "
                     ">/dev/null 2>&1 &' &\n" +
                     std::string(kUntilThere).substr(2)));
  EXPECT_EQ(result.kind, Kind::kDone) << result.message;
  ASSERT_FALSE(LeftPid().empty());
  EXPECT_FALSE(IsAlive(LeftPid()));
}

TEST_F(CommandTest, ThatKillsWhoWatchesOverItFailsAndLeavesNothing) {
  const StepResult result =
      Apply(ScriptOf("setsid sh -c " + std::string(kLinger) + " >/dev/null 2>&1 &\n" +
                     std::string(kUntilThere).substr(2) + "; kill -9 $PPID; sleep 300"));
  EXPECT_EQ(result.kind, Kind::kFailed);
  EXPECT_EQ(NameOf(result.code), "STEP_SIGNALLED") << result.message;
  ASSERT_FALSE(LeftPid().empty());
  EXPECT_FALSE(IsAlive(LeftPid()));
}

TEST_F(CommandTest, EndsThoughAGrandchildHoldsItsOutput) {
  const auto began = std::chrono::steady_clock::now();
  const StepResult result = Apply(ScriptOf("setsid sh -c " + std::string(kLinger) + " &\n" +
                                           std::string(kUntilThere).substr(2)));
  EXPECT_EQ(result.kind, Kind::kDone) << result.message;
  EXPECT_FALSE(IsAlive(LeftPid()));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(25));  // of 30
}

TEST_F(CommandTest, EndingOneLeavesTheOthersAlone) {
  std::jthread other([this] {
    Notes notes;
    Step step = ScriptOf("touch there; while [ ! -e go ]; do sleep 0.02; done");
    step.item_id = "other";
    EXPECT_EQ(executor_->Apply(step, notes, {}).kind, Kind::kDone);
  });
  Step step = ScriptOf("while [ ! -e there ]; do sleep 0.02; done");
  EXPECT_EQ(Apply(step).kind, Kind::kDone);
  WriteFile(InRoot("/go"), "");
}

TEST_F(CommandTest, EveryStepRunsItsOwnScriptWhenSeveralRunAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      const std::string own = std::to_string(i);
      Notes notes;
      Step step = StepOf(ScriptStep{"", "echo " + own + " > file-" + own,
                                    "[ \"$(cat file-" + own + ")\" = " + own + " ]"});
      step.item_id = "item-" + own;
      EXPECT_EQ(executor_->Apply(step, notes, {}).kind, Kind::kDone);
      EXPECT_EQ(executor_->Verify(step, notes, {}).kind, Kind::kDone);
    });
  }
  threads.clear();
  EXPECT_TRUE(std::filesystem::is_empty(dir_.File("scratch")));
}

TEST_F(CommandTest, RequiresDecidesByItsExitCode) {
  Step step = ScriptOf("true");
  EXPECT_EQ(executor_->Requires(step, notes_, {}).kind, Kind::kDone);
  step.requires_script = "exit 0";
  EXPECT_EQ(executor_->Requires(step, notes_, {}).kind, Kind::kDone);
  step.requires_script = "exit 1";
  EXPECT_EQ(executor_->Requires(step, notes_, {}).kind, Kind::kNotInPlace);
  for (const char* script : {"exit 2", "no-such-command-anywhere", "kill -9 $$"}) {
    step.requires_script = script;
    const StepResult result = executor_->Requires(step, notes_, {});
    EXPECT_EQ(result.kind, Kind::kFailed) << script;
    EXPECT_EQ(NameOf(result.code), "REQUIRES_FAILED") << script;
  }
}

TEST_F(CommandTest, RevertRunsTheUndoCommandOfAnyKindOfStep) {
  Step step = StepOf(FileStep{"/etc/motd", 0644, ToBytes("hello")});
  ASSERT_EQ(Apply(step).kind, Kind::kDone);
  EXPECT_EQ(executor_->Revert(step, notes_, {}).kind, Kind::kDone);
  EXPECT_TRUE(std::filesystem::exists(InRoot("/etc/motd")));
  step.undo = Undo::kCommand;
  step.undo_command = "rm etc/motd";
  EXPECT_EQ(executor_->Revert(step, notes_, {}).kind, Kind::kDone);
  EXPECT_FALSE(std::filesystem::exists(InRoot("/etc/motd")));
  EXPECT_EQ(NameOf(executor_->Revert(step, notes_, {}).code), "UNDO_FAILED");
}

TEST_F(CommandTest, AnExitCodeMeansWhatItsRuleSays) {
  Step step = ScriptOf("exit 40");
  step.exit_codes = {{40, ExitMeaning::kRebootNow}};
  EXPECT_EQ(Apply(step).kind, Kind::kDone);
  EXPECT_EQ(Apply(step).reboot, StepResult::Reboot::kNow);
  step.exit_codes = {{40, ExitMeaning::kRebootLater}};
  EXPECT_EQ(Apply(step).kind, Kind::kDone);
  EXPECT_EQ(Apply(step).reboot, StepResult::Reboot::kLater);
  step.exit_codes = {{40, ExitMeaning::kFailFatal}};
  const StepResult fatal = Apply(step);
  EXPECT_EQ(NameOf(fatal.code), "FATAL");
  EXPECT_TRUE(fatal.final && fatal.fatal);
  EXPECT_EQ(fatal.exit_code, 40);
  step.exit_codes = {{40, ExitMeaning::kFail}};
  EXPECT_TRUE(Apply(step).final);
  EXPECT_FALSE(Apply(step).fatal);
  step.exit_codes = {{40, ExitMeaning::kRetry}};
  EXPECT_FALSE(Apply(step).final);
}

TEST_F(CommandTest, RefusesWhatIsTheEnginesOwn) {
  for (const StepAction& action :
       {StepAction(PromptStep{}), StepAction(WaitStep{}), StepAction(RebootStep{})}) {
    EXPECT_EQ(Apply(StepOf(action)).kind, Kind::kFailed);
    EXPECT_EQ(Detect(StepOf(action)).kind, Kind::kFailed);
    EXPECT_EQ(Verify(StepOf(action)).kind, Kind::kFailed);
  }
}

}  // namespace
}  // namespace preseal::agent::steps
