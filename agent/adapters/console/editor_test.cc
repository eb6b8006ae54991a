// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/editor.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"

namespace preseal::agent {
namespace {

InputEvent Pressed(DeviceAction action) { return {action, "", ""}; }
InputEvent Answer(const std::string& text) { return {std::nullopt, "q", text}; }

class EditorTest : public testing::Test {
 protected:
  void Ask(std::vector<std::string> choices = {}, bool secret = false) {
    Question question;
    question.id = "q";
    question.choices = std::move(choices);
    question.secret = secret;
    editor_.SetQuestion(question);
  }
  // The last thing these keys came to.
  std::optional<InputEvent> Type(std::string_view keys) {
    std::optional<InputEvent> last;
    for (const char key : keys) {
      if (auto event = editor_.Key(key)) last = event;
    }
    return last;
  }

  Editor editor_;
};

TEST_F(EditorTest, AKeyIsAButtonOnlyWhileItIsAllowed) {
  EXPECT_EQ(Type("p"), std::nullopt);
  editor_.SetActions({DeviceAction::kProvision, DeviceAction::kReset});
  EXPECT_EQ(Type("p"), Pressed(DeviceAction::kProvision));
  EXPECT_EQ(Type("S"), Pressed(DeviceAction::kReset));
  EXPECT_EQ(Type("r"), std::nullopt);
}

TEST_F(EditorTest, EveryActionHasAKeyOfItsOwn) {
  std::string keys;
  for (const DeviceAction action :
       {DeviceAction::kRefresh, DeviceAction::kProvision, DeviceAction::kRetry,
        DeviceAction::kReset, DeviceAction::kDiagnostics, DeviceAction::kContinue}) {
    EXPECT_EQ(keys.find(KeyOf(action).key), std::string::npos);
    keys += KeyOf(action).key;
    editor_.SetActions({action});
    EXPECT_EQ(Type({&keys.back(), 1}), Pressed(action));
    EXPECT_EQ(editor_.TakeLine(KeyOf(action).word), Pressed(action));
  }
}

// A scanner types "S-1042" and Enter: that must not reset the device.
TEST_F(EditorTest, WhileSomethingIsAskedLettersBelongToTheAnswer) {
  editor_.SetActions({DeviceAction::kReset});
  Ask();
  EXPECT_EQ(Type("S-1042\r"), Answer("S-1042"));
}

TEST_F(EditorTest, EditsTheLine) {
  Ask();
  EXPECT_EQ(Type("ab\x7F"), std::nullopt);
  EXPECT_EQ(editor_.Shown(), "a");
  EXPECT_EQ(Type("\xC3\xA9\x7F"), std::nullopt);  // a character of two bytes goes whole
  EXPECT_EQ(editor_.Shown(), "a");
  EXPECT_EQ(Type("\x15xy\x1b[D\x1bOPz\r"), Answer("xyz"));
  EXPECT_EQ(editor_.Shown(), "");
}

TEST_F(EditorTest, AChoiceMayBeNamedByItsNumberOrItsText) {
  Ask({"red", "2", "blue"});
  EXPECT_EQ(Type("1\r"), Answer("red"));
  EXPECT_EQ(Type("blue\r"), Answer("blue"));
  EXPECT_EQ(Type("2\r"), Answer("2"));  // the text comes first
  EXPECT_EQ(Type("4\r"), Answer("4"));  // whoever asks refuses it
}

TEST_F(EditorTest, TheOnlyChoiceIsTakenByEnter) {
  Ask({"accept"});
  EXPECT_EQ(Type("\r"), Answer("accept"));
}

TEST_F(EditorTest, ASecretIsNotShown) {
  Ask({}, true);
  EXPECT_EQ(Type("caf\xC3\xA9"), std::nullopt);
  EXPECT_EQ(editor_.Shown(), "****");
  EXPECT_EQ(Type("\r"), Answer("caf\xC3\xA9"));
}

TEST_F(EditorTest, AnotherQuestionForgetsWhatWasTyped) {
  Ask();
  Type("half");
  Question other;
  other.id = "other";
  editor_.SetQuestion(other);
  EXPECT_EQ(editor_.Shown(), "");
  Type("x");
  editor_.SetQuestion(other);  // shown again: nothing new
  EXPECT_EQ(editor_.Shown(), "x");
}

TEST_F(EditorTest, ALineIsCutAtItsLimit) {
  Ask();
  Type(std::string(kTypedBytesMax + 100, 'x'));
  EXPECT_EQ(editor_.Shown().size(), kTypedBytesMax);
}

TEST_F(EditorTest, ALineOfTextAnswersOrNamesAButton) {
  editor_.SetActions({DeviceAction::kRetry});
  EXPECT_EQ(editor_.TakeLine(" retry\r"), Pressed(DeviceAction::kRetry));
  EXPECT_EQ(editor_.TakeLine("reset"), std::nullopt);
  Ask({"red"});
  EXPECT_EQ(editor_.TakeLine("retry"), Answer("retry"));
  EXPECT_EQ(editor_.TakeLine("/retry"), Pressed(DeviceAction::kRetry));
  EXPECT_EQ(editor_.TakeLine("1"), Answer("red"));
}

}  // namespace
}  // namespace preseal::agent
