// SPDX-License-Identifier: Apache-2.0
#include "server/domain/profile/name_template.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

NameTemplate Good(std::string_view text, bool hybrid = false) {
  auto parsed = NameTemplate::Parse(text, hybrid);
  EXPECT_TRUE(std::holds_alternative<NameTemplate>(parsed))
      << std::get<NameTemplate::Mistake>(parsed).message;
  return std::get<NameTemplate>(std::move(parsed));
}

TEST(NameTemplateTest, NamesTheColumnOfEachMistake) {
  const struct {
    const char* text;
    size_t column;
    const char* message;
  } kRows[] = {
      {"", 0, "empty"},
      {"PC-%SERIAL", 3, "does not end"},
      {"PC_%SERIAL%", 2, "letters, digits and hyphens"},
      {"PC-%serial%", 3, "unknown macro"},
      {"PC-%RAND:0%", 3, "1 to 15 digits"},
      {"PC-%RAND:16%", 3, "1 to 15 digits"},
      {"PC-%SEQ:x%", 3, "1 to 15 digits"},
      {"KIOSK", 0, "the same name"},
      {"PC-%SERIAL%%SERIAL%", 11, "comes twice"},
      {"LONG-PREFIX-%RAND:4%", 0, "16 characters"},
      {"LONG-PREFIX-123%SERIAL%", 0, "16 characters"},
      {"12%RAND:5%", 0, "all digits"},
      {"%SEQ:4%", 0, "all digits"},
      {"-A%SEQ%", 0, "begin with a hyphen"},
      {"A%SEQ%-", 6, "end with a hyphen"},
  };
  for (const auto& row : kRows) {
    const auto parsed = NameTemplate::Parse(row.text, false);
    const auto* mistake = std::get_if<NameTemplate::Mistake>(&parsed);
    ASSERT_NE(mistake, nullptr) << row.text;
    EXPECT_EQ(mistake->column, row.column) << row.text;
    EXPECT_NE(mistake->message.find(row.message), std::string::npos) << mistake->message;
  }
}

TEST(NameTemplateTest, AHybridJoinTakesPrefixAndNumbersOnly) {
  EXPECT_TRUE(
      std::holds_alternative<NameTemplate::Mistake>(NameTemplate::Parse("A%SERIAL%", true)));
  Good("A-%RAND:5%", true);
  Good("A-%SEQ:5%", true);
}

TEST(NameTemplateTest, Expands) {
  EXPECT_EQ(ExpandName(Good("PC-%SERIAL%"), "SN 12_3", "", 1).name, "PC-SN123");
  EXPECT_EQ(ExpandName(Good("PC-%RAND:4%-%RAND:2%"), "", "123456", 1).name, "PC-1234-56");
  EXPECT_EQ(ExpandName(Good("PC-%SEQ%"), "", "", 12).name, "PC-12");
  EXPECT_EQ(ExpandName(Good("PC-%SEQ:4%"), "", "", 12).name, "PC-0012");
}

TEST(NameTemplateTest, ALongSerialLosesItsBeginning) {
  EXPECT_EQ(ExpandName(Good("Test-Device-%SERIAL%"), "123456", "", 1).name, "Test-Device-456");
  EXPECT_EQ(ExpandName(Good("%SERIAL%-%SEQ%"), "ABCDEFGHIJKLMNOPQ", "", 10).name,
            "FGHIJKLMNOPQ-10");
}

TEST(NameTemplateTest, NoHyphenIsLeftAtTheCut) {
  EXPECT_EQ(ExpandName(Good("%SERIAL%"), "X-2345678901234Y", "", 1).name.size(),
            kDeviceNameCharsMax - 1);
}

TEST(NameTemplateTest, SaysWhyThereIsNoName) {
  EXPECT_EQ(ExpandName(Good("PC-%SERIAL%"), "__", "", 1).code, NameCode::kNoSerial);
  EXPECT_EQ(ExpandName(Good("%SERIAL%"), "123", "", 1).code, NameCode::kAllDigits);
  EXPECT_EQ(ExpandName(Good("LONG-PREFIX-%SEQ%"), "", "", 1000).code, NameCode::kSequenceTooLong);
}

TEST(NameProblemTest, TellsNamesFromOthers) {
  EXPECT_EQ(NameProblem("PC-1"), "");
  EXPECT_EQ(NameProblem(std::string(15, 'a')), "");
  for (const char* bad : {"", "1234", "PC_1", "-PC", "PC-", "PC 1"})
    EXPECT_NE(NameProblem(bad), "");
  EXPECT_NE(NameProblem(std::string(16, 'a')), "");
}

}  // namespace
}  // namespace preseal::server
