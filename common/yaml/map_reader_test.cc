// SPDX-License-Identifier: Apache-2.0
#include "common/yaml/map_reader.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::yaml {
namespace {

using std::chrono::milliseconds;
using test::IsOk;
using test::StatusIs;

constexpr auto kInvalid = StatusCode::kInvalidArgument;

TEST(ParseMapTest, NamesThePlaceOfASyntaxError) {
  EXPECT_THAT(ParseMap("a: 1\nb: [", "x.yaml"), StatusIs(kInvalid, "x.yaml:2:"));
}

TEST(ParseMapTest, RefusesWhatIsNoMap) {
  EXPECT_THAT(ParseMap("- a\n", "x.yaml"), StatusIs(kInvalid, "x.yaml:1:1"));
  EXPECT_THAT(ParseMap("", "x.yaml"), StatusIs(kInvalid));
}

// What is read goes into messages, and none of them can hold anything else.
TEST(ParseMapTest, NamesThePlaceOfWhatIsNotUtf8) {
  EXPECT_THAT(ParseMap("a: 1\nb: B\xFCro\n", "x.yaml"),
              StatusIs(kInvalid, "x.yaml:2:5: not UTF-8"));
  EXPECT_THAT(ParseMap("a: \xED\xA0\x80\n", "x.yaml"), StatusIs(kInvalid, "x.yaml:1:4: not UTF-8"));
  EXPECT_THAT(ParseMap("a: \xC0\xAF\n", "x.yaml"), StatusIs(kInvalid, "x.yaml:1:4: not UTF-8"));
  EXPECT_THAT(ParseMap("a: \xE2\x82", "x.yaml"), StatusIs(kInvalid, "x.yaml:1:4: not UTF-8"));
  EXPECT_THAT(ParseMap("a: B\xC3\xBCro \xE2\x82\xAC \xF0\x9F\x98\x80\n", "x"), IsOk());
  Mistakes mistakes{.first_line = 10, .list = {}};
  EXPECT_FALSE(ParseMap("a: 1\nb: B\xFCro\n", &mistakes));
  ASSERT_EQ(mistakes.list.size(), 1u);
  EXPECT_EQ(mistakes.list[0].line, 11u);
  EXPECT_EQ(mistakes.list[0].column, 5u);
}

TEST(ParseMapTest, RefusesAKeyThatComesTwiceAnywhere) {
  EXPECT_THAT(ParseMap("a: 1\na: 2\n", "x.yaml"), StatusIs(kInvalid, "x.yaml:2:1: key \"a\""));
  EXPECT_THAT(ParseMap("l:\n  - b: 1\n    b: 2\n", "x.yaml"), StatusIs(kInvalid, "x.yaml:3:5"));
}

TEST(MapReaderTest, UnknownKeyIsAnErrorNamingItsLineAndTheKnownOnes) {
  ASSERT_OK_AND_ASSIGN(const auto node, ParseMap("name: a\n\ncolour: red\n", "x.yaml"));
  MapReader map(node, "x.yaml");
  std::string name;
  map.Required("name", &name);
  EXPECT_THAT(map.Finish(),
              StatusIs(kInvalid, "x.yaml:3:1: unknown key \"colour\"; known here: name"));
}

TEST(MapReaderTest, ReadsEveryKindOfValue) {
  ASSERT_OK_AND_ASSIGN(
      const auto node,
      ParseMap("s: x\nb: true\nl: [p, q]\nn: 42\nm: 0644\nd: 5min\nc: two\n", "x"));
  MapReader map(node, "x");
  std::string s;
  bool b = false;
  std::vector<std::string> l;
  int64_t n = 0;
  int64_t m = 0;
  milliseconds d{};
  size_t c = 0;
  map.Required("s", &s);
  map.Optional("b", &b);
  map.Optional("l", &l);
  map.Required("n", 0, 100, &n);
  map.Optional("m", 0, 07777, &m);
  map.Optional("d", std::chrono::hours(1), &d);
  map.Choice("c", {"one", "two"}, &c);
  ASSERT_OK(map.Finish());
  EXPECT_EQ(s, "x");
  EXPECT_TRUE(b);
  EXPECT_EQ(l, (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(n, 42);
  EXPECT_EQ(m, 0644);
  EXPECT_EQ(d, std::chrono::minutes(5));
  EXPECT_EQ(c, 1u);
}

// Each row is one wrong value for its reader.
TEST(MapReaderTest, RefusesWrongValuesWithTheirPlace) {
  const auto error_of = [](const std::string& text) -> Status {
    ASSIGN_OR_RETURN(const auto node, ParseMap(text, "x"));
    MapReader map(node, "x");
    bool b = false;
    std::vector<std::string> l;
    int64_t n = 0;
    milliseconds d{};
    size_t c = 0;
    map.Optional("b", &b);
    map.Optional("l", &l);
    map.Optional("n", 1, 9, &n);
    map.Optional("d", std::chrono::hours(1), &d);
    map.Choice("c", {"one", "two"}, &c);
    return map.Finish();
  };
  for (const char* bad : {"b: yes", "l: word", "l: [[x]]", "n: 10", "n: 0x1", "n: ''", "n: [1]",
                          "d: 5", "d: 2h", "d: 0s", "d: -1s", "d: s", "c: three"}) {
    EXPECT_THAT(error_of(bad), StatusIs(kInvalid, "x:1:4")) << bad;
  }
  EXPECT_OK(error_of("n: 9"));
}

TEST(MapReaderTest, SaysWhichRequiredKeyIsMissing) {
  ASSERT_OK_AND_ASSIGN(const auto node, ParseMap("a: 1\n", "x"));
  MapReader map(node, "x");
  std::string s;
  map.Required("organisation", &s);
  EXPECT_THAT(map.Finish(), StatusIs(kInvalid, "\"organisation\" is missing"));
}

TEST(MapReaderTest, SuggestsTheKeyThatWasMeant) {
  ASSERT_OK_AND_ASSIGN(const auto node, ParseMap("gatin: x\n", "x"));
  MapReader map(node, "x");
  std::string s;
  map.Optional("gating", &s);
  map.Optional("name", &s);
  EXPECT_THAT(map.Finish(), StatusIs(kInvalid,
                                     "x:1:1: unknown key \"gatin\", did you mean "
                                     "\"gating\"?"));
}

TEST(MapReaderTest, GathersEveryMistakeWithItsPlaceInTheFile) {
  Mistakes mistakes{.first_line = 11};
  const auto node = ParseMap("a: 1\na: 2\nb: yes\nzzz: 1\n", &mistakes);
  ASSERT_TRUE(node.has_value());
  MapReader map(*node, &mistakes);
  std::string s;
  bool b = false;
  map.Optional("a", &s);
  map.Optional("b", &b);
  map.Required("c", &s);
  EXPECT_OK(map.Finish());
  std::vector<std::pair<uint32_t, uint32_t>> places;
  for (const Mistake& mistake : mistakes.list) places.emplace_back(mistake.line, mistake.column);
  EXPECT_EQ(places,
            (std::vector<std::pair<uint32_t, uint32_t>>{{12, 1}, {13, 4}, {11, 1}, {14, 1}}));
}

TEST(MapReaderTest, GathersAFaultOfTheSyntaxToo) {
  Mistakes mistakes{.first_line = 5};
  EXPECT_FALSE(ParseMap("a: [1\n", &mistakes).has_value());
  ASSERT_EQ(mistakes.list.size(), 1u);
  EXPECT_GE(mistakes.list[0].line, 5u);
}

TEST(MapReaderTest, ManyMistakesAreCutShort) {
  std::string text;
  for (size_t i = 0; i < 2 * kMistakesMax; ++i) text += "k" + std::to_string(i) + ": 1\n";
  Mistakes mistakes;
  const auto node = ParseMap(text, &mistakes);
  ASSERT_TRUE(node.has_value());
  EXPECT_OK(MapReader(*node, &mistakes).Finish());
  EXPECT_EQ(mistakes.list.size(), kMistakesMax);
}

// Nine levels of nine aliases each would be 387 million values.
TEST(MapReaderTest, AliasesCannotMakeADocumentHuge) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(ParseMap(text, "x"), StatusIs(kInvalid, "too many values"));
}

TEST(MapReaderTest, AnAliasOfWhatItIsInIsRefused) {
  EXPECT_THAT(ParseMap("a: &a [*a]\n", "x"), StatusIs(kInvalid, "x:1:"));
  EXPECT_THAT(ParseMap("a: &a {b: *a}\n", "x"), StatusIs(kInvalid, "x:1:"));
  EXPECT_THAT(ParseMap("&a b: *a\n", "x"), IsOk());
}

TEST(MapReaderTest, DeepNestingIsRefused) {
  EXPECT_THAT(ParseMap("a: " + std::string(100'000, '['), "x"), StatusIs(kInvalid, "x:1:"));
}

}  // namespace
}  // namespace preseal::yaml
