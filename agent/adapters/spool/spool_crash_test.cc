// SPDX-License-Identifier: Apache-2.0
// SIGKILL at any moment: nothing that was appended is lost, nothing half-written is read.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "agent/adapters/spool/spool_log.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent::spool {
namespace {

using test::IsOk;

// Appends without end and tells each sequence through the pipe once Append has returned it.
[[noreturn]] void WriteUntilKilled(const std::string& directory, int report) {
  auto log = SpoolLog::Open(directory);
  if (!log.ok()) ::_exit(1);
  while (true) {
    const uint64_t next = (*log)->next_sequence();
    const std::string text = "event " + std::to_string(next) + std::string(next % 300, '.');
    const auto sequence =
        (*log)->Append("item/" + std::to_string(next % 7), 0, AsBytes(text),
                       next % 64 == 0 ? Durability::kSurvivesPowerCut : Durability::kSurvivesKill);
    if (!sequence.ok() || *sequence != next) ::_exit(1);
    if (::write(report, &next, sizeof next) != sizeof next) ::_exit(1);
    // The log must also free segments under fire.
    if (next % 50 == 0 && !(*log)->Acked(next - 20).ok()) ::_exit(1);
  }
}

TEST(SpoolCrashTest, LosesNothingThatWasAppendedBeforeAKill) {
  std::string name = testing::TempDir() + "/preseal-crash-XXXXXX";
  const std::string parent = ::mkdtemp(name.data());
  const std::string directory = parent + "/D-1.1";
  ASSERT_OK(SpoolLog::Create(directory, {*RunId::Parse("D-1.1"), "", {}}).status());
  uint64_t last_reported = 0;
  for (uint64_t round = 0; round < 12; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) WriteUntilKilled(directory, pipe[1]);
    ::close(pipe[1]);
    // Every round dies after another number of events, the later ones beyond a segment.
    const uint64_t kill_after = last_reported + 1 + round * round * 12;
    uint64_t sequence = 0;
    while (::read(pipe[0], &sequence, sizeof sequence) == sizeof sequence) {
      last_reported = sequence;
      if (sequence == kill_after) ::kill(child, SIGKILL);
    }
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed";
    ASSERT_OK_AND_ASSIGN(const auto log, SpoolLog::Open(directory));
    ASSERT_GT(log->next_sequence(), last_reported);
    ASSERT_OK_AND_ASSIGN(const auto events, log->Read(log->acked(), 1u << 20, 1u << 30));
    uint64_t expected = log->acked() + 1;
    for (const LoggedEvent& event : events) {
      ASSERT_EQ(event.sequence, expected++);
      ASSERT_TRUE(AsText(event.event).starts_with("event " + std::to_string(event.sequence)));
    }
    ASSERT_EQ(expected, log->next_sequence());
  }
  std::filesystem::remove_all(parent);
}

}  // namespace
}  // namespace preseal::agent::spool
