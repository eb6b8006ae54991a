// SPDX-License-Identifier: Apache-2.0
#include "common/files/scratch_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "common/base/bytes.h"
#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::files {
namespace {

TEST(ScratchFolderTest, IsPrivateAndGoneWithAllItHeldWhenDropped) {
  const test::TempDir parent;
  std::string path;
  {
    ASSERT_OK_AND_ASSIGN(const ScratchFolder folder, ScratchFolder::Make(parent.path(), "job"));
    path = folder.path();
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u);
    ASSERT_OK(WriteAtomic(folder.File("secret"), AsBytes("s"), 0600));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::is_empty(parent.path()));
}

TEST(ScratchFolderTest, WhatWasMovedFromRemovesNothing) {
  const test::TempDir parent;
  ASSERT_OK_AND_ASSIGN(ScratchFolder first, ScratchFolder::Make(parent.path(), "job"));
  std::optional<ScratchFolder> moved(std::move(first));
  { const ScratchFolder dropped = std::move(first); }
  EXPECT_TRUE(std::filesystem::exists(moved->path()));
}

TEST(ScratchFolderTest, TwoOfOneNameAreTwoFolders) {
  const test::TempDir parent;
  ASSERT_OK_AND_ASSIGN(const ScratchFolder one, ScratchFolder::Make(parent.path(), "job"));
  ASSERT_OK_AND_ASSIGN(const ScratchFolder two, ScratchFolder::Make(parent.path(), "job"));
  EXPECT_NE(one.path(), two.path());
}

TEST(ScratchFolderTest, NeedsItsParent) {
  const test::TempDir parent;
  EXPECT_EQ(ScratchFolder::Make(parent.File("nowhere"), "job").status().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace preseal::files
