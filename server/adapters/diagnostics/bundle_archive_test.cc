// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/diagnostics/bundle_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "server/adapters/diagnostics/archive_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

using test::StatusIs;

class BundleArchiveTest : public testing::Test {
 protected:
  void Make(const std::vector<MadeEntry>& entries) { Put(MakeArchive(entries)); }
  void Put(ByteView bytes) { ASSERT_OK(files::WriteAtomic(file_, bytes, 0600)); }
  std::vector<std::string> Paths() {
    std::vector<std::string> paths;
    const auto entries = ListArchive(file_);
    EXPECT_OK(entries.status());
    if (!entries.ok()) return paths;
    for (const BundleEntry& entry : *entries) paths.push_back(entry.path);
    return paths;
  }

  test::TempDir dir_;
  const std::string file_ = dir_.File("bundle.tar.zst");
};

TEST_F(BundleArchiveTest, GivesTheFilesAndTheirPartsOneAfterAnother) {
  Make({{"./facts/df.txt", "0123456789", ""}, {"agent.log", "", ""}});
  EXPECT_THAT(Paths(), testing::ElementsAre("facts/df.txt", "agent.log"));
  ASSERT_OK_AND_ASSIGN(const auto first, ReadFromArchive(file_, "facts/df.txt", 2, 4));
  EXPECT_EQ(ToString(first.bytes), "2345");
  EXPECT_EQ(first.next_offset, 6u);
  ASSERT_OK_AND_ASSIGN(const auto rest, ReadFromArchive(file_, "facts/df.txt", 6, 100));
  EXPECT_EQ(ToString(rest.bytes), "6789");
  EXPECT_EQ(rest.next_offset, 0u);
}

TEST_F(BundleArchiveTest, SaysWhatIsNotThere) {
  Make({{"agent.log", "abc", ""}});
  EXPECT_THAT(ReadFromArchive(file_, "other", 0, 1).status(), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(ReadFromArchive(file_, "agent.log", 4, 1).status(),
              StatusIs(StatusCode::kOutOfRange));
}

TEST_F(BundleArchiveTest, SkipsPathsThatLeadElsewhereAndLinks) {
  Make({{"/etc/passwd", "x", ""},
        {"../up", "x", ""},
        {"a/../../b", "x", ""},
        {"tab\x1b[2J", "x", ""},
        {"link", "", "/etc/shadow"},
        {"good", "x", ""}});
  EXPECT_THAT(Paths(), testing::ElementsAre("good"));
  EXPECT_THAT(ReadFromArchive(file_, "/etc/passwd", 0, 1).status(),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(ReadFromArchive(file_, "link", 0, 1).status(), StatusIs(StatusCode::kNotFound));
}

TEST_F(BundleArchiveTest, RefusesAFileThatUnpacksTooLarge) {
  // Less than a few kilobytes as it comes.
  Make({{"bomb", std::string(kDiagnosticsFileBytesMax + 1, '\0'), ""}, {"after", "x", ""}});
  EXPECT_THAT(ListArchive(file_).status(), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(ReadFromArchive(file_, "after", 0, 1).status(),
              StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(BundleArchiveTest, RefusesManyFilesThatTogetherUnpackTooLarge) {
  std::vector<MadeEntry> entries;
  for (int i = 0; i < 40; ++i) {
    entries.push_back({"f" + std::to_string(i), std::string(kDiagnosticsFileBytesMax, '\0'), ""});
  }
  Make(entries);
  EXPECT_THAT(ListArchive(file_).status(), StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(BundleArchiveTest, RefusesMoreEntriesThanABundleMayHave) {
  std::vector<MadeEntry> entries;
  for (size_t i = 0; i <= kDiagnosticsFilesMax; ++i) entries.push_back({std::to_string(i), "", ""});
  Make(entries);
  EXPECT_THAT(ListArchive(file_).status(), StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(BundleArchiveTest, RefusesWhatIsNoArchiveOrIsCutOff) {
  Put(AsBytes("not an archive at all"));
  EXPECT_THAT(ListArchive(file_).status(), StatusIs(StatusCode::kInvalidArgument));
  const Bytes whole = MakeArchive({{"f", std::string(100000, 'a') + "b", ""}, {"g", "x", ""}});
  Put(ByteView(whole).first(whole.size() / 2));
  EXPECT_THAT(ListArchive(file_).status(), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::server
