// SPDX-License-Identifier: Apache-2.0
#include "server/domain/assignment/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/domain/assignment/library_fixture.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::StatusIs;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ResolveTest : public testing::Test {
 protected:
  ResolveTest() {
    Put(&library_, Profile("office", {App("base")}));
    Put(&library_, Group("sales", "model == \"X\""));
    Put(&library_, Group("kiosks", "group_tag == \"kiosk\""));
    subject_ = {.facts = {.serial = "SN-1", .model = "X"}, .default_profile = "office"};
  }

  ProfileSettings& settings() { return library_.profiles.at("office").settings; }
  StatusOr<EffectivePlan> Plan(const std::string& name = "") {
    ASSIGN_OR_RETURN(const ProfileSelection selection, SelectProfile(library_, subject_));
    return MakePlan(library_, subject_, selection, name);
  }
  EffectivePlan Made(const std::string& name = "") {
    auto plan = Plan(name);
    EXPECT_OK(plan);
    return plan.ok() ? *std::move(plan) : EffectivePlan();
  }
  static std::vector<std::string> Ids(const EffectivePlan& plan) {
    std::vector<std::string> ids;
    for (const PlannedItem& item : plan.items) ids.push_back(item.spec.id);
    return ids;
  }
  static std::string WhyOut(const EffectivePlan& plan, const std::string& id) {
    for (const LeftOutItem& item : plan.left_out) {
      if (item.id == id) return item.reason;
    }
    return "not mentioned";
  }
  static PlannedItem Get(const EffectivePlan& plan, const std::string& id) {
    for (const PlannedItem& item : plan.items) {
      if (item.spec.id == id) return item;
    }
    ADD_FAILURE() << id << " is not in the plan";
    return {};
  }
  // Assigned as a profile through a group the device is in.
  void AssignProfile(const std::string& id, int created) {
    DeploymentProfile& profile = Put(&library_, Profile(id, {App("x")}));
    profile.settings.create_time = FromMicros(int64_t{created} * 1'000'000);
    Assignment& assignment = Assign(&library_, "of-" + id, {});
    assignment.profile = {id, {}};
    assignment.groups = Named({"sales"});
  }

  Library library_;
  PlanSubject subject_;
};

TEST_F(ResolveTest, OfMatchingProfilesTheOldestWinsAndTheOthersSayWhyNot) {
  AssignProfile("young", 20);
  AssignProfile("old", 10);
  const EffectivePlan plan = Made();
  ASSERT_EQ(plan.profiles.size(), 3u);
  EXPECT_EQ(plan.profiles[0].profile, "old");
  EXPECT_TRUE(plan.profiles[0].chosen);
  EXPECT_EQ(plan.profiles[0].reason,
            "assignment of-old: group sales (model == \"X\"), created 1970-01-01 00:00:10 UTC");
  EXPECT_EQ(plan.profiles[1].profile, "young");
  EXPECT_FALSE(plan.profiles[1].chosen);
  EXPECT_THAT(plan.profiles[1].reason, HasSubstr("; old is older"));
  EXPECT_THAT(plan.profiles[2].reason, HasSubstr("what is assigned to the device counts for more"));
}

TEST_F(ResolveTest, APinBeatsAssignment) {
  AssignProfile("old", 10);
  subject_.pinned_profile = "office";
  const EffectivePlan plan = Made();
  EXPECT_EQ(plan.profile.id, "office");
  EXPECT_EQ(plan.profiles[0].reason, "pinned to the device; also the default");
}

TEST_F(ResolveTest, WithoutAMatchTheDefaultIsTaken) {
  EXPECT_EQ(Made().profiles[0].reason, "the default");
}

TEST_F(ResolveTest, WithoutADefaultNothingApplies) {
  subject_.default_profile = "";
  EXPECT_THAT(Plan(), StatusIs(StatusCode::kFailedPrecondition, "no deployment profile applies"));
}

TEST_F(ResolveTest, APinnedProfileThatIsGoneIsNotReplaced) {
  subject_.pinned_profile = "gone";
  EXPECT_THAT(Plan(), StatusIs(StatusCode::kNotFound, "\"gone\" (pinned to the device)"));
}

TEST_F(ResolveTest, AUsersProfileCountsInTheUserFlowOnly) {
  DeploymentProfile& vip = Put(&library_, Profile("vip", {App("x")}));
  vip.settings.create_time = FromMicros(1);
  Assignment& assignment = Assign(&library_, "vips", {});
  assignment.profile = {"vip", {}};
  assignment.users = {"Ana@Corp"};
  subject_.assigned_user = "ana@corp";
  const EffectivePlan technician = Made();
  EXPECT_EQ(technician.profile.id, "office");
  EXPECT_THAT(technician.profiles[1].reason, HasSubstr("pre-provisioning goes by the device only"));
  subject_.flow = Flow::kUser;
  EXPECT_EQ(Made().profile.id, "vip");
}

TEST_F(ResolveTest, AUsersBlockingListDoesNotReachDeviceSetup) {
  DeploymentProfile& vip = Put(&library_, Profile("vip", {App("x"), App("y"), UserApp("u")}));
  vip.settings.esp.blocking_items = Named({"x"});
  Assignment& assignment = Assign(&library_, "vips", {});
  assignment.profile = {"vip", {}};
  assignment.users = {"ana"};
  subject_.assigned_user = "ana";
  subject_.flow = Flow::kUser;
  const EffectivePlan plan = Made();
  EXPECT_EQ(Get(plan, "y").gating, Gating::kBlocking);
  EXPECT_EQ(Get(plan, "u").gating, Gating::kTracked);
}

TEST_F(ResolveTest, TakesAnItemOnceWithAllItsReasons) {
  Put(&library_, App("crm"));
  library_.profiles.at("office").items.emplace_back(Mention{"crm", {}});
  Assign(&library_, "a1", {"crm"}).all_devices = true;
  Assign(&library_, "a2", {"crm"}).groups = Named({"sales"});
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("base", "crm"));
  EXPECT_EQ(Get(plan, "crm").reason,
            "profile office; assignment a1: all devices; assignment a2: group sales (model == "
            "\"X\")");
}

TEST_F(ResolveTest, AnExclusionBeatsEveryInclusion) {
  Put(&library_, App("crm"));
  Assign(&library_, "a1", {"crm"}).all_devices = true;
  Assign(&library_, "a2", {"crm"}).exclude_groups = Named({"sales"});
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("base"));
  EXPECT_EQ(WhyOut(plan, "crm"), "excluded: assignment a2: group sales (model == \"X\")");
}

TEST_F(ResolveTest, WhatIsAssignedToOthersIsNotThere) {
  Put(&library_, App("crm"));
  Assign(&library_, "a1", {"crm"}).groups = Named({"kiosks"});
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("base"));
  EXPECT_EQ(WhyOut(plan, "crm"), "not mentioned");
}

TEST_F(ResolveTest, AvailableItemsAreNotInstalled) {
  Put(&library_, App("crm"));
  Assignment& assignment = Assign(&library_, "a1", {"crm"});
  assignment.all_devices = true;
  assignment.intent = Intent::kAvailable;
  EXPECT_EQ(WhyOut(Made(), "crm"), "available, not required: assignment a1: all devices");
}

TEST_F(ResolveTest, TheAssignedUsersDeviceItemsComeOnTheBenchAlready) {
  Put(&library_, App("crm"));
  Put(&library_, UserApp("mail"));
  Assign(&library_, "a1", {"crm", "mail"}).users = {"ana"};
  EXPECT_THAT(Ids(Made()), ElementsAre("base"));
  subject_.assigned_user = "ana";
  const EffectivePlan technician = Made();
  EXPECT_THAT(Ids(technician), ElementsAre("base", "crm"));
  EXPECT_EQ(WhyOut(technician, "mail"), "for the user: runs in account setup of the user flow");
  subject_.flow = Flow::kUser;
  const EffectivePlan user = Made();
  EXPECT_THAT(Ids(user), ElementsAre("base", "crm", "mail"));
  EXPECT_EQ(Get(user, "crm").phase, Phase::kDeviceSetup);
  EXPECT_EQ(Get(user, "mail").phase, Phase::kAccountSetup);
}

TEST_F(ResolveTest, TheBlockingListIsAFilterThatAddsNothing) {
  library_.profiles["office"] = Profile("office", {App("a"), App("b"), App("t")});
  std::get<ItemSpec>(library_.profiles["office"].items[2]).gating = Gating::kTracked;
  settings().esp.blocking_items = Named({"a", "t", "elsewhere"});
  settings().esp.only_fail_selected = true;
  Put(&library_, App("elsewhere"));
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("a", "b", "t"));
  EXPECT_EQ(Get(plan, "a").gating_reason, "on the blocking list of office");
  EXPECT_EQ(Get(plan, "b").gating, Gating::kTracked);
  EXPECT_EQ(Get(plan, "t").gating, Gating::kTracked);
  EXPECT_THAT(plan.warnings, Contains(HasSubstr("elsewhere is on the blocking list but not in")));
  EXPECT_THAT(plan.warnings, Contains(HasSubstr("t is on the blocking list, but tracked")));
}

TEST_F(ResolveTest, TheBlockingListIsForAppsOnly) {
  ItemSpec policy = App("policy");
  policy.category = Category::kPolicies;
  library_.profiles["office"] = Profile("office", {policy, App("a")});
  settings().esp.blocking_items = Named({"a"});
  EXPECT_EQ(Get(Made(), "policy").gating, Gating::kBlocking);
}

TEST_F(ResolveTest, WithoutOnlyFailSelectedTheBenchTriesBlockingAppsOnly) {
  library_.profiles["office"] = Profile("office", {App("a"), App("b")});
  settings().esp.blocking_items = Named({"a"});
  const EffectivePlan technician = Made();
  EXPECT_THAT(Ids(technician), ElementsAre("a"));
  EXPECT_EQ(WhyOut(technician, "b"),
            "not on the blocking list of office: left for the user flow (only_fail_selected is "
            "off)");
  subject_.flow = Flow::kUser;
  EXPECT_THAT(Ids(Made()), ElementsAre("a", "b"));
}

TEST_F(ResolveTest, WithOnlyFailSelectedTheBenchTriesAllApps) {
  library_.profiles["office"] = Profile("office", {App("a"), App("b")});
  settings().esp.blocking_items = Named({"a"});
  settings().esp.only_fail_selected = true;
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("a", "b"));
  EXPECT_EQ(Get(plan, "b").gating, Gating::kTracked);
}

TEST_F(ResolveTest, WhatABlockingAppNeedsIsNotLeftForTheUser) {
  library_.profiles["office"] =
      Profile("office", {App("a", {"lib"}), App("lib", {"base"}), App("base")});
  settings().esp.blocking_items = Named({"a"});
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("base", "lib", "a"));
  EXPECT_EQ(Get(plan, "lib").reason, "profile office; needed by a");
}

TEST_F(ResolveTest, WithoutBlockUseTheListHasNoEffectAndTheGateStays) {
  library_.profiles["office"] = Profile("office", {App("a"), App("b")});
  settings().esp.blocking_items = Named({"a"});
  settings().esp.block_use = false;
  const EffectivePlan plan = Made();
  EXPECT_EQ(Get(plan, "b").gating, Gating::kBlocking);
  EXPECT_THAT(plan.warnings, Contains(HasSubstr("block_use is off")));
}

TEST_F(ResolveTest, AHiddenPageDoesNotWeakenTheGate) {
  settings().esp.show_progress = true;
  const EffectivePlan shown = Made();
  settings().esp.show_progress = false;
  EXPECT_EQ(Get(Made(), "base").gating, Get(shown, "base").gating);
}

TEST_F(ResolveTest, HybridAddsFortyMinutesAndItsJoinToEachHalf) {
  settings().join = {"samba", "corp.example"};
  const EffectivePlan technician = Made("PC-1");
  EXPECT_EQ(technician.profile.esp.timeout, kEspTimeoutDefault + kEspHybridExtra);
  EXPECT_THAT(Ids(technician), ElementsAre("set-name", "offline-join", "base"));
  EXPECT_THAT(Get(technician, "offline-join").after, ElementsAre("set-name"));
  subject_.flow = Flow::kUser;
  const EffectivePlan user = Made("PC-1");
  EXPECT_THAT(Ids(user), ElementsAre("domain-join", "base"));
  EXPECT_EQ(WhyOut(user, "set-name"), "renamed in the technician flow already");
}

TEST_F(ResolveTest, QualityUpdatesComeLastInTheUserFlowOnly) {
  library_.profiles["office"] = Profile("office", {App("base"), UserApp("mail")});
  settings().esp.install_quality_updates = true;
  EXPECT_THAT(Ids(Made()), ElementsAre("base"));
  subject_.flow = Flow::kUser;
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("base", "mail", "quality-updates"));
  EXPECT_EQ(Get(plan, "quality-updates").gating, Gating::kTracked);
  EXPECT_EQ(Get(plan, "quality-updates").phase, Phase::kAccountSetup);
}

TEST_F(ResolveTest, AnOwnUpdateItemReplacesTheBuiltInOne) {
  ItemSpec update = App("patch");
  update.category = Category::kQualityUpdates;
  library_.profiles["office"] = Profile("office", {update, App("base")});
  EXPECT_EQ(WhyOut(Made(), "patch"), "quality updates run in the user flow only");
  subject_.flow = Flow::kUser;
  EXPECT_EQ(WhyOut(Made(), "patch"), "install_quality_updates is off");
  settings().esp.install_quality_updates = true;
  EXPECT_THAT(Ids(Made()), ElementsAre("base", "patch"));
}

TEST_F(ResolveTest, ASelfDeployingDeviceHasNoUser) {
  library_.profiles["office"] = Profile("office", {App("base"), UserApp("mail")});
  settings().mode = Mode::kSelfDeploying;
  subject_.flow = Flow::kUser;
  EXPECT_EQ(WhyOut(Made(), "mail"), "for the user, and a self-deploying device has none");
}

TEST_F(ResolveTest, InQuarantineOnlyTheQuarantineProfileCounts) {
  Put(&library_, App("crm"));
  Assign(&library_, "a1", {"crm"}).all_devices = true;
  AssignProfile("old", 10);
  subject_.quarantine_profile = "office";
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("base"));
  EXPECT_THAT(WhyOut(plan, "crm"), HasSubstr("in quarantine"));
}

TEST_F(ResolveTest, OrdersByNeedAndSaysWhatIsMissing) {
  Put(&library_, App("elsewhere"));
  library_.profiles["office"] =
      Profile("office", {App("c", {"b"}), App("b", {"elsewhere"}), App("a")});
  const EffectivePlan plan = Made();
  EXPECT_THAT(Ids(plan), ElementsAre("b", "c", "a"));
  EXPECT_THAT(plan.warnings,
              ElementsAre("b waits for elsewhere, which is not in this plan: ignored"));
}

TEST_F(ResolveTest, KeepsOnlyTheGroupsThatHaveItems) {
  library_.profiles["office"] = Profile("office", {App("a"), App("b")});
  settings().step_groups = {{.name = "used", .after = Named({"b", "unused"})}, {.name = "unused"}};
  std::get<ItemSpec>(library_.profiles["office"].items[0]).group = {"used", {}};
  const EffectivePlan plan = Made();
  ASSERT_EQ(plan.profile.step_groups.size(), 1u);
  ASSERT_EQ(plan.profile.step_groups[0].after.size(), 1u);
  EXPECT_EQ(plan.profile.step_groups[0].after[0].id, "b");
}

TEST_F(ResolveTest, AProfileThatGivesNothingIsRefused) {
  library_.profiles["office"] = Profile("office");
  EXPECT_THAT(Plan(), StatusIs(StatusCode::kFailedPrecondition, "nothing to run"));
}

TEST_F(ResolveTest, TellsTheGroupsTheDeviceIsIn) {
  EXPECT_THAT(Made().groups, ElementsAre("sales (model == \"X\")"));
}

TEST_F(ResolveTest, AWaitForATeardownIsIgnoredWithAWarning) {
  ItemSpec& end = Put(&library_, App("bye"));
  end.group = {"end", {}};
  end.gating = Gating::kTracked;
  Put(&library_, App("crm", {"bye", "base"}));
  settings().step_groups = {{.name = "end", .teardown = true}};
  Assign(&library_, "apps", {"bye", "crm"}).all_devices = true;
  const EffectivePlan plan = Made();
  EXPECT_THAT(Get(plan, "crm").after, ElementsAre("base"));
  EXPECT_THAT(plan.warnings,
              ElementsAre("crm waits for bye, which is in a teardown group: ignored"));
}

TEST_F(ResolveTest, AGroupsWaitForALaterPhaseIsIgnoredWithAWarning) {
  ItemSpec& mail = Put(&library_, UserApp("mail"));
  mail.group = {"users", {}};
  ItemSpec& crm = Put(&library_, App("crm"));
  crm.group = {"late", {}};
  settings().step_groups = {{.name = "users"}, {.name = "late", .after = Named({"users", "base"})}};
  Assign(&library_, "apps", {"mail", "crm"}).all_devices = true;
  subject_.flow = Flow::kUser;
  const EffectivePlan plan = Made();
  ASSERT_EQ(plan.profile.step_groups.size(), 2u);
  ASSERT_EQ(plan.profile.step_groups[1].after.size(), 1u);
  EXPECT_EQ(plan.profile.step_groups[1].after[0].id, "base");
  EXPECT_THAT(plan.warnings,
              ElementsAre("late waits for users, which is of a later phase: ignored"));
}

}  // namespace
}  // namespace preseal::server
