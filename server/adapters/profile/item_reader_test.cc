// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "preseal/plan/v1/plan.pb.h"
#include "server/adapters/profile/reader_fixture.h"

namespace preseal::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace plv1 = plan::v1;

constexpr char kItem[] = R"(kind: Item
id: crm
name: CRM client
category: apps
gating: tracked
context: device
after: [base]
group: late
timeout: 5min
total_timeout: 20min
stall_timeout: 2min
attempts: 3
exit_codes:
  - {code: 75, result: retry}
  - {code: 64, result: reboot-now}
  - {code: 65, result: reboot-later}
  - {code: 66, result: fail-fatal}
reboots: 2
reboot_within: 10min
token: download
installer_lock: true
undo: command
undo_command: rm -f opt/crm
requires: test -d opt
inputs:
  - {name: SEATS, type: integer, value: 5, minimum: 1, maximum: 9}
  - {name: TIER, type: choice, choices: [gold, tin], value: gold}
script:
  detect: test -e opt/crm
  apply: touch opt/crm
  verify: test -e opt/crm
)";

plv1::Step StepOf(const std::string& text) {
  const ParsedText parsed = Parse(text);
  plv1::Step step;
  for (const Mistake& mistake : parsed.mistakes) ADD_FAILURE() << mistake.message;
  if (parsed.documents.size() != 1) return step;
  const auto& item = std::get<ItemSpec>(parsed.documents[0].content);
  EXPECT_TRUE(step.ParseFromString(ToString(ByteView(item.step))));
  return step;
}

TEST(ItemReaderTest, ReadsEveryKey) {
  const plv1::Step step = StepOf(kItem);
  EXPECT_EQ(step.item_id(), "crm");
  EXPECT_EQ(step.timeout().seconds(), 300);
  EXPECT_EQ(step.total_timeout().seconds(), 1200);
  EXPECT_EQ(step.stall_timeout().seconds(), 120);
  EXPECT_EQ(step.attempts(), 3u);
  ASSERT_EQ(step.exit_codes_size(), 4);
  EXPECT_EQ(step.exit_codes(1).result(), plv1::ExitCodeRule::RESULT_REBOOT_NOW);
  EXPECT_EQ(step.exit_codes(2).result(), plv1::ExitCodeRule::RESULT_REBOOT_LATER);
  EXPECT_EQ(step.exit_codes(3).result(), plv1::ExitCodeRule::RESULT_FAIL_FATAL);
  EXPECT_EQ(step.reboots_max(), 2u);
  EXPECT_EQ(step.reboot_within().seconds(), 600);
  EXPECT_EQ(step.token(), "download");
  EXPECT_TRUE(step.installer_lock());
  EXPECT_EQ(step.undo(), plv1::Step::UNDO_COMMAND);
  EXPECT_EQ(step.requires_script(), "test -d opt");
  ASSERT_EQ(step.inputs_size(), 2);
  EXPECT_EQ(step.inputs(0).maximum(), 9);
  EXPECT_EQ(step.script().apply(), "touch opt/crm");
}

TEST(ItemReaderTest, ReadsWhatDecidesAboutIt) {
  const ParsedText parsed = Parse(kItem);
  ASSERT_EQ(parsed.documents.size(), 1u);
  const auto& item = std::get<ItemSpec>(parsed.documents[0].content);
  EXPECT_EQ(item.category, Category::kApps);
  EXPECT_EQ(item.gating, Gating::kTracked);
  EXPECT_EQ(item.context, Context::kDevice);
  ASSERT_EQ(item.after.size(), 1u);
  EXPECT_EQ(item.after[0].id, "base");
  EXPECT_EQ(item.after[0].place, (Place{"office.yaml", 7, 9}));
  EXPECT_EQ(item.group.id, "late");
  EXPECT_EQ(item.total_timeout, std::chrono::minutes(20));
}

TEST(ItemReaderTest, HasDocumentedDefaults) {
  const plv1::Step step =
      StepOf("kind: Item\nid: a\nname: A\ncategory: apps\nfile: {path: /a, content: x}\n");
  EXPECT_EQ(step.timeout().seconds(), 3600);
  EXPECT_EQ(step.attempts(), 1u);
  EXPECT_EQ(step.reboots_max(), 0u);
  EXPECT_EQ(step.undo(), plv1::Step::UNDO_NONE);
  EXPECT_FALSE(step.has_total_timeout());
  EXPECT_FALSE(step.has_stall_timeout());
  EXPECT_EQ(step.file().mode(), 0644u);
}

TEST(ItemReaderTest, KnowsTheKindsTheEngineCarriesOut) {
  const std::string head = "kind: Item\nid: a\nname: A\ncategory: apps\n";
  EXPECT_EQ(StepOf(head + "wait: {duration: 30s}\n").wait().duration().seconds(), 30);
  EXPECT_TRUE(StepOf("kind: Item\nid: a\nname: A\nreboot: {}\n").has_reboot());
  const plv1::Step prompt = StepOf(
      head + "prompt: {text: {en: Scan, de: Scannen}, pattern: \"[0-9]+\", answer_path: /etc/n}\n");
  EXPECT_EQ(prompt.prompt().text().at("de"), "Scannen");
}

// Each row spoils one thing and names where.
TEST(ItemReaderTest, NamesThePlaceOfEachMistake) {
  const struct {
    const char* from;
    const char* to;
    const char* message;
  } kRows[] = {
      {"id: crm", "id: CRM", "2:5: use 1 to 64 lower-case"},
      {"category: apps", "category: app", "4:11: \"category\" must be one of"},
      {"context: device", "context: both", "6:10: \"context\" must be one of"},
      {"timeout: 5min", "timeout: 1441min", "9:10: \"timeout\" must be a time"},
      {"timeout: 5min", "timeout: 30min", "10:16: \"total_timeout\" must be at least"},
      {"stall_timeout: 2min", "stall_timeout: 6min", "11:16: \"stall_timeout\" must be at most"},
      {"attempts: 3", "attempts: 11", "12:11: \"attempts\" must be a number from 1 to 10"},
      {"result: reboot-now", "result: reboot", "15:24: \"result\" must be one of"},
      {"code: 75", "code: 256", "14:12: \"code\" must be a number"},
      {"reboots: 2", "reboots: 0", "18:10: an exit code asks for a restart"},
      {"reboots: 2", "reboots: 11", "18:10: \"reboots\" must be a number from 0 to 10"},
      {"token: download", "token: Down load", "20:8: use 1 to"},
      {"undo: command", "undo: none", "22:7: \"undo: command\" and \"undo_command\""},
      {"value: 5", "value: 10", "26:41: \"value\" must be from 1 to 9"},
      {"value: 5", "value: five", "26:41: \"value\" must be a whole number"},
      {"name: SEATS", "name: seats", "26:12: an input's name has capitals"},
      {"value: 5,", "value: 5, choices: [a],", "\"choices\" needs \"type: choice\""},
      {"value: gold", "value: silver", "27:61: \"value\" is none of \"choices\""},
      {"gating: tracked", "gatin: tracked", "unknown key \"gatin\", did you mean \"gating\"?"},
      {"script:", "scripts:", "an item needs one of: file, script"},
  };
  for (const auto& row : kRows) {
    EXPECT_THAT(MistakesOf(Replaced(kItem, row.from, row.to)),
                testing::Contains(HasSubstr(row.message)))
        << row.to;
  }
}

// What the agent would refuse on every device.
TEST(ItemReaderTest, RefusesWhatNoAgentTakes) {
  const std::string head = "kind: Item\nid: a\nname: A\ncategory: apps\n";
  const struct {
    const char* step;
    const char* message;
  } kRows[] = {
      {"file: {path: /etc//motd, content: x}", "5:14: a path in the target"},
      {"file: {path: /etc/, content: x}", "5:14: a path in the target"},
      {"file: {path: /, content: x}", "5:14: a path in the target"},
      {"file: {path: /etc/../x, content: x}", "5:14: a path in the target"},
      {"file: {path: etc/x, content: x}", "5:14: a path in the target"},
      {"file: {path: \"/etc/\\t\", content: x}", "5:14: a path in the target"},
      {"network_profile: {name: ../x, content: x}", "5:25: use 1 to 64"},
      {"network_profile: {name: .x, content: x}", "5:25: use 1 to 64"},
      {"package: {source: tools.deb, package: Tools, version: 1}", "5:39: a package's name"},
      {"package: {source: tools.deb, package: -t, version: 1}", "5:39: a package's name"},
      {"package: {source: tools.deb, package: t, version: 1_0}", "5:51: a version has"},
      {"prompt: {text: {en: \"\"}}", "the text in \"en\" is missing"},
      {"inputs: [{name: P, type: path, value: /a//b}]\nwait: {duration: 1s}",
       "5:39: \"value\" must be an absolute path"},
      {"inputs: [{name: P, value: \"a\\0b\"}]\nwait: {duration: 1s}",
       "5:27: \"value\" must not have a zero byte"},
  };
  for (const auto& row : kRows) {
    EXPECT_THAT(MistakesOf(head + row.step + "\n"), ElementsAre(HasSubstr(row.message)))
        << row.step;
  }
  EXPECT_THAT(MistakesOf(head + "file: {path: /etc/motd.d/x, content: x}\n"), IsEmpty());
  EXPECT_THAT(MistakesOf(head + "package: {source: tools.deb, package: g++-12, version: "
                                "\"1:2.0~rc1-3\"}\n"),
              IsEmpty());
}

TEST(ItemReaderTest, TellsAllMistakesAtOnce) {
  std::string text = Replaced(kItem, "attempts: 3", "attempts: 0");
  text = Replaced(text, "token: download", "token: X");
  EXPECT_THAT(MistakesOf(text), ElementsAre(HasSubstr("12:11:"), HasSubstr("20:8:")));
}

TEST(ItemReaderTest, BlockingScriptNeedsVerify) {
  const std::string blocking = Replaced(kItem, "gating: tracked", "gating: blocking");
  EXPECT_THAT(MistakesOf(blocking), IsEmpty());
  EXPECT_THAT(MistakesOf(Replaced(blocking, "  verify: test -e opt/crm\n", "")),
              ElementsAre(HasSubstr("a blocking script needs \"verify\"")));
}

TEST(ItemReaderTest, APromptNeedsEnglishAndAWorkingPattern) {
  const std::string head = "kind: Item\nid: a\nname: A\ncategory: apps\n";
  EXPECT_THAT(MistakesOf(head + "prompt: {text: {de: Hallo}}\n"),
              ElementsAre(HasSubstr("the text in \"en\" is missing")));
  EXPECT_THAT(MistakesOf(head + "prompt: {text: {en: Hi}, pattern: \"[\"}\n"),
              ElementsAre(HasSubstr("no regular expression")));
  EXPECT_THAT(MistakesOf(head + "prompt: {text: {en: Hi}, pattern: \"(a)\\\\1\"}\n"),
              ElementsAre(HasSubstr("no regular expression")));
  EXPECT_THAT(MistakesOf(head + "prompt: {text: {en: Hi}, pattern: \"" +
                         std::string(kPromptPatternBytesMax + 1, 'a') + "\"}\n"),
              ElementsAre(HasSubstr("more than 512 bytes")));
}

TEST(ItemReaderTest, AFileTheServerHasNotIsMissedWithItsPlace) {
  const std::string text =
      "kind: Item\nid: a\nname: A\ncategory: apps\n"
      "package: {format: deb, source: gone.deb, package: p, version: 1}\n";
  const ParsedText parsed = Parse(text);
  EXPECT_THAT(parsed.mistakes, IsEmpty());
  ASSERT_EQ(parsed.missing.size(), 1u);
  EXPECT_EQ(parsed.missing[0].source, "gone.deb");
  EXPECT_EQ(parsed.missing[0].place.line, 5u);
  EXPECT_THAT(Parse(Replaced(text, "gone.deb", "tools.deb")).missing, IsEmpty());
}

TEST(ItemReaderTest, ACertificateIsTakenIntoThePlan) {
  EXPECT_EQ(StepOf("kind: Item\nid: a\nname: A\ncategory: certificates\n"
                   "certificate: {path: /c.pem, source: root.pem}\n")
                .certificate()
                .pem(),
            "PEM");
}

}  // namespace
}  // namespace preseal::server
