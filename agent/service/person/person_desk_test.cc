// SPDX-License-Identifier: Apache-2.0
#include "agent/service/person/person_desk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

namespace preseal::agent {
namespace {

using Time = SessionGuest::Time;

// Remembers what was put on the screen.
class SeenScreen final : public StatusDisplay {
 public:
  void ShowActivity(std::string_view) override {}
  void ShowConnection(bool, std::string_view) override {}
  void ShowLanding(const LandingCard&) override {}
  void ShowItems(std::span<const Item>, std::chrono::seconds) override {}
  void ShowLog(std::string_view, std::string_view) override {}
  void ShowResult(const ResultCard&) override {}
  void ShowQuestion(const std::optional<Question>& question) override {
    const std::lock_guard lock(mutex_);
    question_ = question;
  }
  void ShowNotice(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    notice_ = text;
  }
  std::optional<Question> question() {
    const std::lock_guard lock(mutex_);
    return question_;
  }
  std::string notice() {
    const std::lock_guard lock(mutex_);
    return notice_;
  }

 private:
  std::mutex mutex_;
  std::optional<Question> question_;
  std::string notice_;
};

class PersonDeskTest : public testing::Test {
 protected:
  PersonDeskTest()
      : desk_({screen_,
               signal_,
               [this] {
                 const std::lock_guard lock(mutex_);
                 return prompts_;
               },
               [this](const std::string& item, const std::string& answer) {
                 return AnswerPrompt(item, answer);
               },
               [this] { return "r-" + std::to_string(++ids_); },
               [this](const std::string& id, const std::string& answer) {
                 other_ = id + "=" + answer;
               },
               {{"item/prepared", "A-9"}, {"item/spoilt", "bad"}}}) {
    landing_.actions = {DeviceAction::kRefresh, DeviceAction::kReset};
  }

  AnswerTaken AnswerPrompt(const std::string& item, const std::string& answer) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(prompts_.begin(), prompts_.end(),
                                    [&](const OpenPrompt& open) { return open.item_id == item; });
    if (found == prompts_.end()) return AnswerTaken::kNotAsked;
    if (answer == "bad") return AnswerTaken::kRefused;
    prompts_.erase(found);
    return AnswerTaken::kTaken;
  }
  void OpenPromptFor(const std::string& item) {
    {
      const std::lock_guard lock(mutex_);
      OpenPrompt open{item, {}};
      open.prompt.text["en"] = "Scan the label";
      prompts_.push_back(open);
    }
    signal_.Notify();
  }
  // Waits until the screen asks `id`; empty: nothing.
  bool Asks(const std::string& id) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto question = screen_.question();
      if ((question ? question->id : "") == id) return true;
      std::this_thread::yield();
    }
    return false;
  }
  std::vector<ActionRequest> Due() {
    std::vector<ActionRequest> due;
    for (const UpMessage& message : desk_.Due({})) due.push_back(std::get<ActionRequest>(message));
    return due;
  }

  SeenScreen screen_;
  ChangeSignal signal_;
  std::mutex mutex_;
  std::vector<OpenPrompt> prompts_;
  int ids_ = 0;
  std::string other_;
  LandingCard landing_;
  PersonDesk desk_;
};

TEST_F(PersonDeskTest, SendsAnAllowedActionOnceAndShowsTheAnswer) {
  desk_.Connected(landing_, {});
  desk_.Pressed(DeviceAction::kRefresh);
  desk_.Pressed(DeviceAction::kRefresh);
  const auto due = Due();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].action, DeviceAction::kRefresh);
  EXPECT_TRUE(Due().empty());
  desk_.Receive(ActionResult{due[0].request_id, false, "the device is being sealed"}, {});
  EXPECT_EQ(screen_.notice(), "Refresh refused: the device is being sealed");
  desk_.Pressed(DeviceAction::kRefresh);
  EXPECT_NE(Due().at(0).request_id, due[0].request_id);
}

TEST_F(PersonDeskTest, DropsAnActionThatIsNotAllowed) {
  desk_.Connected(landing_, {});
  desk_.Pressed(DeviceAction::kProvision);
  EXPECT_TRUE(Due().empty());
  EXPECT_EQ(screen_.notice(), "Provision is not possible now.");
}

TEST_F(PersonDeskTest, AsksAgainUnderTheSameIdAfterALostConnection) {
  desk_.Connected(landing_, {});
  desk_.Pressed(DeviceAction::kRefresh);
  const auto before = Due();
  desk_.Lost();
  desk_.Connected(landing_, {});
  EXPECT_EQ(Due().at(0).request_id, before.at(0).request_id);
}

TEST_F(PersonDeskTest, ResetsOnlyWhenItIsConfirmed) {
  desk_.Connected(landing_, {});
  desk_.Pressed(DeviceAction::kReset);
  ASSERT_TRUE(Asks("confirm-reset"));
  EXPECT_TRUE(Due().empty());
  desk_.Answered("confirm-reset", "no");
  ASSERT_TRUE(Asks(""));
  EXPECT_TRUE(Due().empty());
  desk_.Pressed(DeviceAction::kReset);
  desk_.Answered("confirm-reset", "yes, start over");
  EXPECT_EQ(Due().at(0).action, DeviceAction::kReset);
  // An answer to a question that is not asked any more.
  desk_.Answered("confirm-reset", "yes, start over");
  EXPECT_TRUE(Due().empty());
}

TEST_F(PersonDeskTest, AsksPromptsOneAfterTheOtherAndComplainsOfAWrongAnswer) {
  OpenPromptFor("asset-tag");
  OpenPromptFor("room");
  ASSERT_TRUE(Asks("item/asset-tag"));
  desk_.Answered("item/asset-tag", "bad");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (screen_.question()->complaint.empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(screen_.question()->complaint, "\"bad\" does not fit. Try again.");
  desk_.Answered("item/asset-tag", "A-1");
  ASSERT_TRUE(Asks("item/room"));
  desk_.Answered("item/room", "2");
  ASSERT_TRUE(Asks(""));
}

TEST_F(PersonDeskTest, APreparedAnswerIsTakenInsteadOfAskingAndOnlyOnce) {
  OpenPromptFor("prepared");
  OpenPromptFor("spoilt");
  ASSERT_TRUE(Asks("item/spoilt"));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(prompts_.size(), 1u);
}

TEST_F(PersonDeskTest, APromptThatWasAnsweredElsewhereSaysSo) {
  OpenPromptFor("asset-tag");
  ASSERT_TRUE(Asks("item/asset-tag"));
  {
    const std::lock_guard lock(mutex_);
    prompts_.clear();
  }
  desk_.Answered("item/asset-tag", "A-1");
  EXPECT_EQ(screen_.notice(), "This was answered elsewhere.");
}

TEST_F(PersonDeskTest, APromptComesBeforeAPageOfTheUserFlow) {
  Question page;
  page.id = "language";
  desk_.Ask(page);
  ASSERT_TRUE(Asks("language"));
  OpenPromptFor("asset-tag");
  ASSERT_TRUE(Asks("item/asset-tag"));
  desk_.Answered("item/asset-tag", "A-1");
  ASSERT_TRUE(Asks("language"));
  desk_.Answered("language", "de-DE");
  EXPECT_EQ(other_, "language=de-DE");
}

}  // namespace
}  // namespace preseal::agent
