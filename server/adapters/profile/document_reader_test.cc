// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/document_reader.h"

#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "common/base/limits.h"
#include "server/adapters/profile/reader_fixture.h"

namespace preseal::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kItems[] = R"(items:
  - id: motd
    name: Welcome text
    category: policies
    file: {path: /etc/motd, content: hello}
)";

ProfileSettings SettingsOf(const std::string& text) {
  const ParsedText parsed = Parse(text);
  for (const Mistake& mistake : parsed.mistakes) ADD_FAILURE() << mistake.message;
  if (parsed.documents.size() != 1) return {};
  return std::get<DeploymentProfile>(parsed.documents[0].content).settings;
}

std::string Profile(const std::string& settings) {
  return "kind: DeploymentProfile\nname: office\n" + settings + kItems;
}

TEST(DocumentReaderTest, AFileWithoutKindIsAProfileOfOld) {
  const ProfileSettings settings = SettingsOf(std::string("name: office\n") + kItems);
  EXPECT_EQ(settings.id, "office");
  EXPECT_TRUE(settings.preprovisioning_allowed);
  EXPECT_FALSE(settings.esp.install_quality_updates);
}

// Windows Autopilot's defaults, autopilot.md 2.3 and 4.3.
TEST(DocumentReaderTest, AProfileHasTheDocumentedDefaults) {
  const ProfileSettings settings = SettingsOf(Profile(""));
  EXPECT_FALSE(settings.preprovisioning_allowed);
  EXPECT_EQ(settings.mode, Mode::kUserDriven);
  EXPECT_FALSE(settings.esp.show_progress);
  EXPECT_EQ(settings.esp.timeout, std::chrono::minutes(60));
  EXPECT_EQ(settings.esp.error_message,
            "Setup could not be completed. Please try again or contact your support person for "
            "help.");
  EXPECT_FALSE(settings.esp.allow_log_collection);
  EXPECT_FALSE(settings.esp.only_out_of_box);
  EXPECT_TRUE(settings.esp.install_quality_updates);
  EXPECT_TRUE(settings.esp.block_use);
  EXPECT_FALSE(settings.esp.allow_reset);
  EXPECT_FALSE(settings.esp.allow_use_on_error);
  EXPECT_FALSE(settings.esp.block_retry);
  EXPECT_THAT(settings.esp.blocking_items, IsEmpty());
  EXPECT_FALSE(settings.esp.only_fail_selected);
}

TEST(DocumentReaderTest, ReadsEverySetting) {
  const ProfileSettings settings = SettingsOf(Profile(R"(description: For the office
name_template: PC-%RAND:4%
preprovisioning_allowed: true
mode: user-driven
join: {provider: samba, domain: corp.example}
esp:
  show_progress: true
  timeout: 1440min
  error_message: Call 42
  allow_log_collection: true
  only_out_of_box: true
  install_quality_updates: false
  block_use: false
  allow_reset: true
  allow_use_on_error: true
  block_retry: true
  blocking_items: [motd]
  only_fail_selected: true
out_of_box: {language: en-GB, keyboard: gb, hide_privacy: true, hide_licence: true,
  standard_user: true, skip_keyboard: true, skip_network: true, licence_text: L, privacy_text: P}
groups: [{name: late, max_in_flight: 2, on_failure: leave-group, after: [motd], teardown: true}]
device_setup_timeout: 50min
account_setup_timeout: 40min
reboots_max: 4
)"));
  EXPECT_TRUE(settings.esp.show_progress && settings.esp.allow_log_collection &&
              settings.esp.only_out_of_box && settings.esp.allow_reset &&
              settings.esp.allow_use_on_error && settings.esp.block_retry &&
              settings.esp.only_fail_selected);
  EXPECT_FALSE(settings.esp.install_quality_updates || settings.esp.block_use);
  EXPECT_EQ(settings.esp.timeout, std::chrono::minutes(1440));
  EXPECT_EQ(settings.esp.error_message, "Call 42");
  ASSERT_EQ(settings.esp.blocking_items.size(), 1u);
  EXPECT_EQ(settings.join.domain, "corp.example");
  EXPECT_EQ(settings.out_of_box.language, "en-GB");
  EXPECT_TRUE(settings.out_of_box.skip_network);
  ASSERT_EQ(settings.step_groups.size(), 1u);
  EXPECT_EQ(settings.step_groups[0].on_failure, StepGroup::OnFailure::kLeaveGroup);
  EXPECT_EQ(settings.reboots_max, 4u);
  EXPECT_EQ(settings.account_setup_timeout, std::chrono::minutes(40));
}

TEST(DocumentReaderTest, NamesThePlaceOfEachWrongSetting) {
  const struct {
    std::string settings;
    const char* message;
  } kRows[] = {
      {"esp: {timeout: 1441min}\n", "3:16: \"timeout\" must be a time"},
      {"esp: {timeout: 0min}\n", "3:16: \"timeout\" must be a time"},
      {"esp: {timeot: 5min}\n", "3:7: unknown key \"timeot\", did you mean \"timeout\"?"},
      {"device_setup_timeout: 61min\n",
       "3:23: \"device_setup_timeout\" is longer than esp.timeout"},
      {"reboots_max: 51\n", "3:14: \"reboots_max\" must be a number from 0 to 50"},
      {"name_template: KIOSK\n", "3:16: every device would get the same name"},
      {"name_template: PC_%SERIAL%\n", "3:18: a device name has letters"},
      {"join: {provider: samba, domain: d}\nname_template: P%SERIAL%\n",
       "4:17: a hybrid join takes no %SERIAL%"},
      {"mode: kiosk\n", "3:7: \"mode\" must be one of"},
      {"mode: self-deploying\njoin: {provider: samba, domain: d}\n",
       "3:7: a self-deploying device has no user"},
      {"description: " + std::string(kDescriptionCharsMax + 1, 'x') + "\n",
       "3:14: \"description\" has more than 1500 characters"},
      {"esp: {error_message: " + std::string(kErrorMessageCharsMax + 1, 'x') + "}\n",
       "3:22: \"error_message\" has more than 10000 characters"},
      {"join: {provider: samba, domain: corp example}\n", "3:33: a domain is a DNS name"},
      {"groups: [{name: a}, {name: a}]\n", "3:28: this group comes twice"},
  };
  for (const auto& row : kRows) {
    EXPECT_THAT(MistakesOf(Profile(row.settings)), ElementsAre(HasSubstr(row.message)))
        << row.settings.substr(0, 80);
  }
}

TEST(DocumentReaderTest, AtMostAHundredItemsCanBeListedAsBlocking) {
  std::string list = "esp: {blocking_items: [a0";
  for (size_t i = 1; i < kBlockingItemsMax; ++i) list += ", a" + std::to_string(i);
  EXPECT_THAT(MistakesOf(Profile(list + "]}\n")), IsEmpty());
  EXPECT_THAT(MistakesOf(Profile(list + ", b]}\n")),
              ElementsAre(HasSubstr("at most 100 items can block")));
}

TEST(DocumentReaderTest, CutsDocumentsAndCountsLinesOn) {
  const ParsedText parsed = Parse(
      "# all of sales\n---\nkind: Group\nname: sales\nrule: model == \"X\"\n---\n"
      "kind: Assignment\nname: apps\nitems: [crm]\nto: {groups: [sales], users: [ana]}\n"
      "exclude: {groups: [kiosks]}\nintent: available\n");
  ASSERT_THAT(parsed.mistakes, IsEmpty());
  ASSERT_EQ(parsed.documents.size(), 2u);
  EXPECT_EQ(parsed.documents[0].text, "kind: Group\nname: sales\nrule: model == \"X\"\n");
  const auto& assignment = std::get<Assignment>(parsed.documents[1].content);
  EXPECT_EQ(assignment.items[0].place, (Place{"office.yaml", 9, 9}));
  EXPECT_EQ(assignment.intent, Intent::kAvailable);
  EXPECT_THAT(assignment.users, ElementsAre("ana"));
  EXPECT_EQ(assignment.exclude_groups[0].id, "kiosks");
}

TEST(DocumentReaderTest, ARulesMistakeHasItsColumn) {
  EXPECT_THAT(MistakesOf("kind: Group\nname: g\nrule: model = \"X\"\n"),
              ElementsAre(HasSubstr("3:13: expected ==, !=, in")));
}

TEST(DocumentReaderTest, AnAssignmentNeedsWhatAndWhom) {
  EXPECT_THAT(
      MistakesOf("kind: Assignment\nname: a\n"),
      ElementsAre(HasSubstr("needs \"items\" or a \"profile\""), HasSubstr("needs \"to\"")));
}

TEST(DocumentReaderTest, AnItemTwiceIsAMistake) {
  EXPECT_THAT(MistakesOf("kind: DeploymentProfile\nname: o\nitems: [a, a]\n"),
              ElementsAre(HasSubstr("3:12: item \"a\" comes twice")));
}

TEST(DocumentReaderTest, TellsMistakesOfEveryDocument) {
  EXPECT_THAT(MistakesOf("kind: Group\nname: G\nrule: all\n---\nkind: Group\nname: h\nrule: x\n"),
              ElementsAre(HasSubstr("2:7:"), HasSubstr("7:7:")));
}

TEST(DocumentReaderTest, AnEmptyTextIsAMistake) {
  EXPECT_THAT(MistakesOf("# nothing\n---\n"), ElementsAre(HasSubstr("no document")));
}

// Its package is the one lying on the machine the demo is started on.
TEST(DocumentReaderTest, TheDemoProfileIsRead) {
  std::ifstream file(std::string(PRESEAL_SOURCE_DIR) + "/deploy/demo-profile/office-laptop.yaml");
  std::stringstream content;
  content << file.rdbuf();
  const std::string text =
      std::regex_replace(content.str(), std::regex("@[A-Z_]+@"), "placeholder");
  ASSERT_NE(text, "");
  EXPECT_THAT(MistakesOf(text), IsEmpty());
}

}  // namespace
}  // namespace preseal::server
