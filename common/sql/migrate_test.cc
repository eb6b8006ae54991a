// SPDX-License-Identifier: Apache-2.0
#include "common/sql/migrate.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::sql {
namespace {

using test::StatusIs;

constexpr Migration kFirst{1, "first", "CREATE TABLE a (x INTEGER NOT NULL) STRICT;"};
constexpr Migration kSecond{
    2, "second",
    "CREATE TABLE b (x INTEGER NOT NULL, doubled INTEGER NOT NULL) STRICT;\n"
    "INSERT INTO b SELECT x, 2 * x FROM a; DROP TABLE a;"};
constexpr std::array kOne = {kFirst};
constexpr std::array kTwo = {kFirst, kSecond};

class MigrateTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Connection::Open(dir_.File("m.db"), Connection::Mode::kReadWrite);
    ASSERT_OK(opened);
    connection_ = *std::move(opened);
  }
  Status Run(std::span<const Migration> migrations) {
    return Migrate(connection_.get(), migrations, FromMicros(1));
  }

  test::TempDir dir_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(MigrateTest, CarriesDataFromOneVersionToTheNext) {
  ASSERT_OK(Run(kOne));
  ASSERT_OK(connection_->ExecuteScript("INSERT INTO a VALUES (21)"));
  ASSERT_OK(Run(kTwo));
  int64_t doubled = 0;
  constexpr Sql kRead("SELECT doubled FROM b", "i");
  ASSERT_OK(connection_->QueryOne(kRead, {}, [&](Row& row) { doubled = row.Integer(); }));
  EXPECT_EQ(doubled, 42);
}

TEST_F(MigrateTest, DoesNothingTheSecondTime) {
  ASSERT_OK(Run(kTwo));
  EXPECT_OK(Run(kTwo));
}

TEST_F(MigrateTest, RefusesADatabaseOfANewerProgram) {
  ASSERT_OK(Run(kTwo));
  EXPECT_THAT(Run(kOne), StatusIs(StatusCode::kFailedPrecondition, "newer version"));
}

TEST_F(MigrateTest, RefusesAnEditedMigration) {
  ASSERT_OK(Run(kOne));
  constexpr std::array kEdited = {Migration{1, "first", "CREATE TABLE a (x INTEGER) STRICT;"}};
  EXPECT_THAT(Run(kEdited), StatusIs(StatusCode::kFailedPrecondition, "differs"));
}

TEST_F(MigrateTest, RefusesAnotherProgramsDatabase) {
  ASSERT_OK(connection_->ExecuteScript("CREATE TABLE photos (x INTEGER)"));
  EXPECT_THAT(Run(kOne), StatusIs(StatusCode::kFailedPrecondition, "another program"));
}

TEST_F(MigrateTest, ReportsAMissingVersion) {
  ASSERT_OK(Run(kTwo));
  ASSERT_OK(connection_->ExecuteScript("DELETE FROM schema_migrations WHERE version = 1"));
  EXPECT_THAT(Run(kTwo), StatusIs(StatusCode::kDataLoss, "migration 1 is missing"));
}

TEST_F(MigrateTest, FailingMigrationLeavesNothingOfItself) {
  constexpr std::array kBroken = {
      kFirst,
      Migration{2, "broken", "CREATE TABLE c (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);"}};
  EXPECT_THAT(Run(kBroken), StatusIs(StatusCode::kInternal, "migration 2 (broken)"));
  EXPECT_OK(Run(kTwo));
  EXPECT_OK(connection_->ExecuteScript("CREATE TABLE c (x INTEGER) STRICT"));
}

}  // namespace
}  // namespace preseal::sql
