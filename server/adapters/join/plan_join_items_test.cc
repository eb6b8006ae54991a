// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/join/plan_join_items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "preseal/plan/v1/plan.pb.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::StatusIs;

// A plan for PS-1 with a file item, an offline join and a domain join.
Bytes HybridPlan() {
  plan::v1::Plan plan;
  plan.set_device_name("PS-1");
  auto* file = plan.add_steps();
  file->set_item_id("motd");
  file->mutable_file()->set_path("/etc/motd");
  auto* offline = plan.add_steps();
  offline->set_item_id("join");
  offline->mutable_offline_join()->set_domain("floor.test");
  auto* online = plan.add_steps();
  online->set_item_id("domain");
  online->mutable_domain_join()->set_domain("floor.test");
  return ToBytes(plan.SerializeAsString());
}

TEST(PlanJoinItemsTest, FindsTheOfflineJoinAndTheDevicesName) {
  ASSERT_OK_AND_ASSIGN(const auto item, PlanJoinItems().Find(HybridPlan(), "join"));
  ASSERT_TRUE(item.has_value());
  EXPECT_EQ(item->domain, "floor.test");
  EXPECT_EQ(item->computer_name, "PS-1");
}

TEST(PlanJoinItemsTest, AnswersNothingForItemsOfAnotherKind) {
  for (const char* other : {"motd", "domain", "no-such-item", ""}) {
    ASSERT_OK_AND_ASSIGN(const auto item, PlanJoinItems().Find(HybridPlan(), other));
    EXPECT_FALSE(item.has_value()) << other;
  }
}

TEST(PlanJoinItemsTest, DamagedPlanIsDataLoss) {
  EXPECT_THAT(PlanJoinItems().Find(ToBytes("\xff\xff\xff"), "join"),
              StatusIs(StatusCode::kDataLoss));
}

}  // namespace
}  // namespace preseal::server
