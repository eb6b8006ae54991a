// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/steps_fixture.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {
namespace {

using Kind = StepResult::Kind;

class AnswerFileTest : public StepsTest {
 protected:
  static PromptStep Tag() {
    PromptStep prompt;
    prompt.pattern = "A-[0-9]+";
    prompt.answer_path = "/var/lib/site/asset";
    return prompt;
  }
  void Have(const std::string& text) { WriteFile(InRoot("/var/lib/site/asset"), text); }
};

TEST_F(AnswerFileTest, AnAnswerThatFitsIsInPlace) {
  EXPECT_EQ(Detect(StepOf(Tag())).kind, Kind::kNotInPlace);
  Have("A-17\n");
  EXPECT_EQ(Detect(StepOf(Tag())).kind, Kind::kDone);
}

TEST_F(AnswerFileTest, AnAnswerThatNoLongerFitsIsNotInPlace) {
  Have("A-17\n");
  PromptStep prompt = Tag();
  prompt.pattern = "B-[0-9]+";
  EXPECT_EQ(Detect(StepOf(prompt)).kind, Kind::kNotInPlace);
  prompt.pattern.clear();
  prompt.choices = {"A-1", "A-2"};
  EXPECT_EQ(Detect(StepOf(prompt)).kind, Kind::kNotInPlace);
}

TEST_F(AnswerFileTest, WhatNobodyCanHaveAnsweredIsNotInPlace) {
  PromptStep prompt = Tag();
  prompt.pattern.clear();
  for (const std::string& text :
       {std::string("\n"), std::string("two\nlines\n"), std::string("no line end"),
        std::string(kPromptAnswerBytesMax + 2, 'x') + "\n"}) {
    Have(text);
    EXPECT_EQ(Detect(StepOf(prompt)).kind, Kind::kNotInPlace) << text.size();
  }
  std::filesystem::remove(InRoot("/var/lib/site/asset"));
  std::filesystem::create_directory(InRoot("/var/lib/site/asset"));
  EXPECT_EQ(Detect(StepOf(prompt)).kind, Kind::kNotInPlace);
}

}  // namespace
}  // namespace preseal::agent::steps
