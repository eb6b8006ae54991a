// SPDX-License-Identifier: Apache-2.0
// The keyboard on a real pseudo-terminal and on a pipe.
#include "agent/adapters/console/keyboard.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "agent/adapters/console/console.h"
#include "agent/adapters/console/plain_display.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

class Person final : public PersonInput {
 public:
  void Pressed(DeviceAction action) override { Add(std::string(KeyOf(action).word)); }
  void Answered(const std::string& id, const std::string& answer) override {
    Add(id + "=" + answer);
  }
  bool Gets(const std::string& text) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return last_ == text; });
  }

 private:
  void Add(const std::string& text) {
    const std::lock_guard lock(mutex_);
    last_ = text;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string last_;
};

Question AskTag() {
  Question question;
  question.id = "tag";
  question.text["en"] = "Scan it";
  return question;
}

TEST(KeyboardTest, LinesOfAPipeAreButtonsAndAnswers) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  Person person;
  PlainDisplay screen([](const std::string&) {});
  screen.ShowLanding({.actions = {DeviceAction::kProvision}});
  {
    auto keyboard = Keyboard::Open(pipe_ends[0], Keyboard::Mode::kLines, screen, person);
    ASSERT_THAT(keyboard, test::IsOk());
    ASSERT_EQ(::write(pipe_ends[1], "prov", 4), 4);
    ASSERT_EQ(::write(pipe_ends[1], "ision\n", 6), 6);
    EXPECT_TRUE(person.Gets("provision"));
    screen.ShowQuestion(AskTag());
    ASSERT_EQ(::write(pipe_ends[1], "A-1\n", 4), 4);
    EXPECT_TRUE(person.Gets("tag=A-1"));
  }
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

// Runs as the leader of a session whose terminal is a new one; its exit code says what failed.
[[noreturn]] void BeAtATerminal() {
  termios before{};
  if (::tcgetattr(STDIN_FILENO, &before) != 0) ::_exit(2);
  Person person;
  PlainDisplay screen([](const std::string&) {});
  screen.ShowQuestion(AskTag());
  {
    auto keyboard = Keyboard::Open(STDIN_FILENO, Keyboard::Mode::kKeys, screen, person);
    if (!keyboard.ok()) ::_exit(3);
    termios keys{};
    ::tcgetattr(STDIN_FILENO, &keys);
    if ((keys.c_lflag & (ICANON | ECHO)) != 0 || (keys.c_lflag & ISIG) == 0) ::_exit(4);
    if (::write(STDOUT_FILENO, "READY", 5) != 5) ::_exit(5);
    if (!person.Gets("tag=A-2")) ::_exit(6);
  }
  termios after{};
  ::tcgetattr(STDIN_FILENO, &after);
  ::_exit(after.c_lflag == before.c_lflag ? 0 : 7);
}

TEST(KeyboardTest, SetsATerminalForKeysAndPutsItBack) {
  int master = -1;
  const pid_t child = ::forkpty(&master, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) BeAtATerminal();
  std::string seen;
  char buffer[64];
  while (seen.find("READY") == std::string::npos) {
    const ssize_t got = ::read(master, buffer, sizeof buffer);
    ASSERT_GT(got, 0);
    seen.append(buffer, static_cast<size_t>(got));
  }
  ASSERT_EQ(::write(master, "A-2\n", 4), 4);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ::close(master);
}

TEST(KeyboardTest, RefusesKeysFromWhatIsNoTerminal) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  Person person;
  PlainDisplay screen([](const std::string&) {});
  EXPECT_THAT(Keyboard::Open(pipe_ends[0], Keyboard::Mode::kKeys, screen, person).status(),
              StatusIs(StatusCode::kFailedPrecondition));
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

}  // namespace
}  // namespace preseal::agent
