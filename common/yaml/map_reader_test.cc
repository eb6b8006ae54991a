// SPDX-License-Identifier: Apache-2.0
#include "common/yaml/map_reader.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::yaml {
namespace {

using std::chrono::milliseconds;
using test::StatusIs;

constexpr auto kInvalid = StatusCode::kInvalidArgument;

TEST(ParseMapTest, NamesThePlaceOfASyntaxError) {
  EXPECT_THAT(ParseMap("a: 1\nb: [", "x.yaml"), StatusIs(kInvalid, "x.yaml:2:"));
}

TEST(ParseMapTest, RefusesWhatIsNoMap) {
  EXPECT_THAT(ParseMap("- a\n", "x.yaml"), StatusIs(kInvalid, "x.yaml:1:1"));
  EXPECT_THAT(ParseMap("", "x.yaml"), StatusIs(kInvalid));
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

}  // namespace
}  // namespace preseal::yaml
