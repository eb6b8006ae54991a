// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "preseal/plan/v1/plan.pb.h"
#include "server/adapters/profile/profile_directory.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::StatusIs;
constexpr auto kInvalid = StatusCode::kInvalidArgument;

constexpr char kGood[] = R"(name: office
items:
  - id: motd
    name: Welcome text
    category: policies
    file: {path: /etc/motd, mode: 0600, content: hello}
  - id: tune
    name: Tuning
    category: apps
    gating: tracked
    after: [motd]
    timeout: 30s
    attempts: 3
    exit_codes: [{code: 75, result: retry}]
    script: {apply: "true", verify: "true"}
  - id: tools
    name: Tools
    category: apps
    package: {format: deb, source: tools.deb, package: tools, version: 1.0-1}
)";

StatusOr<StoredArtifact> FakeImport(const std::filesystem::path& file) {
  if (file.filename() != "tools.deb") return NotFound("no such file " + file.string());
  StoredArtifact stored{.size = 7};
  stored.sha256[0] = 0xAB;
  return stored;
}

StatusOr<FrozenPlan> Parse(const std::string& text) {
  return ParseProfile(text, "office.yaml", "/profiles", FakeImport);
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ParseProfileTest, FreezesItemsAndPlan) {
  ASSERT_OK_AND_ASSIGN(const FrozenPlan frozen, Parse(kGood));
  EXPECT_EQ(frozen.profile, "office");
  EXPECT_EQ(frozen.profile_digest.size(), 64u);
  ASSERT_EQ(frozen.items.size(), 3u);
  EXPECT_EQ(frozen.items[1].gating, Gating::kTracked);
  EXPECT_EQ(frozen.items[2].category, Category::kApps);
  plan::v1::Plan plan;
  ASSERT_TRUE(plan.ParseFromString(ToString(ByteView(frozen.plan))));
  EXPECT_EQ(plan.steps(0).file().mode(), 0600u);
  EXPECT_EQ(plan.steps(1).timeout().seconds(), 30);
  EXPECT_EQ(plan.steps(1).attempts(), 3u);
  EXPECT_EQ(plan.steps(1).exit_codes(0).result(), plan::v1::ExitCodeRule::RESULT_RETRY);
  EXPECT_EQ(plan.steps(2).package().artifact().size(), 7u);
}

TEST(ParseProfileTest, DigestFollowsTheText) {
  ASSERT_OK_AND_ASSIGN(const FrozenPlan one, Parse(kGood));
  ASSERT_OK_AND_ASSIGN(const FrozenPlan two, Parse(Replaced(kGood, "hello", "hallo")));
  EXPECT_NE(one.profile_digest, two.profile_digest);
}

// Each row spoils one thing and names the line it stands on.
TEST(ParseProfileTest, NamesTheLineOfEachMistake) {
  const struct {
    const char* from;
    const char* to;
    const char* message;
  } kRows[] = {
      {"name: office", "name: Office!", "office.yaml:1:7: use lower-case"},
      {"id: tune", "id: motd", "office.yaml:7:9: this id is taken"},
      {"category: policies", "category: polices", "office.yaml:5:15: \"category\" must be one of"},
      {"after: [motd]", "after: [tools]", "office.yaml:11:12: \"tools\" is no earlier item"},
      {"after: [motd]", "after: [tune]", "\"tune\" is no earlier item"},
      {"timeout: 30s", "timeout: 25h", "office.yaml:12:14: \"timeout\" must be a time"},
      {"attempts: 3", "attempts: 11", "office.yaml:13:15: \"attempts\" must be a number"},
      {"path: /etc/motd", "path: /etc/../motd", "a path in the target starts with /"},
      {"path: /etc/motd", "path: etc/motd", "a path in the target starts with /"},
      {"content: hello", "contents: hello", "either \"content\" or \"source\""},
      {"source: tools.deb", "source: gone.deb", "no such file"},
      {"gating: tracked", "gates: tracked", "unknown key \"gates\""},
      {"    script: {apply: \"true\", verify: \"true\"}\n", "", "an item needs one of"},
  };
  for (const auto& row : kRows) {
    EXPECT_THAT(Parse(Replaced(kGood, row.from, row.to)), StatusIs(kInvalid, row.message))
        << row.to;
  }
}

TEST(ParseProfileTest, BlockingScriptNeedsVerify) {
  const std::string blocking = Replaced(kGood, "gating: tracked", "gating: blocking");
  EXPECT_OK(Parse(blocking));
  EXPECT_THAT(Parse(Replaced(blocking, ", verify: \"true\"", "")),
              StatusIs(kInvalid, "a blocking script needs \"verify\""));
}

TEST(ParseProfileTest, NeedsItems) {
  EXPECT_THAT(Parse("name: office\n"), StatusIs(kInvalid, "at least one item"));
  EXPECT_THAT(Parse("name: office\nitems: []\n"), StatusIs(kInvalid, "at least one item"));
}

}  // namespace
}  // namespace preseal::server
