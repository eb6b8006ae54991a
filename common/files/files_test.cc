// SPDX-License-Identifier: Apache-2.0
#include "common/files/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/status_matchers.h"

namespace preseal::files {
namespace {

using test::IsOk;
using test::StatusIs;

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string name = testing::TempDir() + "/preseal-files-XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~FilesTest() override { std::filesystem::remove_all(directory_); }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
};

TEST_F(FilesTest, WritesAtomicallyWithTheModeAsked) {
  ASSERT_OK(WriteAtomic(Path("key"), AsBytes("secret"), 0600));
  struct stat info {};
  ASSERT_EQ(::stat(Path("key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_OK_AND_ASSIGN(const Bytes read, Read(Path("key"), 100));
  EXPECT_EQ(ToString(read), "secret");
}

TEST_F(FilesTest, LeavesNoTemporaryFileWhenTheNameIsTakenByADirectory) {
  ASSERT_OK(MakeDirectories(Path("taken/inside"), 0755));
  EXPECT_FALSE(WriteAtomic(Path("taken"), AsBytes("x"), 0644).ok());
  size_t names = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    EXPECT_EQ(entry.path().filename(), "taken");
    ++names;
  }
  EXPECT_EQ(names, 1u);
}

TEST_F(FilesTest, RefusesAFileOverTheLimit) {
  ASSERT_OK(WriteAtomic(Path("long"), AsBytes("12345"), 0644));
  EXPECT_OK(Read(Path("long"), 5));
  EXPECT_THAT(Read(Path("long"), 4), StatusIs(StatusCode::kInvalidArgument, Path("long")));
}

TEST_F(FilesTest, NamesAMissingFile) {
  EXPECT_THAT(Read(Path("none"), 4), StatusIs(StatusCode::kNotFound, Path("none")));
}

TEST_F(FilesTest, RefusesAFileInPlaceOfADirectory) {
  ASSERT_OK(WriteAtomic(Path("file"), AsBytes("1"), 0644));
  EXPECT_THAT(MakeDirectories(Path("file"), 0755), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(FilesTest, RemovesATreeButNotWhatItsLinksPointTo) {
  ASSERT_OK(MakeDirectories(Path("kept"), 0755));
  ASSERT_OK(WriteAtomic(Path("kept/file"), AsBytes("1"), 0644));
  ASSERT_OK(MakeDirectories(Path("gone/deep"), 0755));
  std::filesystem::create_directory_symlink(Path("kept"), Path("gone/link"));
  ASSERT_OK(RemoveTree(Path("gone")));
  EXPECT_OK(RemoveTree(Path("gone")));
  EXPECT_TRUE(std::filesystem::exists(Path("kept/file")));
  EXPECT_FALSE(std::filesystem::exists(Path("gone")));
}

}  // namespace
}  // namespace preseal::files
