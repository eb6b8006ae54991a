// SPDX-License-Identifier: Apache-2.0
// kill -9 of the agent at many points of a run: no event is lost, nothing is applied twice.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <set>

#include "agent/app/run_fixture.h"
#include "common/process/process.h"

namespace preseal::agent {
namespace {

constexpr int kItems = 20;

PlanBuilder ManyItems() {
  PlanBuilder plan;
  for (int i = 0; i < kItems; ++i) {
    const std::string name = "item-" + std::to_string(i);
    // One write is the whole effect, so "applied" is never half true.
    plan.AddScript(name, "echo before; echo applied >> " + name + "; echo after",
                   "test -s " + name);
  }
  return plan;
}

std::string SegmentOf(const std::string& folder) {
  return folder + "/state/runs/D-1.1/00000000000000000001.seg";
}

// The agent: continues or starts the run, and ends by itself when the run is done.
[[noreturn]] void BeTheAgent(const std::string& folder) {
  Workbench bench(folder);
  bench.StartAndWait("D-1.1", kCommandA, ManyItems());
  ::_exit(0);
}

// Waits until the log has grown by `events` or the agent has ended; true if it has ended well.
bool EndsBefore(pid_t agent, const std::string& folder, uintmax_t bytes) {
  const std::string segment = SegmentOf(folder);
  int status = 0;
  const bool one_of_both = BecomesTrue([&] {
    if (::waitpid(agent, &status, WNOHANG) == agent) return true;
    std::error_code ignored;
    const auto size = std::filesystem::file_size(segment, ignored);
    return !ignored && size >= bytes;
  });
  EXPECT_TRUE(one_of_both) << "the agent neither works nor ends";
  if (WIFEXITED(status) && ::kill(agent, 0) != 0) return WEXITSTATUS(status) == 0;
  ::kill(agent, SIGKILL);
  ::waitpid(agent, &status, 0);
  return false;
}

TEST(RunCrashTest, KilledAtManyPointsARunLosesNothingAndAppliesNothingTwice) {
  const test::TempDir dir;
  const std::string folder = dir.path();
  std::mt19937 random(20261122);  // the same points every time
  uintmax_t bytes = 100;
  int kills = 0;
  while (true) {
    const pid_t agent = ::fork();
    ASSERT_GE(agent, 0);
    if (agent == 0) BeTheAgent(folder);
    if (EndsBefore(agent, folder, bytes)) break;
    ++kills;
    ASSERT_LT(kills, 500);
    // As the agent does when it starts: what its predecessor left running must not go on.
    ASSERT_THAT(process::KillMarked("PRESEAL_AGENT_STATE=" + folder, std::chrono::seconds(10)),
                test::IsOk());
    // From where the killed agent came to: one that is killed again before it gets anywhere gives
    // the step up as interrupted too often, and rightly.
    bytes = std::max(bytes, std::filesystem::file_size(SegmentOf(folder))) + 200 + random() % 400;
  }
  EXPECT_GE(kills, 10);
  RecordProperty("kills", kills);
  for (int i = 0; i < kItems; ++i) {
    EXPECT_EQ(ReadText(folder + "/target/item-" + std::to_string(i)), "applied\n") << i;
  }
  const Workbench bench(folder);
  const auto log = bench.LogOf("D-1.1");
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(bench.EventsOf("D-1.1").size(), log->next_sequence() - 1);
  EXPECT_EQ(bench.BodiesOf<RunFinished>("D-1.1").size(), 1u);
  for (const auto& change : bench.BodiesOf<ItemChanged>("D-1.1")) {
    EXPECT_NE(change.state, ItemState::kFailed)
        << change.item_id << " " << change.code << " " << change.message;
  }
  for (int i = 0; i < kItems; ++i) {
    const auto states = bench.StatesOf("D-1.1", "item-" + std::to_string(i));
    EXPECT_EQ(std::count(states.begin(), states.end(), ItemState::kSucceeded), 1) << i;
  }
}

}  // namespace
}  // namespace preseal::agent
