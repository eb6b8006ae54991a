// SPDX-License-Identifier: Apache-2.0
// Random plans, random faults, a virtual clock; what must hold is in engine_model_checks.cc.
#include "agent/domain/engine/engine_model.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace preseal::agent::model {
namespace {

constexpr uint64_t kRuns = 4000;

TEST(EngineModelTest, HoldsItsPromisesInThousandsOfRunsWithFaults) {
  World::Tally sum;
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    World world(seed);
    const std::string broken = world.Run();
    ASSERT_EQ(broken, "");
    sum.finished += world.tally().finished;
    sum.succeeded += world.tally().succeeded;
    sum.kills += world.tally().kills;
    sum.restarts += world.tally().restarts;
    sum.holds += world.tally().holds;
    sum.waivers += world.tally().waivers;
    sum.applies += world.tally().applies;
  }
  // It went through what it claims to have gone through.
  EXPECT_EQ(sum.finished, static_cast<int>(kRuns));
  EXPECT_GT(sum.succeeded, static_cast<int>(kRuns / 20));
  EXPECT_LT(sum.succeeded, static_cast<int>(kRuns * 9 / 10));
  EXPECT_GT(sum.kills, static_cast<int>(kRuns / 2));
  EXPECT_GT(sum.restarts, static_cast<int>(kRuns / 20));
  EXPECT_GT(sum.holds, static_cast<int>(kRuns / 20));
  EXPECT_GT(sum.waivers, static_cast<int>(kRuns / 20));
  EXPECT_GT(sum.applies, static_cast<int>(kRuns));
  RecordProperty("applies", sum.applies);
  RecordProperty("succeeded", sum.succeeded);
}

}  // namespace
}  // namespace preseal::agent::model
