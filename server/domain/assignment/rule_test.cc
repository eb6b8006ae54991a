// SPDX-License-Identifier: Apache-2.0
#include "server/domain/assignment/rule.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

const DeviceFacts kDevice = {.serial = "SN-1001",
                             .model = "Latitude 5450",
                             .manufacturer = "Dell Inc.",
                             .sku = "0CB2",
                             .group_tag = "Sales",
                             .purchase_order = "PO-7",
                             .attributes = {{"floor", "3"}, {"note", "a \"b\" \\ c"}}};

bool Matches(std::string_view text, const DeviceFacts& facts = kDevice) {
  const auto parsed = Rule::Parse(text);
  const auto* mistake = std::get_if<Rule::Mistake>(&parsed);
  EXPECT_EQ(mistake, nullptr) << text << ": " << mistake->message;
  return mistake == nullptr && std::get<Rule>(parsed).Matches(facts);
}

TEST(RuleTest, ComparesEveryFactWithoutCase) {
  for (const char* text :
       {"serial == \"sn-1001\"", "model == \"LATITUDE 5450\"", "manufacturer == \"dell inc.\"",
        "sku == \"0cb2\"", "group_tag == \"sales\"", "purchase_order == \"po-7\"",
        "attributes.floor == \"3\"", "attributes.none == \"\"", "all"}) {
    EXPECT_TRUE(Matches(text)) << text;
    EXPECT_FALSE(Matches("not " + std::string(text))) << text;
  }
}

TEST(RuleTest, KnowsEverySign) {
  EXPECT_TRUE(Matches("model != \"x\""));
  EXPECT_FALSE(Matches("model != \"latitude 5450\""));
  EXPECT_TRUE(Matches("model startsWith \"lat\""));
  EXPECT_FALSE(Matches("model startsWith \"5450\""));
  EXPECT_TRUE(Matches("model contains \"5450\""));
  EXPECT_TRUE(Matches("model in [\"x\", \"Latitude 5450\"]"));
  EXPECT_FALSE(Matches("model in [\"x\"]"));
  EXPECT_TRUE(Matches("attributes.note == \"a \\\"b\\\" \\\\ c\""));
}

TEST(RuleTest, MatchesGlobsAgainstTheWholeFact) {
  EXPECT_TRUE(Matches("model matches \"lat*54?0\""));
  EXPECT_TRUE(Matches("model matches \"*\""));
  EXPECT_FALSE(Matches("model matches \"5450\""));
  EXPECT_FALSE(Matches("model matches \"lat*54??0\""));
  EXPECT_TRUE(Matches("attributes.none matches \"*\""));
}

TEST(RuleTest, NotBindsClosestThenAndThenOr) {
  EXPECT_TRUE(Matches("all or not all and not all"));
  EXPECT_FALSE(Matches("(all or all) and not all"));
  EXPECT_TRUE(Matches("not (sku == \"x\" or serial == \"y\")"));
}

TEST(RuleTest, NamesTheOffsetOfEachMistake) {
  const struct {
    const char* text;
    size_t offset;
    const char* message;
  } kRows[] = {
      {"", 0, "found the end"},
      {"modell == \"x\"", 0, "found modell"},
      {"attributes. == \"x\"", 0, "attributes.KEY"},
      {"model = \"x\"", 6, "found ="},
      {"model == x", 9, "expected a \"text\", found x"},
      {"model == \"x", 9, "does not end"},
      {"model in \"x\"", 9, "expected \"[\""},
      {"model in [\"x\"", 13, "expected \"]\""},
      {"(all", 4, "expected \")\""},
      {"all all", 4, "unexpected all"},
      {"all and", 7, "found the end"},
  };
  for (const auto& row : kRows) {
    const auto parsed = Rule::Parse(row.text);
    const auto* mistake = std::get_if<Rule::Mistake>(&parsed);
    ASSERT_NE(mistake, nullptr) << row.text;
    EXPECT_EQ(mistake->offset, row.offset) << row.text << ": " << mistake->message;
    EXPECT_NE(mistake->message.find(row.message), std::string::npos) << mistake->message;
  }
}

TEST(RuleTest, BoundsSizeAndDepth) {
  EXPECT_TRUE(
      std::holds_alternative<Rule::Mistake>(Rule::Parse("all" + std::string(kRuleBytesMax, ' '))));
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '(') + "all" +
           std::string(static_cast<size_t>(depth), ')');
  };
  EXPECT_TRUE(Matches(nested(kRuleDepthMax)));
  EXPECT_TRUE(std::holds_alternative<Rule::Mistake>(Rule::Parse(nested(kRuleDepthMax + 1))));
}

}  // namespace
}  // namespace preseal::server
