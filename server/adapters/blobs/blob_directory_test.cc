// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/blobs/blob_directory.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

using test::StatusIs;

class BlobDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = BlobDirectory::Open(dir_.File("blobs"));
    ASSERT_OK(opened.status());
    blobs_ = *std::move(opened);
    std::ofstream(file_) << "0123456789";
  }

  test::TempDir dir_;
  const std::string file_ = dir_.File("file");
  std::unique_ptr<BlobDirectory> blobs_;
};

TEST_F(BlobDirectoryTest, GivesBackWhatWasImportedFromAnyOffset) {
  ASSERT_OK_AND_ASSIGN(const auto blob, blobs_->Import(file_));
  EXPECT_EQ(blob.size, 10u);
  EXPECT_EQ(blob.sha256, crypto::Sha256(AsBytes("0123456789")));
  ASSERT_OK_AND_ASSIGN(const auto reader, blobs_->Open(blob.sha256, 4));
  EXPECT_THAT(reader->Read(3), test::IsOkAndHolds(ToBytes("456")));
  EXPECT_THAT(reader->Read(100), test::IsOkAndHolds(ToBytes("789")));
  EXPECT_THAT(reader->Read(100), test::IsOkAndHolds(Bytes()));
}

TEST_F(BlobDirectoryTest, ImportingAgainChangesNothing) {
  ASSERT_OK_AND_ASSIGN(const auto first, blobs_->Import(file_));
  ASSERT_OK_AND_ASSIGN(const auto second, blobs_->Import(file_));
  EXPECT_EQ(first.sha256, second.sha256);
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.File("blobs"))) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 1u) << "a temporary file was left";
}

TEST_F(BlobDirectoryTest, RefusesWhatItDoesNotHold) {
  ASSERT_OK_AND_ASSIGN(const auto blob, blobs_->Import(file_));
  EXPECT_THAT(blobs_->Open(crypto::Sha256({}), 0).status(), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(blobs_->Open(blob.sha256, 11).status(), StatusIs(StatusCode::kOutOfRange));
  EXPECT_THAT(blobs_->Open(AsBytes("../../etc/passwd"), 0).status(),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(blobs_->Import(dir_.File("missing")).status(), StatusIs(StatusCode::kNotFound));
}

TEST_F(BlobDirectoryTest, TakesInWhatIsSentInPieces) {
  const auto digest = crypto::Sha256(AsBytes("0123456789"));
  ASSERT_OK_AND_ASSIGN(const auto writer, blobs_->Begin(digest, 10));
  ASSERT_OK(writer->Write(AsBytes("01234")));
  EXPECT_THAT(blobs_->Open(digest, 0).status(), StatusIs(StatusCode::kNotFound, "no artefact"));
  ASSERT_OK(writer->Write(AsBytes("56789")));
  ASSERT_OK(writer->Finish());
  ASSERT_OK_AND_ASSIGN(const auto reader, blobs_->Open(digest, 0));
  EXPECT_THAT(reader->Read(100), test::IsOkAndHolds(ToBytes("0123456789")));
}

TEST_F(BlobDirectoryTest, WhatAPowerCutLeftUnfinishedIsGoneAtTheNextStart) {
  ASSERT_OK_AND_ASSIGN(const auto kept, blobs_->Import(file_));
  ASSERT_OK_AND_ASSIGN(const auto writer, blobs_->Begin(crypto::Sha256(AsBytes("x")), 1));
  ASSERT_OK(BlobDirectory::Open(dir_.File("blobs")).status());
  EXPECT_OK(blobs_->Open(kept.sha256, 0).status());
  for (const auto& one : std::filesystem::directory_iterator(dir_.File("blobs"))) {
    EXPECT_TRUE(one.is_directory()) << one.path();
  }
}

TEST_F(BlobDirectoryTest, KeepsNothingThatIsNotWhatWasAnnounced) {
  const auto digest = crypto::Sha256(AsBytes("0123456789"));
  {
    ASSERT_OK_AND_ASSIGN(const auto writer, blobs_->Begin(digest, 10));
    ASSERT_OK(writer->Write(AsBytes("012345678X")));
    EXPECT_THAT(writer->Finish(), StatusIs(StatusCode::kDataLoss, "send it again"));
    EXPECT_THAT(writer->Write(AsBytes("1")), StatusIs(StatusCode::kResourceExhausted, "more"));
  }
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.File("blobs"))) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 0u) << "a temporary file was left";
}

}  // namespace
}  // namespace preseal::server
