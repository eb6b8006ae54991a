// SPDX-License-Identifier: Apache-2.0
// What the screen shows of buttons, questions, waits and the profile's wishes.
#include <gtest/gtest.h>

#include "agent/adapters/console/frame.h"
#include "agent/adapters/console/question_body.h"
#include "agent/adapters/console/wait_text.h"
#include "common/base/display_width.h"

namespace preseal::agent {
namespace {

constexpr FrameStyle kAscii{.unicode = false, .colour = false};

std::string Screen(const ScreenModel& model, size_t width = 100, size_t height = 30) {
  std::string screen;
  for (const std::string& line : Frame(model, width, height, kAscii)) {
    EXPECT_LE(DisplayWidth(line), width);
    screen += line + "\n";
  }
  return screen;
}

bool Has(const std::string& screen, std::string_view text) {
  return screen.find(text) != std::string::npos;
}

ScreenModel Landed() {
  ScreenModel model;
  model.connected = true;
  model.activity = "Waiting for start";
  model.landing = LandingCard{.organisation = "Example Ltd",
                              .profile = "Kiosk",
                              .assigned_user = "alice",
                              .device_id = "D-1",
                              .serial_number = "SN-1",
                              .device_name = "KIOSK-0007",
                              .join = "samba-offline-join",
                              .error_message = "Call 4711.",
                              .notice = "Sealed 20 minutes ago."};
  return model;
}

Item AnItem() {
  return {.item_id = "office",
          .display_name = "Office suite",
          .state = ItemState::kInProgress,
          .percent = 10,
          .attempt = 1};
}

TEST(PersonFrameTest, TheLandingCardHasNameJoinAndTheAllowedButtons) {
  ScreenModel model = Landed();
  model.landing->actions = {DeviceAction::kProvision, DeviceAction::kRefresh};
  // Device preparation is done before any run: the card stays.
  model.items = {{.item_id = "join",
                  .display_name = "Join",
                  .phase = Phase::kDevicePreparation,
                  .state = ItemState::kSucceeded}};
  const std::string screen = Screen(model);
  for (const char* text :
       {"Example Ltd", "Kiosk", "alice", "D-1", "SN-1", "KIOSK-0007", "samba-offline-join",
        "Sealed 20 minutes ago.", "[P] provision", "[F] refresh"}) {
    EXPECT_TRUE(Has(screen, text)) << text << "\n" << screen;
  }
  EXPECT_FALSE(Has(screen, "reset"));
}

TEST(PersonFrameTest, AWaitSaysForWhatWhereSinceWhenAndHowLongAtMost) {
  EXPECT_EQ(WaitText({.kind = Wait::Kind::kToken,
                      .owner = "a download token",
                      .limit = std::chrono::minutes(60),
                      .place = 3},
                     std::chrono::seconds(42)),
            "waiting for a download token, place 3, since 0:42, at most 60 min");
  ScreenModel model = Landed();
  model.items = {AnItem()};
  model.items[0].wait = Wait{.kind = Wait::Kind::kReboot, .limit = std::chrono::seconds(90)};
  model.elapsed = std::chrono::seconds(100);
  model.waiting_since["office"] = std::chrono::seconds(40);
  EXPECT_TRUE(Has(Screen(model), "waiting for the restart, since 1:00, at most 90 s"));
}

TEST(PersonFrameTest, AnItemShowsItsCountItsAttemptAndThatItStalls) {
  ScreenModel model = Landed();
  model.items = {AnItem()};
  model.items[0].done = 9;
  model.items[0].total = 10;
  model.items[0].attempt = 2;
  std::string screen = Screen(model);
  EXPECT_TRUE(Has(screen, "9 of 10")) << screen;
  EXPECT_TRUE(Has(screen, "Office suite (attempt 2)"));
  EXPECT_FALSE(Has(screen, "STALLED"));
  model.items[0].stalled = true;
  EXPECT_TRUE(Has(Screen(model), "! STALLED"));
}

TEST(PersonFrameTest, AWaivedItemNamesWhoWaivedIt) {
  ScreenModel model = Landed();
  model.items = {AnItem()};
  model.items[0].state = ItemState::kFailed;
  model.items[0].waiver = Waiver{"lead@example.com", "known issue"};
  EXPECT_TRUE(Has(Screen(model), "waived by lead@example.com"));
}

TEST(PersonFrameTest, WithoutProgressOnlyTheActivityIsShown) {
  ScreenModel model = Landed();
  model.items = {AnItem()};
  model.activity = "Provisioning";
  model.landing->show_progress = false;
  const std::string quiet = Screen(model);
  EXPECT_TRUE(Has(quiet, "Provisioning"));
  EXPECT_FALSE(Has(quiet, "Office"));
  // The verdict is never hidden.
  model.result = ResultCard{.title = "Provisioning failed", .code = "STEP_TIMEOUT"};
  EXPECT_TRUE(Has(Screen(model), "STEP_TIMEOUT"));
}

TEST(PersonFrameTest, ARedCardHasTheOrganisationsOwnMessage) {
  ScreenModel model = Landed();
  model.result = ResultCard{.title = "Provisioning failed", .elapsed = std::chrono::seconds(65)};
  const std::string red = Screen(model);
  EXPECT_TRUE(Has(red, "Call 4711."));
  EXPECT_TRUE(Has(red, "1:05"));
  model.result->outcome = ResultCard::Outcome::kInService;
  const std::string green = Screen(model);
  EXPECT_TRUE(Has(green, "+ IN SERVICE"));
  EXPECT_FALSE(Has(green, "Call 4711."));
}

TEST(PersonFrameTest, AQuestionTakesTheScreenAndTheKeys) {
  ScreenModel model = Landed();
  model.landing->actions = {DeviceAction::kReset};
  Question question;
  question.id = "item/room";
  question.title = "Room";
  question.text["en"] = "Where will it stand?";
  question.choices = {"Hall", "Office"};
  question.complaint = "Not that.";
  question.suggestion = "Hall";
  model.question = question;
  std::string screen = Screen(model);
  for (const char* text :
       {"Room", "Where will it stand?", " 1  Hall", " 2  Office", "Not that.", "Enter: Hall"}) {
    EXPECT_TRUE(Has(screen, text)) << text << "\n" << screen;
  }
  EXPECT_FALSE(Has(screen, "[S]"));
  model.typed = "Off";
  screen = Screen(model);
  EXPECT_TRUE(Has(screen, "> Off"));
}

TEST(PersonFrameTest, TheChoicesOfALongTextStayOnASmallScreen) {
  ScreenModel model = Landed();
  Question question;
  question.id = "licence";
  for (int i = 0; i < 500; ++i) question.text["en"] += "You agree to this and that. ";
  question.choices = {"accept"};
  model.question = question;
  const std::string screen = Screen(model, 40, 12);
  EXPECT_TRUE(Has(screen, "1  accept")) << screen;
  EXPECT_TRUE(Has(screen, ">"));
}

// Screen checks the width; this the height.
TEST(PersonFrameTest, NothingLeavesItsAreaWhateverTheSize) {
  ScreenModel model = Landed();
  model.landing->actions = {DeviceAction::kReset, DeviceAction::kProvision};
  model.items = {AnItem()};
  model.items[0].wait = Wait{.owner = std::string(300, 'w')};
  for (int round = 0; round < 2; ++round) {
    for (size_t width = kFrameWidthMin; width <= 130; width += 7) {
      for (size_t height = kFrameHeightMin; height <= 44; height += 3) {
        EXPECT_EQ(Frame(model, width, height, kAscii).size(), height);
        Screen(model, width, height);
      }
    }
    model.question = Question{.id = "q", .title = std::string(200, 't')};
    model.question->text["en"] = std::string(500, 'x');
    model.question->qr_text = "https://id.example.com/device?user_code=WDJB-MJHT";
    model.question->choices = std::vector<std::string>(20, std::string(200, 'c'));
  }
}

TEST(PersonFrameTest, AsksInThePersonsLanguageElseInAll) {
  Question question;
  question.text = {{"de", "Wo?"}, {"en", "Where?"}, {"fr", "Ou?"}};
  EXPECT_EQ(TextsFor(question), (std::vector<std::string>{"Where?", "Wo?", "Ou?"}));
  question.language = "de-CH";
  EXPECT_EQ(TextsFor(question), std::vector<std::string>{"Wo?"});
  question.language = "sv";
  EXPECT_EQ(TextsFor(question), std::vector<std::string>{"Where?"});
}

TEST(PersonFrameTest, TheServersAnswerToAButtonIsInTheFooter) {
  ScreenModel model = Landed();
  model.items = {AnItem()};
  model.log.push_back("office: unpacking");
  model.notice = "Retry refused: it is being sealed";
  const std::string screen = Screen(model);
  EXPECT_TRUE(Has(screen, "Retry refused: it is being sealed"));
  EXPECT_FALSE(Has(screen, "unpacking"));
}

}  // namespace
}  // namespace preseal::agent
