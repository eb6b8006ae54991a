// SPDX-License-Identifier: Apache-2.0
#include "common/sql/connection.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/sql/transaction.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::sql {
namespace {

using test::IsOk;
using test::StatusIs;

constexpr Sql kInsert(
    "INSERT INTO things (number, label, bytes, note) VALUES (:number, :label, :bytes, :note)");
constexpr Sql kSelect("SELECT number, label, bytes, note FROM things ORDER BY number", "itbt");
constexpr Sql kSelectOne("SELECT label FROM things WHERE number = :number", "t");
constexpr Sql kCount("SELECT COUNT(*) FROM things", "i");
constexpr char kSchema[] =
    "CREATE TABLE things (number INTEGER NOT NULL PRIMARY KEY, label TEXT NOT NULL UNIQUE,"
    " bytes BLOB NOT NULL, note TEXT, CHECK (number < 1000000)) STRICT;"
    "CREATE TABLE parts (number INTEGER NOT NULL REFERENCES things) STRICT;";

class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Connection::Open(path_, Connection::Mode::kReadWrite);
    ASSERT_OK(opened);
    connection_ = *std::move(opened);
    ASSERT_OK(connection_->ExecuteScript(kSchema));
  }

  StatusOr<int64_t> Insert(int64_t number, std::string_view label, ByteView bytes) {
    return connection_->Execute(kInsert, {number, label, bytes, Param::Null(Type::kText)});
  }
  int64_t Count(Connection* connection) {
    int64_t count = -1;
    EXPECT_OK(connection->QueryOne(kCount, {}, [&count](Row& row) { count = row.Integer(); }));
    return count;
  }

  test::TempDir dir_;
  const std::string path_ = dir_.File("with space.db");
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, ReturnsWhatWasWritten) {
  const std::string label("a\0'\";--b", 9);
  const Bytes bytes = {0, 1, 255, 0};
  ASSERT_OK(connection_->Execute(kInsert, {7, label, bytes, "note"}));
  ASSERT_OK(Insert(8, "second", {}));
  int rows = 0;
  ASSERT_OK(connection_->Query(kSelect, {}, [&](Row& row) {
    const int64_t number = row.Integer();
    if (number == 7) {
      EXPECT_EQ(row.Text(), label);
      EXPECT_EQ(row.Blob(), bytes);
      EXPECT_EQ(row.Text(), "note");
    } else {
      EXPECT_EQ(number, 8);
      EXPECT_EQ(row.Text(), "second");
      EXPECT_TRUE(row.Blob().empty());
      EXPECT_EQ(row.Text(), "");
    }
    ++rows;
    return OkStatus();
  }));
  EXPECT_EQ(rows, 2);
}

TEST_F(ConnectionTest, ShorterBlobLeavesNothingOfTheLongerOneBefore) {
  ASSERT_OK(Insert(1, "long", Bytes(1000, 0xaa)));
  ASSERT_OK(Insert(2, "short", Bytes(3, 0xbb)));
  ASSERT_OK(Insert(3, "none", {}));
  std::vector<size_t> sizes;
  ASSERT_OK(connection_->Query(kSelect, {}, [&](Row& row) {
    row.Integer();
    row.Text();
    sizes.push_back(row.Blob().size());
    return OkStatus();
  }));
  EXPECT_EQ(sizes, (std::vector<size_t>{1000, 3, 0}));
}

TEST_F(ConnectionTest, BrokenUniquenessIsAlreadyExistsAndTheStatementWorksAgain) {
  ASSERT_OK(Insert(1, "one", {}));
  EXPECT_THAT(Insert(2, "one", {}), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(Insert(1, "two", {}), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_OK(Insert(2, "two", {}));
}

TEST_F(ConnectionTest, ForbiddenValuesAreOurBugAndAreNotQuoted) {
  const Status check = Insert(1'000'000, "s3cret", {}).status();
  EXPECT_THAT(check, StatusIs(StatusCode::kInternal));
  EXPECT_EQ(MessageOf(check).find("s3cret"), std::string::npos);
  constexpr Sql kInsertPart("INSERT INTO parts (number) VALUES (:number)");
  EXPECT_THAT(connection_->Execute(kInsertPart, {5}), StatusIs(StatusCode::kInternal));
}

TEST_F(ConnectionTest, QueryOneTellsWhetherThereIsARow) {
  ASSERT_OK(Insert(1, "one", {}));
  std::string label;
  const auto read = [&label](Row& row) { label = row.Text(); };
  EXPECT_THAT(connection_->QueryOne(kSelectOne, {1}, read), test::IsOkAndHolds(true));
  EXPECT_EQ(label, "one");
  EXPECT_THAT(connection_->QueryOne(kSelectOne, {2}, read), test::IsOkAndHolds(false));
}

TEST_F(ConnectionTest, CallbackErrorEndsTheQueryAndFreesTheStatement) {
  ASSERT_OK(Insert(1, "one", {}));
  ASSERT_OK(Insert(2, "two", {}));
  int rows = 0;
  const Status status = connection_->Query(kSelect, {}, [&rows](Row&) {
    ++rows;
    return DataLoss("enough");
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kDataLoss));
  EXPECT_EQ(rows, 1);
  // A statement left open would lock the table.
  EXPECT_OK(connection_->ExecuteScript("DROP TABLE parts; DROP TABLE things"));
}

TEST_F(ConnectionTest, RefusesAParameterOfAnotherType) {
  ASSERT_OK(Insert(1, "one", {}));
  EXPECT_THAT(connection_->Execute(kInsert, {"1", "two", Bytes(), "note"}),
              StatusIs(StatusCode::kInternal));
}

TEST_F(ConnectionTest, DroppedTransactionLeavesNothing) {
  {
    ASSERT_OK_AND_ASSIGN(auto transaction,
                         Transaction::Begin(connection_.get(), Transaction::Kind::kWrite));
    ASSERT_OK(Insert(1, "one", {}));
  }
  EXPECT_EQ(Count(connection_.get()), 0);
}

TEST_F(ConnectionTest, SavepointIsUndoneAlone) {
  ASSERT_OK_AND_ASSIGN(auto transaction,
                       Transaction::Begin(connection_.get(), Transaction::Kind::kWrite));
  ASSERT_OK(Insert(1, "one", {}));
  {
    ASSERT_OK_AND_ASSIGN(auto savepoint, Savepoint::Begin(connection_.get()));
    ASSERT_OK(Insert(2, "two", {}));
  }
  ASSERT_OK_AND_ASSIGN(auto kept, Savepoint::Begin(connection_.get()));
  ASSERT_OK(Insert(3, "three", {}));
  ASSERT_OK(kept.Release());
  ASSERT_OK(transaction.Commit());
  EXPECT_EQ(Count(connection_.get()), 2);
}

TEST_F(ConnectionTest, ReaderSeesCommittedRowsAndCannotWrite) {
  ASSERT_OK_AND_ASSIGN(auto reader, Connection::Open(path_, Connection::Mode::kReadOnly));
  ASSERT_OK_AND_ASSIGN(auto transaction,
                       Transaction::Begin(connection_.get(), Transaction::Kind::kWrite));
  ASSERT_OK(Insert(1, "one", {}));
  EXPECT_EQ(Count(reader.get()), 0);
  ASSERT_OK(transaction.Commit());
  EXPECT_EQ(Count(reader.get()), 1);
  EXPECT_THAT(reader->Execute(kInsert, {2, "two", Bytes(), Param::Null(Type::kText)}).status(),
              StatusIs(StatusCode::kFailedPrecondition, "read-only"));
}

TEST_F(ConnectionTest, FullFileIsResourceExhaustedAndNamesIt) {
  ASSERT_OK(connection_->ExecuteScript("PRAGMA max_page_count = 20"));
  const Bytes large(200'000, 1);
  EXPECT_THAT(Insert(1, "large", large).status(), StatusIs(StatusCode::kResourceExhausted, path_));
  EXPECT_FALSE(connection_->InTransaction());
  ASSERT_OK(connection_->ExecuteScript("PRAGMA max_page_count = 2000"));
  EXPECT_OK(Insert(1, "large", large));
}

TEST_F(ConnectionTest, DatabaseIsReadableByItsOwnerOnly) {
  struct stat info = {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(ConnectionOpenTest, GarbageIsDataLoss) {
  const test::TempDir dir;
  const std::string path = dir.File("garbage.db");
  std::ofstream(path) << std::string(8192, 'x');
  EXPECT_THAT(Connection::Open(path, Connection::Mode::kReadWrite).status(),
              StatusIs(StatusCode::kDataLoss, path));
}

TEST(ConnectionOpenTest, MissingFolderNamesTheFix) {
  EXPECT_THAT(Connection::Open("/nowhere/preseal.db", Connection::Mode::kReadWrite).status(),
              StatusIs(StatusCode::kFailedPrecondition, "make sure its folder exists"));
  EXPECT_THAT(Connection::Open("/nowhere/preseal.db", Connection::Mode::kReadOnly).status(),
              StatusIs(StatusCode::kFailedPrecondition, "make sure its folder exists"));
}

TEST(ConnectionOpenTest, RefusesAPathThatWouldBeReadAsOptions) {
  EXPECT_THAT(Connection::Open("x\" synchronous=off \"", Connection::Mode::kReadWrite).status(),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(ConnectionOpenTest, QuickCheckFindsADamagedPage) {
  const test::TempDir dir;
  const std::string path = dir.File("damaged.db");
  {
    ASSERT_OK_AND_ASSIGN(auto connection, Connection::Open(path, Connection::Mode::kReadWrite));
    ASSERT_OK(connection->ExecuteScript(kSchema));
    for (int i = 0; i < 200; ++i) {
      ASSERT_OK(connection->Execute(kInsert, {i, std::to_string(i), Bytes(500, 1), "note"}));
    }
    ASSERT_OK(connection->QuickCheck());
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 4);
    file << std::string(4096, '\x5a');
  }
  ASSERT_OK_AND_ASSIGN(auto connection, Connection::Open(path, Connection::Mode::kReadWrite));
  EXPECT_THAT(connection->QuickCheck(), StatusIs(StatusCode::kDataLoss, "restore a backup"));
}

}  // namespace
}  // namespace preseal::sql
