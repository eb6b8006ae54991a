// SPDX-License-Identifier: Apache-2.0
#include "server/domain/device_state.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

namespace preseal::server {
namespace {

TEST(LifecycleTableTest, NamesEachMoveOnce) {
  std::set<std::tuple<DeviceState, LifecycleEvent, Guard>> seen;
  for (const Transition& row : LifecycleTable()) {
    EXPECT_TRUE(seen.insert({row.from, row.event, row.guard}).second)
        << NameOf(row.from) << " " << NameOf(row.event);
  }
}

TEST(LifecycleTableTest, MovesExactlyAsTheTableSaysForEveryStateEventAndFact) {
  for (const DeviceState from : kAllDeviceStates) {
    for (const LifecycleEvent event : kAllLifecycleEvents) {
      for (int bits = 0; bits < 8; ++bits) {
        const LifecycleFacts facts{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
        if (facts.user_flow && !facts.enrolled) continue;  // nobody comes that far without
        std::set<DeviceState> allowed;
        for (const Transition& row : LifecycleTable()) {
          const bool holds =
              row.guard == Guard::kNone || (row.guard == Guard::kEnrolled && facts.enrolled) ||
              (row.guard == Guard::kNotEnrolled && !facts.enrolled) ||
              (row.guard == Guard::kBlockingSatisfied && facts.blocking_satisfied) ||
              (row.guard == Guard::kEnrolledOnBench && facts.enrolled && !facts.user_flow) ||
              (row.guard == Guard::kInUserFlow && facts.user_flow);
          if (row.from == from && row.event == event && holds) allowed.insert(row.to);
        }
        ASSERT_LE(allowed.size(), 1u) << "ambiguous: " << NameOf(from) << " " << NameOf(event);
        const auto next = NextState(from, event, facts);
        EXPECT_EQ(next.has_value(), !allowed.empty()) << NameOf(from) << " " << NameOf(event);
        if (next) {
          EXPECT_EQ(*next, *allowed.begin());
        }
      }
    }
  }
}

TEST(LifecycleTableTest, NeverReachesSealedWithAnOpenBlockingItem) {
  for (const Transition& row : LifecycleTable()) {
    const bool guarded_target = row.to == DeviceState::kReadyToSeal ||
                                row.to == DeviceState::kSealing || row.to == DeviceState::kSealed;
    const bool already_there =
        row.from == DeviceState::kReadyToSeal || row.from == DeviceState::kSealing;
    if (guarded_target && !already_there) {
      EXPECT_EQ(row.guard, Guard::kBlockingSatisfied)
          << NameOf(row.from) << " " << NameOf(row.event);
    }
  }
  EXPECT_FALSE(NextState(DeviceState::kReadyToSeal, LifecycleEvent::kReseal, {true, false}));
  EXPECT_FALSE(NextState(DeviceState::kSealing, LifecycleEvent::kSealConfirmed, {true, false}));
}

TEST(LifecycleTableTest, RetiredIsFinal) {
  for (const Transition& row : LifecycleTable()) EXPECT_NE(row.from, DeviceState::kRetired);
}

TEST(LifecycleTableTest, EveryStateCanBeReachedFromRegistered) {
  std::set<DeviceState> reached{DeviceState::kRegistered};
  for (size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const Transition& row : LifecycleTable()) {
      if (reached.contains(row.from)) reached.insert(row.to);
    }
  }
  EXPECT_EQ(reached.size(), kAllDeviceStates.size());
}

// docs/lifecycle.md is the printed table. PRESEAL_UPDATE_GOLDEN=1 rewrites it.
TEST(LifecycleDocTest, IsWhatTheTablePrints) {
  const std::string path = PRESEAL_SOURCE_DIR "/docs/lifecycle.md";
  if (std::getenv("PRESEAL_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << LifecycleMarkdown();
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), LifecycleMarkdown()) << "run this test with PRESEAL_UPDATE_GOLDEN=1";
}

}  // namespace
}  // namespace preseal::server
