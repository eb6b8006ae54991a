// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/plan_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace plv1 = plan::v1;
namespace pv1 = progress::v1;

PlannedItem Planned(const std::string& id, const std::string& content) {
  plv1::Step step;
  step.set_item_id(id);
  step.set_display_name("Item " + id);
  step.mutable_file()->set_path("/" + id);
  step.mutable_file()->set_content(content);
  PlannedItem item;
  item.spec.id = id;
  item.spec.display_name = "Item " + id;
  item.spec.step = ToBytes(step.SerializeAsString());
  item.reason = "profile office";
  return item;
}

EffectivePlan Office() {
  EffectivePlan plan;
  plan.profile.id = "office";
  plan.profile.version = 3;
  plan.items = {Planned("a", "x"), Planned("b", "y")};
  plan.items[1].after = {"a"};
  return plan;
}

plv1::Plan Decoded(const FrozenPlan& frozen) {
  plv1::Plan plan;
  EXPECT_TRUE(plan.ParseFromString(ToString(ByteView(frozen.plan))));
  return plan;
}

std::string DigestOfPlan(const EffectivePlan& plan) {
  const auto frozen = EncodePlan(plan);
  EXPECT_OK(frozen);
  return frozen.ok() ? frozen->profile_digest : "";
}

TEST(PlanEncoderTest, PutsWhatWasDecidedIntoTheSteps) {
  EffectivePlan plan = Office();
  plan.flow = Flow::kUser;
  plan.items[1].phase = Phase::kAccountSetup;
  plan.items[1].gating = Gating::kTracked;
  ASSERT_OK_AND_ASSIGN(const FrozenPlan frozen, EncodePlan(plan));
  const plv1::Plan proto = Decoded(frozen);
  EXPECT_EQ(proto.flow(), pv1::FLOW_USER);
  EXPECT_EQ(proto.profile_version(), 3u);
  ASSERT_EQ(proto.steps_size(), 2);
  EXPECT_EQ(proto.steps(1).phase(), pv1::PHASE_ACCOUNT_SETUP);
  EXPECT_EQ(proto.steps(1).gating(), pv1::GATING_TRACKED);
  EXPECT_EQ(proto.steps(1).after(0), "a");
  EXPECT_EQ(proto.steps(1).origin(), "profile office");
  ASSERT_EQ(frozen.items.size(), 2u);
  EXPECT_EQ(frozen.items[1].phase, Phase::kAccountSetup);
  EXPECT_EQ(frozen.items[1].origin, "profile office");
}

TEST(PlanEncoderTest, TheDigestIsOfWhatADeviceGetsOnly) {
  const std::string digest = DigestOfPlan(Office());
  EXPECT_EQ(digest.size(), 64u);
  EffectivePlan plan = Office();
  plan.device_name = "PC-1";
  plan.profile.version = 4;
  plan.items[0].reason = "another";
  EXPECT_EQ(DigestOfPlan(plan), digest);
  plan = Office();
  plan.items[0] = Planned("a", "other");
  EXPECT_NE(DigestOfPlan(plan), digest);
  plan = Office();
  plan.profile.esp.allow_reset = true;
  EXPECT_NE(DigestOfPlan(plan), digest);
}

TEST(PlanEncoderTest, QualityUpdatesSpareMeteredLinks) {
  EffectivePlan plan = Office();
  plan.items.push_back({});
  PlannedItem& item = plan.items.back();
  item.spec = {.id = "quality-updates", .display_name = "U", .category = Category::kQualityUpdates};
  item.builtin = Builtin::kQualityUpdates;
  ASSERT_OK_AND_ASSIGN(const FrozenPlan frozen, EncodePlan(plan));
  const plv1::Step step = Decoded(frozen).steps(2);
  EXPECT_THAT(step.requires_script(), HasSubstr("GENERAL.METERED"));
  EXPECT_TRUE(step.installer_lock());
  EXPECT_FALSE(step.script().verify().empty());
}

TEST(PlanEncoderTest, AStepsTotalBeyondTheRunsIsLeftToTheRun) {
  EffectivePlan plan = Office();
  plv1::Step step;
  ASSERT_TRUE(step.ParseFromString(ToString(ByteView(plan.items[0].spec.step))));
  step.mutable_total_timeout()->set_seconds(2 * 3600);
  plan.items[0].spec.step = ToBytes(step.SerializeAsString());
  plan.items[0].spec.total_timeout = std::chrono::hours(2);
  ASSERT_OK_AND_ASSIGN(const FrozenPlan frozen, EncodePlan(plan));
  EXPECT_FALSE(Decoded(frozen).steps(0).has_total_timeout());
}

TEST(ComparePlansTest, TellsWhatChangedByName) {
  EffectivePlan now = Office();
  now.items[0] = Planned("a", "other");
  now.items[1] = Planned("c", "new");
  now.profile.esp.allow_reset = true;
  now.profile.version = 9;
  ASSERT_OK_AND_ASSIGN(const FrozenPlan before, EncodePlan(Office()));
  ASSERT_OK_AND_ASSIGN(const FrozenPlan after, EncodePlan(now));
  ASSERT_OK_AND_ASSIGN(const auto lines, ComparePlans(ByteView(before.plan), ByteView(after.plan)));
  EXPECT_THAT(lines, ElementsAre("~ Item a: changed", "+ Item c (profile office)", "- Item b",
                                 "~ settings of the profile"));
}

TEST(ComparePlansTest, EqualPlansHaveNoDrift) {
  EffectivePlan other = Office();
  other.profile.version = 9;
  other.device_name = "PC-9";
  other.items[0].reason = "elsewhere";
  ASSERT_OK_AND_ASSIGN(const FrozenPlan before, EncodePlan(Office()));
  ASSERT_OK_AND_ASSIGN(const FrozenPlan after, EncodePlan(other));
  ASSERT_OK_AND_ASSIGN(const auto lines, ComparePlans(ByteView(before.plan), ByteView(after.plan)));
  EXPECT_THAT(lines, IsEmpty());
}

TEST(ComparePlansTest, RefusesWhatIsNoPlan) {
  const Bytes junk = {0xFF, 0xFF};
  EXPECT_THAT(ComparePlans(ByteView(junk), {}), StatusIs(StatusCode::kInvalidArgument, "no plan"));
}

}  // namespace
}  // namespace preseal::server
