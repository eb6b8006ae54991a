// SPDX-License-Identifier: Apache-2.0
// Whom the commands of a step of the user run as, and when they do not run at all.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "agent/adapters/steps/sealed_script.h"
#include "agent/adapters/steps/steps_fixture.h"
#include "agent/adapters/steps/user_account.h"

namespace preseal::agent::steps {
namespace {

using Kind = StepResult::Kind;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr uid_t kAda = 61234;

class UserStepTest : public StepsTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    WriteFile(InRoot("/etc/passwd"),
              "root:x:0:0::/root:/bin/sh\n"
              "daemon:x:1:1::/:/bin/sh\n"
              "ada:x:61234:61235::/home/ada:/bin/sh\n"
              "eve@corp.example:x:61236:61236::/home/eve:/bin/sh\n"
              "nobody:x:65534:65534::/:/bin/sh\n");
    WriteFile(InRoot("/etc/group"), "staff:x:61240:bob,ada\nadm:x:4:bob\n");
    std::filesystem::create_directories(InRoot("/home/ada"));
    ASSERT_EQ(::chown(InRoot("/home/ada").c_str(), kAda, kAda + 1), 0);
  }

  static Step UserStep(StepAction action) {
    Step step = StepOf(std::move(action));
    step.user_context = true;
    return step;
  }
  static Step UserScript(std::string apply) {
    return UserStep(ScriptStep{"", std::move(apply), ""});
  }
  std::unique_ptr<StepExecutor> ExecutorFor(const std::string& user) {
    ExecutorSettings settings{dir_.File("scratch-2"), "PRESEAL_AGENT_STATE=test"};
    settings.user = [user] { return user; };
    auto executor = MakeStepExecutor(*target_, artifacts_, std::move(settings));
    EXPECT_THAT(executor, test::IsOk());
    return *std::move(executor);
  }
  // That applying a script as `user` fails before anything ran.
  void ExpectNotRun(const std::string& user, const std::string& message) {
    const StepResult result =
        ExecutorFor(user)->Apply(UserScript("touch \"$PRESEAL_TARGET_ROOT/ran\""), notes_, {});
    EXPECT_EQ(result.kind, Kind::kFailed) << user;
    EXPECT_EQ(NameOf(result.code), "STEP_NOT_STARTED") << user;
    EXPECT_THAT(result.message, HasSubstr(message)) << user;
    EXPECT_FALSE(std::filesystem::exists(InRoot("/ran"))) << user;
  }
};

TEST_F(UserStepTest, EveryScriptOfItRunsAsWhoSignedIn) {
  const std::string who =
      "echo \"$(id -u) $(id -g) $(id -G) $HOME $USER $LOGNAME $(pwd) $PRESEAL_USER\" > ";
  Step step = UserStep(ScriptStep{who + "detect; exit 1", who + "apply", who + "verify; exit 0"});
  step.requires_script = who + "requires";
  step.undo = Undo::kCommand;
  step.undo_command = who + "undo";
  const auto executor = ExecutorFor("ada");
  EXPECT_EQ(executor->Requires(step, notes_, {}).kind, Kind::kDone);
  EXPECT_EQ(executor->Detect(step, notes_, {}).kind, Kind::kNotInPlace);
  EXPECT_EQ(executor->Apply(step, notes_, {}).kind, Kind::kDone);
  EXPECT_EQ(executor->Verify(step, notes_, {}).kind, Kind::kDone);
  EXPECT_EQ(executor->Revert(step, notes_, {}).kind, Kind::kDone);
  const std::string home = InRoot("/home/ada");
  for (const char* part : {"requires", "detect", "apply", "verify", "undo"}) {
    EXPECT_EQ(ReadFile(home + "/" + part),
              "61234 61235 61235 61240 " + home + " ada ada " + home + " ada\n")
        << part;
  }
}

TEST_F(UserStepTest, TheDevicesStepsStillRunAsTheAgent) {
  Step step = UserScript("id -u > who");
  step.user_context = false;
  EXPECT_EQ(ExecutorFor("ada")->Apply(step, notes_, {}).kind, Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot("/who")), "0\n");
}

TEST_F(UserStepTest, WithoutAnAccountNothingRuns) {
  ExpectNotRun("", "nobody has signed in");
  ExpectNotRun("bob", "no account bob");
  ExpectNotRun("ada@corp.example", "no account ada@corp.example");
  ExpectNotRun("Ada", "no account Ada");
  ExpectNotRun("../ada", "no name of an account");
  ExpectNotRun("ada:x", "no name of an account");
}

TEST_F(UserStepTest, NoAccountOfTheSystemsOwnIsTaken) {
  WriteFile(InRoot(kAccountDomainsPath), "corp.example\n");
  for (const char* user : {"root", "daemon", "nobody", "root@corp.example"}) {
    ExpectNotRun(user, "the system's own");
  }
}

TEST_F(UserStepTest, TheNameBeforeTheAtCountsInANamedDomainOnly) {
  WriteFile(InRoot(kAccountDomainsPath), "# ours\nother.example\nCorp.Example\n");
  EXPECT_EQ(ExecutorFor("ada@corp.example")->Apply(UserScript("id -u > who"), notes_, {}).kind,
            Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot("/home/ada/who")), "61234\n");
  ExpectNotRun("ada@corp.example.evil", "no account");
  ExpectNotRun("ada@corp", "no account");
  ExpectNotRun("ada@evil@corp.example", "no account");
  ExpectNotRun("ada@", "no account");
  // The whole name comes first, though its home is not there.
  ExpectNotRun("eve@corp.example", "home folder");
}

TEST_F(UserStepTest, AFileOfItIsWrittenByTheAgentWhoeverSignedIn) {
  const Step step = UserStep(FileStep{"/etc/motd", 0644, ToBytes("hello")});
  EXPECT_EQ(ExecutorFor("")->Apply(step, notes_, {}).kind, Kind::kDone);
  struct stat info {};
  ASSERT_EQ(::stat(InRoot("/etc/motd").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
}

TEST_F(UserStepTest, ItsCommandsInheritNothingOfTheAgents) {
  ASSERT_EQ(::setenv("PRESEAL_TEST_LEAK", "1", 1), 0);
  const StepResult result = ExecutorFor("ada")->Apply(
      UserScript("env > environment; ls /proc/self/fd > descriptors; ls -A \"" +
                 dir_.File("scratch-2") + "\" > scratch 2>&1 || true"),
      notes_, {});
  EXPECT_EQ(result.kind, Kind::kDone) << result.message;
  const std::string environment = ReadFile(InRoot("/home/ada/environment"));
  EXPECT_THAT(environment, Not(HasSubstr("PRESEAL_TEST_LEAK")));
  EXPECT_THAT(environment, Not(HasSubstr("HOME=/\n")));
  EXPECT_EQ(ReadFile(InRoot("/home/ada/descriptors")), "0\n1\n2\n3\n");  // 3: the folder itself
  EXPECT_THAT(ReadFile(InRoot("/home/ada/scratch")), HasSubstr("ermission denied"));
}

TEST_F(UserStepTest, LongScriptsRunWhole) {
  std::string text = "x=0\n";
  for (int i = 0; i < 20'000; ++i) text += "x=$((x+1))\n";
  EXPECT_EQ(ExecutorFor("ada")->Apply(UserScript(text + "echo $x > sum"), notes_, {}).kind,
            Kind::kDone);
  EXPECT_EQ(ReadFile(InRoot("/home/ada/sum")), "20000\n");
}

TEST(SealScriptTest, NobodyCanChangeItAnyMore) {
  ASSERT_OK_AND_ASSIGN(const UniqueFd fd, SealScript("echo right"));
  EXPECT_EQ(::pwrite(fd.get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(fd.get(), 0), -1);
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE), -1);
  struct stat info {};
  ASSERT_EQ(::fstat(fd.get(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0444u);
  EXPECT_EQ(info.st_nlink, 0u);
}

// Root's own name is in every system's list.
TEST(FindUserAccountTest, AsksTheSystemWhereTheTargetIsIt) {
  ASSERT_OK_AND_ASSIGN(const TargetRoot root, TargetRoot::Open("/"));
  EXPECT_THAT(FindUserAccount(root, "root"), test::StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(FindUserAccount(root, "no-such-user-anywhere"),
              test::StatusIs(StatusCode::kNotFound, "no account"));
}

// A user of this system whose home is there; empty: there is none.
std::string SomeUser() {
  std::string name;
  ::setpwent();
  while (const passwd* record = ::getpwent()) {
    const bool home = std::filesystem::is_directory(record->pw_dir);
    if (record->pw_uid >= 1000 && record->pw_uid != 65534 && home) name = record->pw_name;
  }
  ::endpwent();
  return name;
}

TEST_F(UserStepTest, OnARunningSystemTheAccountIsTheSystems) {
  const std::string user = SomeUser();
  if (user.empty()) GTEST_SKIP() << "this system has no user";
  ASSERT_OK_AND_ASSIGN(TargetRoot root, TargetRoot::Open("/"));
  ExecutorSettings settings{dir_.File("scratch-2"), "PRESEAL_AGENT_STATE=test"};
  settings.user = [user] { return user; };
  ASSERT_OK_AND_ASSIGN(const auto executor,
                       MakeStepExecutor(root, artifacts_, std::move(settings)));
  const Step step =
      UserScript("[ \"$(id -G)\" = \"$(id -G " + user + ")\" ] && [ . -ef \"$HOME\" ] && id -un");
  EXPECT_EQ(executor->Apply(step, notes_, {}).kind, Kind::kDone);
  EXPECT_THAT(notes_.lines, testing::ElementsAre(user));
}

}  // namespace
}  // namespace preseal::agent::steps
