// SPDX-License-Identifier: Apache-2.0
#include "common/process/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "common/base/limits.h"
#include "common/process/lines.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::process {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::IsOk;
using test::StatusIs;
using testing::ElementsAre;

Command Shell(std::string script) {
  Command command;
  command.argv = {"/bin/sh", "-c", std::move(script)};
  command.environment = MinimalEnvironment();
  return command;
}

bool Gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

bool BecomesTrue(const std::function<bool()>& condition) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(RunTest, HandsOverEachLineOfBothOutputsAndTheExitCode) {
  std::vector<std::string> out, err;
  ASSERT_OK_AND_ASSIGN(const Ending ending,
                       process::Run(Shell("printf 'a\\nb\\r\\nlast'; echo e >&2; exit 7"),
                                    [&out, &err](Output from, std::string_view line) {
                                      (from == Output::kStandard ? out : err).emplace_back(line);
                                    }));
  EXPECT_EQ(ending.kind, Ending::Kind::kExited);
  EXPECT_EQ(ending.exit_code, 7);
  EXPECT_THAT(out, ElementsAre("a", "b", "last"));
  EXPECT_THAT(err, ElementsAre("e"));
}

TEST(RunTest, ReportsTheSignalThatEndedTheChild) {
  ASSERT_OK_AND_ASSIGN(const Ending ending, process::Run(Shell("kill -9 $$"), nullptr));
  EXPECT_EQ(ending.kind, Ending::Kind::kSignalled);
  EXPECT_EQ(ending.signal, SIGKILL);
}

TEST(RunTest, NamesAProgramThatDoesNotExist) {
  Command command = Shell("");
  command.argv = {"no-such-program-anywhere"};
  EXPECT_THAT(process::Run(command, nullptr),
              StatusIs(StatusCode::kNotFound, "no-such-program-anywhere"));
  command.argv = {"/no/such/program"};
  EXPECT_THAT(process::Run(command, nullptr), StatusIs(StatusCode::kNotFound, "/no/such/program"));
}

TEST(RunTest, NamesAWorkingDirectoryThatDoesNotExist) {
  Command command = Shell("true");
  command.working_directory = "/no/such/folder";
  EXPECT_THAT(process::Run(command, nullptr), StatusIs(StatusCode::kNotFound, "/no/such/folder"));
}

TEST(RunTest, GivesTheChildOnlyItsOwnEnvironment) {
  ASSERT_EQ(::setenv("PRESEAL_TEST_LEAK", "1", 1), 0);
  Command command = Shell("env");
  command.environment = {"PATH=/usr/bin:/bin", "ONLY=this"};
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(command));
  EXPECT_NE(captured.output.find("ONLY=this"), std::string::npos);
  EXPECT_EQ(captured.output.find("PRESEAL_TEST_LEAK"), std::string::npos);
}

TEST(RunTest, LeavesTheChildNoDescriptorButItsThree) {
  int leak[2];
  ASSERT_EQ(::pipe(leak), 0);  // deliberately without O_CLOEXEC
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(Shell("echo /proc/self/fd/*")));
  ::close(leak[0]);
  ::close(leak[1]);
  // The shell's own glob opens the folder as 3.
  EXPECT_EQ(captured.output.find("/proc/self/fd/4"), std::string::npos) << captured.output;
}

TEST(RunTest, StandardInputIsEmpty) {
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(Shell("wc -c")));
  EXPECT_EQ(captured.output, "0\n");
}

TEST(RunTest, TimeoutKillsTheWholeGroup) {
  Command command = Shell("sleep 100 & echo $!; sleep 100");
  command.timeout = milliseconds(200);
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(command));
  EXPECT_EQ(captured.ending.kind, Ending::Kind::kTimedOut);
  const pid_t grandchild = std::stoi(captured.output);
  EXPECT_TRUE(BecomesTrue([grandchild] { return Gone(grandchild); }));
}

TEST(RunTest, KillsAGroupThatIgnoresTerm) {
  Command command = Shell("trap '' TERM; while :; do sleep 1; done");
  command.timeout = milliseconds(100);
  command.grace = milliseconds(100);
  const auto start = steady_clock::now();
  ASSERT_OK_AND_ASSIGN(const Ending ending, process::Run(command, nullptr));
  EXPECT_EQ(ending.kind, Ending::Kind::kTimedOut);
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(RunTest, GivesTheGroupItsGraceToCleanUp) {
  Command command =
      Shell("trap 'echo cleaned; exit 0' TERM; echo up; while :; do sleep 0.01; done");
  command.timeout = milliseconds(300);
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(command));
  EXPECT_EQ(captured.ending.kind, Ending::Kind::kTimedOut);
  EXPECT_EQ(captured.output, "up\ncleaned\n");
}

TEST(RunTest, StopEndsTheChildAtOnce) {
  std::stop_source stop;
  std::vector<std::string> lines;
  ASSERT_OK_AND_ASSIGN(const Ending ending, process::Run(
                                                Shell("echo up; sleep 100"),
                                                [&stop, &lines](Output, std::string_view line) {
                                                  lines.emplace_back(line);
                                                  stop.request_stop();
                                                },
                                                stop.get_token()));
  EXPECT_EQ(ending.kind, Ending::Kind::kStopped);
  EXPECT_THAT(lines, ElementsAre("up"));
}

TEST(RunTest, DoesNotWaitForABackgroundProcessItsChildLeft) {
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(Shell("sleep 100 & echo $!")));
  EXPECT_TRUE(captured.ending.Succeeded());
  const pid_t left = std::stoi(captured.output);
  EXPECT_TRUE(BecomesTrue([left] { return Gone(left); }));
}

// nobody's, which every system has, with a group more.
constexpr uid_t kSomebody = 65534;
Command AsSomebody(std::string script) {
  Command command = Shell(std::move(script));
  command.account = Account{kSomebody, kSomebody, {kSomebody, 64999}};
  return command;
}

class AccountTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  }
};

TEST_F(AccountTest, RunsAsItWithItsGroupsAndNoWayBack) {
  ASSERT_OK_AND_ASSIGN(
      const Captured captured,
      RunAndCapture(AsSomebody("grep -E '^(Uid|Gid|Groups|CapPrm|CapEff):' /proc/self/status")));
  EXPECT_EQ(captured.output,
            "Uid:\t65534\t65534\t65534\t65534\n"
            "Gid:\t65534\t65534\t65534\t65534\n"
            "Groups:\t64999 65534 \n"
            "CapPrm:\t0000000000000000\n"
            "CapEff:\t0000000000000000\n");
}

TEST_F(AccountTest, HasASessionAndNoTerminalOfOurs) {
  ASSERT_OK_AND_ASSIGN(const Captured captured,
                       RunAndCapture(AsSomebody("cut -d' ' -f1,5,6,7 /proc/$$/stat; echo $$")));
  const std::string pid = captured.output.substr(0, captured.output.find(' '));
  EXPECT_EQ(captured.output, pid + " " + pid + " " + pid + " 0\n" + pid + "\n");
}

TEST_F(AccountTest, DiesWithItsSupervisorThoughItChangedUsers) {
  pid_t program = 0;
  EXPECT_THAT(process::Run(AsSomebody("echo $PPID; echo $$; exec sleep 100"),
                           [&, supervisor = pid_t{0}](Output, std::string_view line) mutable {
                             const pid_t pid = std::stoi(std::string(line));
                             if (supervisor == 0) {
                               supervisor = pid;
                             } else {
                               program = pid;
                               ::kill(supervisor, SIGKILL);
                             }
                           }),
              StatusIs(StatusCode::kAborted, "watches over"));
  ASSERT_NE(program, 0);
  EXPECT_TRUE(BecomesTrue([program] { return Gone(program); }));
}

TEST_F(AccountTest, IsStoppedByItsTimeout) {
  Command command = AsSomebody("echo $$; exec sleep 100");
  command.timeout = milliseconds(200);
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(command));
  EXPECT_EQ(captured.ending.kind, Ending::Kind::kTimedOut);
  EXPECT_TRUE(Gone(std::stoi(captured.output)));
}

TEST_F(AccountTest, IsNeverRoot) {
  Command command = Shell("true");
  command.account = Account{};
  EXPECT_THAT(process::Run(command, nullptr), StatusIs(StatusCode::kInvalidArgument, "root"));
}

TEST_F(AccountTest, StartsInAHomeBehindAClosedDoor) {
  test::TempDir dir;
  const std::string home = dir.File("home");
  ASSERT_EQ(::mkdir(home.c_str(), 0700), 0);
  ASSERT_EQ(::chown(home.c_str(), kSomebody, kSomebody), 0);
  Command command = AsSomebody("echo mine > note && cat note");
  command.working_directory = home;
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(command));
  EXPECT_EQ(captured.output, "mine\n") << captured.error;
}

TEST(RunTest, HandsOnOneFileAsDescriptorThree) {
  test::TempDir dir;
  std::ofstream(dir.File("file")) << "from the file\n";
  const UniqueFd file(::open(dir.File("file").c_str(), O_RDONLY | O_CLOEXEC));
  Command command = Shell("cat <&3; echo /proc/self/fd/*");
  command.extra_descriptor = file.get();
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(command));
  EXPECT_THAT(captured.output, testing::StartsWith("from the file\n"));
  EXPECT_EQ(captured.output.find("/proc/self/fd/5"), std::string::npos) << captured.output;
}

// Makes a session of its own, forgets its environment and is adopted when its parent ends.
constexpr char kDaemonise[] = "setsid env -i sh -c '(sleep 100 >/dev/null 2>&1 & echo $!)' &\nwait";

TEST(RunTest, EndsADaemonThatForgotItsEnvironment) {
  Command command = Shell(kDaemonise);
  command.ends_descendants = true;
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(command));
  EXPECT_TRUE(captured.ending.Succeeded());
  ASSERT_FALSE(captured.output.empty());
  EXPECT_TRUE(Gone(std::stoi(captured.output)));  // at once, and no zombie either
}

TEST(RunTest, LeavesADaemonAloneUnlessTold) {
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(Shell(kDaemonise)));
  ASSERT_FALSE(captured.output.empty());
  const pid_t daemon = std::stoi(captured.output);
  EXPECT_FALSE(Gone(daemon));
  ::kill(daemon, SIGKILL);
}

TEST(RunTest, EndsADaemonWhenItsTimeIsOver) {
  Command command = Shell(std::string(kDaemonise) + "; exec sleep 100");
  command.ends_descendants = true;
  command.timeout = milliseconds(500);
  ASSERT_OK_AND_ASSIGN(const Captured captured, RunAndCapture(command));
  EXPECT_EQ(captured.ending.kind, Ending::Kind::kTimedOut);
  ASSERT_FALSE(captured.output.empty());
  EXPECT_TRUE(Gone(std::stoi(captured.output)));
}

TEST(RunTest, EndsOnlyItsOwnDaemons) {
  ASSERT_OK_AND_ASSIGN(const auto child, Child::Start(Shell("sleep 100")));
  Command first = Shell("echo up; read line < $FIFO; echo $line");
  test::TempDir dir;
  const std::string fifo = dir.File("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  first.environment.push_back("FIFO=" + fifo);
  first.ends_descendants = true;
  Command second = Shell(kDaemonise);
  second.ends_descendants = true;
  std::vector<std::string> lines;
  // The second runs to its end while the first, in a session of its own, is still at work.
  ASSERT_OK_AND_ASSIGN(const Ending ending, process::Run(first, [&](Output, std::string_view line) {
                         lines.emplace_back(line);
                         if (line != "up") return;
                         EXPECT_THAT(RunAndCapture(second), IsOk());
                         std::ofstream(fifo) << "still here\n";
                       }));
  EXPECT_TRUE(ending.Succeeded());
  EXPECT_THAT(lines, ElementsAre("up", "still here"));
  EXPECT_TRUE(child->Running());
}

TEST(RunTest, LeavesNothingWhenItsCallerIsKilled) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t caller = ::fork();
  if (caller == 0) {
    Command command = Shell(std::string(kDaemonise) + "; exec sleep 100");
    command.ends_descendants = true;
    (void)process::Run(command, [&pipe](Output, std::string_view line) {
      [[maybe_unused]] const ssize_t put = ::write(pipe[1], line.data(), line.size());
      ::raise(SIGKILL);
    });
    ::_exit(1);
  }
  ASSERT_GT(caller, 0);
  ::close(pipe[1]);
  char text[32] = {};
  ASSERT_GT(::read(pipe[0], text, sizeof text - 1), 0);
  ::close(pipe[0]);
  ASSERT_EQ(::waitpid(caller, nullptr, 0), caller);
  const pid_t daemon = std::stoi(text);
  EXPECT_TRUE(BecomesTrue([daemon] { return Gone(daemon); }));
}

TEST(RunTest, EndsThoughWhoWatchesOverItIsStopped) {
  Command command = Shell("kill -STOP $PPID; echo $$; exec sleep 100");
  command.timeout = milliseconds(100);
  command.grace = milliseconds(100);
  pid_t program = 0;
  EXPECT_THAT(process::Run(command,
                           [&program](Output, std::string_view line) {
                             program = std::stoi(std::string(line));
                           }),
              StatusIs(StatusCode::kAborted));
  ASSERT_NE(program, 0);
  EXPECT_TRUE(BecomesTrue([program] { return Gone(program); }));
}

TEST(ChildTest, IsKilledWhenDropped) {
  pid_t pid;
  {
    ASSERT_OK_AND_ASSIGN(const auto child, Child::Start(Shell("sleep 100")));
    pid = child->pid();
    EXPECT_TRUE(child->Running());
    EXPECT_THAT(child->Wait(milliseconds(0)), StatusIs(StatusCode::kDeadlineExceeded));
  }
  EXPECT_TRUE(Gone(pid));
}

TEST(ChildTest, WaitTellsTheSameEndAgain) {
  ASSERT_OK_AND_ASSIGN(const auto child, Child::Start(Shell("exit 3")));
  ASSERT_OK_AND_ASSIGN(const Ending first, child->Wait(std::chrono::seconds(10)));
  ASSERT_OK_AND_ASSIGN(const Ending second, child->Wait(milliseconds(0)));
  EXPECT_EQ(first.exit_code, 3);
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_FALSE(child->Running());
}

TEST(KillMarkedTest, KillsExactlyTheProcessesWithTheMarker) {
  Command marked = Shell("sleep 100");
  marked.environment.push_back("PRESEAL_TEST_MARK=" + std::to_string(::getpid()));
  Command other = Shell("sleep 100");
  other.environment.push_back("PRESEAL_TEST_MARK=" + std::to_string(::getpid()) + "0");
  ASSERT_OK_AND_ASSIGN(const auto first, Child::Start(marked));
  ASSERT_OK_AND_ASSIGN(const auto second, Child::Start(other));
  ASSERT_OK_AND_ASSIGN(
      const size_t killed,
      KillMarked("PRESEAL_TEST_MARK=" + std::to_string(::getpid()), std::chrono::seconds(10)));
  EXPECT_GE(killed, 1u);
  EXPECT_FALSE(first->Running());
  EXPECT_TRUE(second->Running());
}

TEST(LineSplitterTest, CutsLongLinesIntoPiecesAndLosesNothing) {
  std::vector<std::string> lines;
  internal::LineSplitter splitter(4, [&lines](std::string_view line) { lines.emplace_back(line); });
  splitter.Feed("abcdefgh\nij");
  splitter.Feed("\n\nklmn\no");
  splitter.Finish();
  EXPECT_THAT(lines, ElementsAre("abcd", "efgh", "ij", "", "klmn", "o"));
}

}  // namespace
}  // namespace preseal::process
