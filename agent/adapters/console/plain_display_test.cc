// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/plain_display.h"

#include <gtest/gtest.h>

#include <vector>

namespace preseal::agent {
namespace {

class PlainDisplayTest : public testing::Test {
 protected:
  std::string Taken() { return std::exchange(out_, ""); }

  std::string out_;
  PlainDisplay display_{[this](const std::string& line) { out_ += line; }};
};

TEST_F(PlainDisplayTest, WritesEachChangeOnce) {
  display_.ShowActivity("Creating TPM keys");
  display_.ShowActivity("Creating TPM keys");
  display_.ShowConnection(true, "");
  display_.ShowConnection(true, "");
  display_.ShowConnection(false, "connection refused");
  EXPECT_EQ(Taken(),
            "activity Creating TPM keys\n"
            "connection online\n"
            "connection offline detail=\"connection refused\"\n");
}

TEST_F(PlainDisplayTest, ReportsPercentInStepsOfTen) {
  std::vector<Item> items{{.item_id = "app", .display_name = "Install it"}};
  display_.ShowItems(items, {});
  EXPECT_EQ(Taken(), "");  // nothing has happened yet
  items[0].state = ItemState::kInProgress;
  for (uint32_t percent = 0; percent <= 25; ++percent) {
    items[0].percent = percent;
    display_.ShowItems(items, {});
  }
  EXPECT_EQ(Taken(),
            "item id=app state=in-progress percent=0 title=\"Install it\"\n"
            "item id=app state=in-progress percent=10 title=\"Install it\"\n"
            "item id=app state=in-progress percent=20 title=\"Install it\"\n");
  items[0].state = ItemState::kFailed;
  items[0].code = "EXIT_CODE";
  items[0].exit_code = 3;
  items[0].message = "it said \"no\"";
  display_.ShowItems(items, {});
  EXPECT_EQ(Taken(),
            "item id=app state=failed percent=25 code=EXIT_CODE exit=3 "
            "message=\"it said \\\"no\\\"\" title=\"Install it\"\n");
}

TEST_F(PlainDisplayTest, WritesLandingLogAndResult) {
  display_.ShowLanding({.organisation = "Example Ltd",
                        .profile = "kiosk",
                        .assigned_user = "",
                        .device_id = "D-1",
                        .serial_number = "SN-1",
                        .qr_text = "https://x/#/devices/D-1",
                        .lab = true,
                        .quarantined = true});
  display_.ShowLog("app", "Unpacking");
  display_.ShowLog("", "done");
  display_.ShowResult({.outcome = ResultCard::Outcome::kRefused,
                       .title = "Attestation refused",
                       .code = "EK_CHAIN_UNTRUSTED",
                       .message = "not trusted",
                       .seen = "CN=X",
                       .expected = "CN=Y",
                       .remedy = "ask",
                       .elapsed = std::chrono::seconds(9)});
  EXPECT_EQ(Taken(),
            "landing device=D-1 serial=SN-1 profile=kiosk user=\"\" organisation=\"Example Ltd\" "
            "lab=true quarantined=true url=\"https://x/#/devices/D-1\"\n"
            "log item=app Unpacking\n"
            "log done\n"
            "result outcome=refused seconds=9 code=EK_CHAIN_UNTRUSTED "
            "title=\"Attestation refused\" message=\"not trusted\" seen=\"CN=X\" "
            "expected=\"CN=Y\" remedy=ask\n");
}

TEST_F(PlainDisplayTest, WritesCountsWaitsStallsAndAttempts) {
  std::vector<Item> items{{.item_id = "app", .display_name = "App"}};
  items[0].state = ItemState::kInProgress;
  items[0].done = 3;
  items[0].total = 7;
  items[0].attempt = 2;
  items[0].stalled = true;
  items[0].wait = Wait{Wait::Kind::kToken, "the queue", std::chrono::minutes(60), 3};
  display_.ShowItems(items, {});
  EXPECT_EQ(Taken(),
            "item id=app state=in-progress percent=0 count=3/7 attempt=2 stalled=true wait=token "
            "for=\"the queue\" place=3 limit=3600 title=App\n");
}

TEST_F(PlainDisplayTest, WritesQuestionsAndNoticesAndTakesAnswers) {
  Question question;
  question.id = "item/room";
  question.title = "Room";
  question.text = {{"en", "Where?"}, {"de", "Wo?"}};
  question.choices = {"Hall", "Office"};
  display_.ShowQuestion(question);
  display_.ShowNotice("Retry accepted");
  EXPECT_EQ(Taken(),
            "question id=item/room title=Room text=\"Where? / Wo?\" choices=\"Hall | Office\"\n"
            "notice Retry accepted\n");
  EXPECT_EQ(display_.Typed("2\n"),
            (std::vector<InputEvent>{{std::nullopt, "item/room", "Office"}}));
}

TEST_F(PlainDisplayTest, IsQuietWhereTheProfileWantsItButTellsTheVerdict) {
  LandingCard card{.device_id = "D-1", .error_message = "Call 4711."};
  card.show_progress = false;
  display_.ShowLanding(card);
  Taken();
  const std::vector<Item> items{
      {.item_id = "app", .display_name = "App", .state = ItemState::kInProgress}};
  display_.ShowItems(items, {});
  EXPECT_EQ(Taken(), "");
  display_.ShowResult({.title = "Failed"});
  EXPECT_EQ(Taken(),
            "result outcome=failed seconds=0 title=Failed organisation-says=\"Call 4711.\"\n");
}

TEST_F(PlainDisplayTest, KeepsHostileTextOnOneLine) {
  display_.ShowActivity("a\nresult outcome=sealed\x1b[2J");
  display_.ShowLog("app", "b\r\nc");
  EXPECT_EQ(Taken(),
            "activity a\\x0aresult outcome=sealed\\x1b[2J\n"
            "log item=app b\\x0d\\x0ac\n");
}

}  // namespace
}  // namespace preseal::agent
