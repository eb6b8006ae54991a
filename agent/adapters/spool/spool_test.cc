// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/adapters/spool/record.h"
#include "agent/adapters/spool/spool_log.h"
#include "agent/adapters/spool/spool_store.h"
#include "common/base/limits.h"
#include "common/files/files.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent::spool {
namespace {

using test::IsOk;
using test::IsOkAndHolds;
using test::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kCheap = Durability::kSurvivesKill;
constexpr auto kDurable = Durability::kSurvivesPowerCut;

RunHeader Header(const std::string& run_id = "D-1042.1") {
  return {*RunId::Parse(run_id), "C-00112233445566778899aabbccddeeff", ToBytes("plan bytes")};
}

std::vector<std::string> Texts(const StatusOr<std::vector<LoggedEvent>>& events) {
  std::vector<std::string> texts;
  if (!events.ok()) return {ToString(events.status())};
  for (const LoggedEvent& event : *events) {
    texts.push_back(std::to_string(event.sequence) + ":" + ToString(event.event));
  }
  return texts;
}

class SpoolTest : public testing::Test {
 protected:
  SpoolTest() {
    std::string name = testing::TempDir() + "/preseal-spool-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    log_directory_ = directory_ + "/D-1042.1";
  }
  ~SpoolTest() override { std::filesystem::remove_all(directory_); }

  std::shared_ptr<SpoolLog> Create() {
    auto log = SpoolLog::Create(log_directory_, Header());
    EXPECT_THAT(log, IsOk());
    return *std::move(log);
  }
  void Append(RunLog& log, const std::string& text, const std::string& key = "") {
    EXPECT_THAT(log.Append(key, 0, AsBytes(text), kCheap), IsOk());
  }
  std::string LastSegment() const {
    std::string last;
    for (const auto& entry : std::filesystem::directory_iterator(log_directory_)) {
      if (entry.path().extension() == ".seg") last = std::max(last, entry.path().string());
    }
    return last;
  }
  size_t Segments() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(log_directory_)) {
      count += entry.path().extension() == ".seg";
    }
    return count;
  }
  // More than one segment, with an event under "item/a" first and the rest without a key.
  std::shared_ptr<SpoolLog> CreateWithTwoSegments() {
    auto log = Create();
    Append(*log, "a", "item/a");
    const std::string filler(kSpoolRecordBytesMax - 100, 'x');
    while (Segments() < 2) Append(*log, filler);
    return log;
  }

  std::string directory_, log_directory_;
};

TEST_F(SpoolTest, NumbersEventsFromOneWithoutGaps) {
  const auto log = Create();
  EXPECT_EQ(log->next_sequence(), 1u);
  EXPECT_THAT(log->Append("", 0, AsBytes("a"), kDurable), IsOkAndHolds(1u));
  EXPECT_THAT(log->Append("", 0, AsBytes("b"), kCheap), IsOkAndHolds(2u));
  EXPECT_EQ(log->next_sequence(), 3u);
  EXPECT_THAT(Texts(log->Read(0, 10, 1000)), ElementsAre("1:a", "2:b"));
}

TEST_F(SpoolTest, ReadsFromAnyPlaceWithinItsLimits) {
  const auto log = Create();
  for (const char* text : {"a", "b", "c", "d"}) Append(*log, text);
  EXPECT_THAT(Texts(log->Read(1, 2, 1000)), ElementsAre("2:b", "3:c"));
  EXPECT_THAT(Texts(log->Read(0, 10, 1)), ElementsAre("1:a"));  // at least one
  EXPECT_THAT(Texts(log->Read(4, 10, 1000)), IsEmpty());
}

TEST_F(SpoolTest, ComesBackWithEverythingItHeld) {
  {
    const auto log = Create();
    EXPECT_THAT(log->Append("item/a", 3, AsBytes("x"), kCheap), IsOk());
    Append(*log, "y");
  }
  ASSERT_OK_AND_ASSIGN(const auto log, SpoolLog::Open(log_directory_));
  EXPECT_EQ(log->dropped_bytes(), 0u);
  EXPECT_EQ(log->next_sequence(), 3u);
  EXPECT_EQ(ToString(log->header().plan), "plan bytes");
  EXPECT_EQ(log->header().command_id, Header().command_id);
  ASSERT_THAT(log->Latest(), SizeIs(1));
  EXPECT_EQ(log->Latest()[0].note, 3u);
  EXPECT_EQ(log->Latest()[0].key, "item/a");
}

TEST_F(SpoolTest, ToleratesATailTornAtEveryByte) {
  size_t two_records;
  {
    const auto log = Create();
    Append(*log, "first", "item/a");
    Append(*log, "second", "item/a");
    two_records = std::filesystem::file_size(LastSegment());
    Append(*log, "third", "item/a");
  }
  const std::string segment = LastSegment();
  ASSERT_OK_AND_ASSIGN(const Bytes whole, files::Read(segment, 1 << 20));
  for (size_t size = two_records; size < whole.size(); ++size) {
    ASSERT_OK(files::WriteAtomic(segment, ByteView(whole).first(size), 0600));
    ASSERT_OK_AND_ASSIGN(const auto log, SpoolLog::Open(log_directory_));
    EXPECT_EQ(log->dropped_bytes(), size - two_records);
    EXPECT_THAT(Texts(log->Read(0, 10, 1000)), ElementsAre("1:first", "2:second"));
    EXPECT_EQ(ToString(log->Latest().at(0).event), "second");
    // The torn event was never sent, so its number is free.
    EXPECT_THAT(log->Append("", 0, AsBytes("again"), kDurable), IsOkAndHolds(3u));
  }
}

TEST_F(SpoolTest, CutsATailInWhichAnyByteWasFlipped) {
  size_t one_record;
  {
    const auto log = Create();
    Append(*log, "first");
    one_record = std::filesystem::file_size(LastSegment());
    Append(*log, "second");
  }
  const std::string segment = LastSegment();
  ASSERT_OK_AND_ASSIGN(const Bytes whole, files::Read(segment, 1 << 20));
  for (size_t place = one_record; place < whole.size(); ++place) {
    Bytes spoilt = whole;
    spoilt[place] ^= 0x40;
    ASSERT_OK(files::WriteAtomic(segment, spoilt, 0600));
    ASSERT_OK_AND_ASSIGN(const auto log, SpoolLog::Open(log_directory_));
    EXPECT_EQ(log->dropped_bytes(), whole.size() - one_record) << place;
    EXPECT_THAT(Texts(log->Read(0, 10, 1000)), ElementsAre("1:first")) << place;
  }
}

TEST_F(SpoolTest, ReportsADamagedSegmentHeader) {
  Append(*Create(), "x");
  ASSERT_OK_AND_ASSIGN(Bytes file, files::Read(LastSegment(), 1 << 20));
  file[9] ^= 1;
  ASSERT_OK(files::WriteAtomic(LastSegment(), file, 0600));
  EXPECT_THAT(SpoolLog::Open(log_directory_), StatusIs(StatusCode::kDataLoss, LastSegment()));
}

TEST_F(SpoolTest, ReportsADamagedRunHeader) {
  Create();
  ASSERT_OK_AND_ASSIGN(Bytes file, files::Read(log_directory_ + "/run", 1 << 20));
  for (size_t place = 0; place < file.size(); ++place) {
    Bytes spoilt = file;
    spoilt[place] ^= 1;
    EXPECT_FALSE(DecodeRunHeader(spoilt)) << place;
    EXPECT_FALSE(DecodeRunHeader(ByteView(file).first(place))) << place;
  }
  file.back() ^= 1;
  ASSERT_OK(files::WriteAtomic(log_directory_ + "/run", file, 0600));
  EXPECT_THAT(SpoolLog::Open(log_directory_), StatusIs(StatusCode::kDataLoss));
}

TEST_F(SpoolTest, ReportsDamageInASegmentThatIsNotTheLast) {
  CreateWithTwoSegments();
  const std::string first = log_directory_ + "/" + SegmentName(1);
  ASSERT_OK_AND_ASSIGN(Bytes file, files::Read(first, 16 << 20));
  file[file.size() / 2] ^= 1;
  ASSERT_OK(files::WriteAtomic(first, file, 0600));
  EXPECT_THAT(SpoolLog::Open(log_directory_), StatusIs(StatusCode::kDataLoss, first));
}

TEST_F(SpoolTest, FreesAckedSegmentsButKeepsTheLastWordOnEveryKey) {
  {
    const auto log = CreateWithTwoSegments();
    EXPECT_OK(log->Acked(log->next_sequence() - 1));
    EXPECT_EQ(Segments(), 1u);
    EXPECT_EQ(log->acked(), log->next_sequence() - 1);
    EXPECT_THAT(log->Latest(), SizeIs(1));
  }
  ASSERT_OK_AND_ASSIGN(const auto log, SpoolLog::Open(log_directory_));
  ASSERT_THAT(log->Latest(), SizeIs(1));
  EXPECT_EQ(ToString(log->Latest()[0].event), "a");
  EXPECT_GT(log->next_sequence(), 2u);
}

TEST_F(SpoolTest, KeepsASegmentThatIsAckedOnlyInPart) {
  const auto log = CreateWithTwoSegments();
  EXPECT_OK(log->Acked(2));
  EXPECT_EQ(Segments(), 2u);
  EXPECT_EQ(log->acked(), 2u);
}

TEST_F(SpoolTest, IgnoresAnAckOfWhatWasNeverMadeAndAnOlderOne) {
  const auto log = Create();
  Append(*log, "a");
  Append(*log, "b");
  EXPECT_OK(log->Acked(3));
  EXPECT_EQ(log->acked(), 0u);
  EXPECT_OK(log->Acked(2));
  EXPECT_OK(log->Acked(1));
  EXPECT_EQ(log->acked(), 2u);
}

TEST_F(SpoolTest, HoldsWhenFullAndTakesAgainAfterAnAck) {
  const auto log = CreateWithTwoSegments();
  log->SetBytesMax(kSpoolSegmentBytes);
  const uint64_t next = log->next_sequence();
  EXPECT_THAT(log->Append("", 0, AsBytes("held"), kDurable),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(log->next_sequence(), next);
  EXPECT_OK(log->Acked(next - 1));
  EXPECT_THAT(log->Append("", 0, AsBytes("held"), kDurable), IsOkAndHolds(next));
}

TEST_F(SpoolTest, RefusesAnEventOverTheRecordLimit) {
  const auto log = Create();
  const Bytes huge(kSpoolRecordBytesMax, 'x');
  EXPECT_THAT(log->Append("", 0, huge, kCheap), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(log->next_sequence(), 1u);
}

TEST_F(SpoolTest, RenumbersWhatWasNotAckedBehindTheServersEvents) {
  {
    const auto log = Create();
    for (const char* text : {"a", "b", "c"}) Append(*log, text, std::string("item/") + text);
    EXPECT_OK(log->Acked(1));
    EXPECT_OK(log->Renumber(40));
    EXPECT_THAT(Texts(log->Read(40, 10, 1000)), ElementsAre("41:b", "42:c"));
    EXPECT_THAT(log->Append("", 0, AsBytes("d"), kDurable), IsOkAndHolds(43u));
    EXPECT_EQ(log->acked(), 40u);
  }
  ASSERT_OK_AND_ASSIGN(const auto log, SpoolLog::Open(log_directory_));
  EXPECT_THAT(Texts(log->Read(0, 10, 1000)), ElementsAre("41:b", "42:c", "43:d"));
  EXPECT_THAT(log->Latest(), SizeIs(3));
}

TEST_F(SpoolTest, RenumbersOverItsOwnNumbers) {
  const auto log = Create();
  for (const char* text : {"a", "b", "c"}) Append(*log, text);
  EXPECT_OK(log->Renumber(2));
  EXPECT_THAT(Texts(log->Read(0, 10, 1000)), ElementsAre("3:a", "4:b", "5:c"));
}

TEST_F(SpoolTest, FinishesARenumberingThatWasInterrupted) {
  const auto log = Create();
  Append(*log, "old");
  const std::string old_segment = LastSegment();
  ASSERT_OK_AND_ASSIGN(const Bytes old_file, files::Read(old_segment, 1 << 20));
  EXPECT_OK(log->Renumber(7));
  // As if the crash came before the old segment was removed.
  ASSERT_OK(files::WriteAtomic(old_segment, old_file, 0600));
  ASSERT_OK_AND_ASSIGN(const auto reopened, SpoolLog::Open(log_directory_));
  EXPECT_THAT(Texts(reopened->Read(0, 10, 1000)), ElementsAre("8:old"));
  EXPECT_EQ(Segments(), 1u);
}

TEST_F(SpoolTest, StoreFindsItsRunsByAttemptAndIgnoresUnfinishedFolders) {
  const std::string root = directory_ + "/runs";
  {
    ASSERT_OK_AND_ASSIGN(const auto store, SpoolStore::Open(root));
    ASSERT_OK(store->Begin(Header("D-1042.10")).status());
    ASSERT_OK(store->Begin(Header("D-1042.2")).status());
    ASSERT_OK_AND_ASSIGN(const auto log, store->Begin(Header("D-1042.10")));
    Append(*log, "x");
  }
  std::filesystem::create_directory(root + "/D-1042.11.new");
  std::filesystem::create_directory(root + "/D-1042.1.gone");
  ASSERT_OK_AND_ASSIGN(const auto store, SpoolStore::Open(root));
  ASSERT_THAT(store->Runs(), SizeIs(2));
  EXPECT_EQ(store->Runs()[0]->header().run_id.text(), "D-1042.2");
  EXPECT_EQ(store->Runs()[1]->next_sequence(), 2u);
  EXPECT_FALSE(std::filesystem::exists(root + "/D-1042.11.new"));
  ASSERT_OK(store->Drop(*RunId::Parse("D-1042.2")));
  EXPECT_THAT(store->Runs(), SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(root + "/D-1042.2"));
}

TEST_F(SpoolTest, TwoAgentsCannotShareAStateFolder) {
  ASSERT_OK_AND_ASSIGN(const auto lock, StateLock::Acquire(directory_));
  EXPECT_THAT(StateLock::Acquire(directory_),
              StatusIs(StatusCode::kFailedPrecondition, directory_));
}

}  // namespace
}  // namespace preseal::agent::spool
