// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/domain/assignment/library_fixture.h"

namespace preseal::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> MistakesOf(const Library& library) {
  std::vector<std::string> messages;
  for (const Mistake& mistake : CheckLibrary(library)) messages.push_back(mistake.message);
  return messages;
}

TEST(CheckLibraryTest, AcceptsWhatFitsTogether) {
  Library library;
  Put(&library, App("browser"));
  Put(&library, Group("sales", "model == \"X\""));
  DeploymentProfile& office = Put(&library, Profile("office", {App("b", {"a"}), App("a")}));
  office.items.emplace_back(Mention{"browser", {}});
  office.settings.step_groups = {{.name = "late", .after = Named({"a"})}};
  Assignment& apps = Assign(&library, "apps", {"browser"});
  apps.profile = {"office", {}};
  apps.groups = Named({"sales"});
  EXPECT_THAT(MistakesOf(library), IsEmpty());
}

TEST(CheckLibraryTest, NamesTheCycleInsideAProfile) {
  Library library;
  Put(&library, Profile("office", {App("a", {"c"}), App("b", {"a"}), App("c", {"b"})}));
  EXPECT_THAT(MistakesOf(library), ElementsAre("these wait for each other: a -> c -> b -> a"));
}

TEST(CheckLibraryTest, NamesTheCycleAcrossDocuments) {
  Library library;
  Put(&library, App("a", {"b"}));
  Put(&library, App("b", {"a"}));
  EXPECT_THAT(MistakesOf(library), ElementsAre("these wait for each other: a -> b -> a"));
}

TEST(CheckLibraryTest, FindsAnItemThatWaitsForItself) {
  Library library;
  Put(&library, App("a", {"a"}));
  EXPECT_THAT(MistakesOf(library), ElementsAre("these wait for each other: a -> a"));
}

TEST(CheckLibraryTest, FindsACycleThroughGroups) {
  Library library;
  DeploymentProfile& office = Put(&library, Profile("office", {App("a", {"b"}), App("b")}));
  office.settings.step_groups = {{.name = "late", .after = Named({"a"})}};
  std::get<ItemSpec>(office.items[1]).group = {"late", {"x.yaml", 1, 1}};
  EXPECT_THAT(MistakesOf(library), ElementsAre(HasSubstr("these wait for each other: ")));
}

TEST(CheckLibraryTest, NamesWhatDoesNotExist) {
  Library library;
  DeploymentProfile& office = Put(&library, Profile("office", {App("a", {"gone"})}));
  office.items.emplace_back(Mention{"no-item", {}});
  office.settings.step_groups = {{.name = "g", .after = Named({"no-step"})}};
  std::get<ItemSpec>(office.items[0]).group = {"no-group", {}};
  Assignment& apps = Assign(&library, "apps", {"no-app"});
  apps.profile = {"no-profile", {}};
  apps.groups = Named({"no-devices"});
  apps.exclude_groups = Named({"no-others"});
  EXPECT_THAT(
      MistakesOf(library),
      ElementsAre("there is no Item \"no-item\"", "there is no item or group \"no-step\"",
                  "there is no item \"gone\"", "this profile has no group \"no-group\"",
                  "there is no Item \"no-app\"", "there is no DeploymentProfile \"no-profile\"",
                  "there is no Group \"no-devices\"", "there is no Group \"no-others\""));
}

TEST(CheckLibraryTest, ADeviceItemCannotWaitForTheUsers) {
  Library library;
  Put(&library, UserApp("mail"));
  Put(&library, App("a", {"mail"}));
  EXPECT_THAT(MistakesOf(library), ElementsAre(HasSubstr("\"mail\" runs for the user")));
}

ItemSpec InGroup(ItemSpec item, const std::string& group) {
  item.group = {group, {"x.yaml", 1, 1}};
  item.gating = Gating::kTracked;
  return item;
}

TEST(CheckLibraryTest, ADeviceItemCannotWaitForQualityUpdates) {
  Library library;
  Put(&library, App("updates")).category = Category::kQualityUpdates;
  Put(&library, App("a", {"updates"}));
  EXPECT_THAT(MistakesOf(library), ElementsAre(HasSubstr("\"updates\" runs in account setup")));
}

TEST(CheckLibraryTest, OnlyATeardownWaitsForATeardown) {
  Library library;
  DeploymentProfile& office =
      Put(&library, Profile("office", {App("a", {"c", "b"}), InGroup(App("b"), "end"), App("c"),
                                       InGroup(App("d", {"b"}), "end")}));
  office.settings.step_groups = {{.name = "end", .teardown = true}};
  const std::vector<Mistake> mistakes = CheckLibrary(library);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].place, (Place{"x.yaml", 2, 1}));
  EXPECT_THAT(mistakes[0].message, HasSubstr("\"b\" is in a teardown group"));
}

TEST(CheckLibraryTest, AMentionedItemsWaitIsSeenToo) {
  Library library;
  Put(&library, App("a", {"b"}));
  Put(&library, InGroup(App("b"), "end"));
  DeploymentProfile& office = Put(&library, Profile("office"));
  office.items = {Mention{"a", {}}, Mention{"b", {}}};
  office.settings.step_groups = {{.name = "end", .teardown = true}};
  EXPECT_THAT(MistakesOf(library), ElementsAre(HasSubstr("\"b\" is in a teardown group")));
}

TEST(CheckLibraryTest, NoGroupWaitsForATeardown) {
  Library library;
  DeploymentProfile& office = Put(&library, Profile("office", {InGroup(App("a"), "end")}));
  office.settings.step_groups = {{.name = "end", .teardown = true},
                                 {.name = "late", .after = Named({"end"})},
                                 {.name = "later", .after = Named({"a"})},
                                 {.name = "last", .after = Named({"end"}), .teardown = true}};
  EXPECT_THAT(MistakesOf(library), ElementsAre(HasSubstr("\"end\" is in a teardown group"),
                                               HasSubstr("\"a\" is in a teardown group")));
}

TEST(CheckLibraryTest, AGroupOfDeviceItemsCannotWaitForTheUsers) {
  Library library;
  DeploymentProfile& office =
      Put(&library, Profile("office", {InGroup(App("a"), "late"), InGroup(UserApp("b"), "users"),
                                       InGroup(UserApp("c"), "mail")}));
  office.settings.step_groups = {{.name = "users"},
                                 {.name = "late", .after = Named({"users"})},
                                 {.name = "mail", .after = Named({"users"})}};
  EXPECT_THAT(MistakesOf(library), ElementsAre(HasSubstr("\"users\" runs in account setup")));
}

TEST(CheckLibraryTest, AGroupsNameIsNoItems) {
  Library library;
  DeploymentProfile& office = Put(&library, Profile("office", {App("a")}));
  office.settings.step_groups = {{.name = "a"}, {.name = "set-name"}};
  EXPECT_THAT(MistakesOf(library), ElementsAre("\"a\" names an item: give the group another name",
                                               "\"set-name\" names a built-in item"));
}

TEST(CheckLibraryTest, AnIdBelongsToOneItemOnly) {
  Library library;
  Put(&library, App("a"));
  Put(&library, Profile("office", {App("a"), App("set-name")}));
  EXPECT_THAT(MistakesOf(library), ElementsAre("there is an Item document \"a\" too",
                                               "\"set-name\" names a built-in item"));
}

TEST(CheckLibraryTest, ATeardownGroupHoldsNothing) {
  Library library;
  DeploymentProfile& office = Put(&library, Profile("office", {App("a")}));
  office.settings.step_groups = {{.name = "end", .teardown = true}};
  std::get<ItemSpec>(office.items[0]).group = {"end", {}};
  EXPECT_THAT(MistakesOf(library), ElementsAre(HasSubstr("cannot hold the seal")));
}

TEST(GroupWarningsTest, TellsGroupsThatHoldNoneOrAll) {
  Library library;
  Put(&library, Group("none", "model == \"Y\""));
  Put(&library, Group("every", "model startsWith \"X\""));
  Put(&library, Group("some", "model == \"X1\""));
  Put(&library, Group("meant", "all"));
  const std::vector<DeviceFacts> devices = {{.model = "X1"}, {.model = "X2"}};
  GroupCensus census(library);
  for (const DeviceFacts& facts : devices) census.Count(facts);
  EXPECT_THAT(census.Warnings(),
              ElementsAre("group every matches every device today: model startsWith \"X\"",
                          "group none matches no device today: model == \"Y\""));
  EXPECT_THAT(GroupCensus(library).Warnings(), IsEmpty());
}

}  // namespace
}  // namespace preseal::server
