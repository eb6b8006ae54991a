// SPDX-License-Identifier: Apache-2.0
// What only the SQLite store does: files that are damaged, foreign, changed by another hand or on a
// full disk.
#include "server/adapters/sql/sqlite_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/sql/connection.h"
#include "server/adapters/sql/migrations.h"
#include "tests/support/small_file_system.h"
#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

using test::IsOk;
using test::StatusIs;

class SqliteStoreTest : public testing::Test {
 protected:
  StatusOr<std::unique_ptr<SqliteStore>> Open() { return SqliteStore::Open(path_, &clock_); }
  // Makes a store with some rows and closes it.
  void Fill() {
    ASSERT_OK_AND_ASSIGN(auto store, Open());
    ASSERT_OK(store->WriteAndWait([this](Tx& tx) {
      for (int i = 0; i < 500; ++i) {
        Device device;
        device.serial_number = "S-" + std::to_string(i);
        device.model = std::string(100, 'm');
        RETURN_IF_ERROR(tx.devices.Insert(&device));
        RETURN_IF_ERROR(tx.audit.Record({clock_.Now(), "ann", "import", device.id.text(), ""}));
      }
      return OkStatus();
    }));
  }
  // Changes the closed file with another program's hand.
  void Execute(const std::string& script) {
    ASSERT_OK_AND_ASSIGN(auto connection,
                         sql::Connection::Open(path_, sql::Connection::Mode::kReadWrite));
    ASSERT_OK(connection->ExecuteScript(script));
  }

  test::TempDir dir_;
  test::HandClock clock_;
  const std::string path_ = dir_.File("preseal.db");
};

TEST_F(SqliteStoreTest, RefusesGarbageAndSaysWhatToDo) {
  std::ofstream(path_) << std::string(20'000, '#');
  EXPECT_THAT(Open(), StatusIs(StatusCode::kDataLoss, "restore a backup"));
}

TEST_F(SqliteStoreTest, RefusesATruncatedFile) {
  Fill();
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2 / 4096 * 4096);
  EXPECT_THAT(Open(), StatusIs(StatusCode::kDataLoss, path_));
}

TEST_F(SqliteStoreTest, RefusesAFlippedPage) {
  Fill();
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path_) / 2 / 4096 * 4096));
  file << std::string(64, '\xff');
  file.close();
  EXPECT_THAT(Open(), StatusIs(StatusCode::kDataLoss, path_));
}

TEST_F(SqliteStoreTest, RefusesAnotherProgramsDatabase) {
  Execute("CREATE TABLE photos (x INTEGER)");
  EXPECT_THAT(Open(), StatusIs(StatusCode::kFailedPrecondition, "another program"));
}

TEST_F(SqliteStoreTest, RefusesADatabaseOfANewerVersion) {
  Fill();
  Execute("INSERT INTO schema_migrations VALUES (999, 'future', '', 0)");
  EXPECT_THAT(Open(), StatusIs(StatusCode::kFailedPrecondition, "newer version"));
}

// 006 gives what was sealed before it one deployment, with the plan of its last run.
TEST_F(SqliteStoreTest, CountsWhatAnOlderVersionSealedAsOneDeployment) {
  Fill();
  {
    ASSERT_OK_AND_ASSIGN(auto connection,
                         sql::Connection::Open(path_ + "5", sql::Connection::Mode::kReadWrite));
    ASSERT_OK(sql::Migrate(connection.get(), SqliteMigrations().first(5), clock_.Now()));
    ASSERT_OK(connection->ExecuteScript(
        "ATTACH '" + path_ + "' AS newer;" +
        "INSERT INTO devices SELECT device_number, serial_number, manufacturer, model, batch_id,"
        " slot, assigned_user, profile, state, state_time, create_time, failure_code,"
        " failure_item_id, failure_message, failure_remedy, failure_seen, failure_expected,"
        " contact, contact_time, lab, enrolled, 1, phase, item_name, items_done, items_total,"
        " percent, blocking_satisfied, run_start_time, run_end_time, last_command_id,"
        " ek_spki_sha256, certificate_sha256, seal_unconfirmed, seal_time, revision,"
        " refused_attempts, quarantined FROM newer.devices WHERE device_number < 1003;"
        "INSERT INTO runs VALUES (1001, 1, 1, 5, 9, 'office', 'ab12', 0);"
        "UPDATE devices SET seal_time = 10 WHERE device_number = 1001"));
  }
  ASSERT_OK_AND_ASSIGN(auto store, SqliteStore::Open(path_ + "5", &clock_));
  ASSERT_OK(store->Read([](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Device sealed, tx.devices.Get(DeviceId::FromNumber(1001)));
    EXPECT_EQ(sealed.deployments, 1u);
    EXPECT_EQ(sealed.sealed_plan_digest, "ab12");
    EXPECT_EQ(sealed.flow, Flow::kTechnician);
    ASSIGN_OR_RETURN(const Device never, tx.devices.Get(DeviceId::FromNumber(1002)));
    EXPECT_EQ(never.deployments, 0u);
    return OkStatus();
  }));
}

// 011 counts the refused that were there before it.
TEST_F(SqliteStoreTest, CountsTheRefusedOfAnOlderVersion) {
  const std::string older = path_ + "10";
  {
    ASSERT_OK_AND_ASSIGN(auto connection,
                         sql::Connection::Open(older, sql::Connection::Mode::kReadWrite));
    ASSERT_OK(sql::Migrate(connection.get(), SqliteMigrations().first(9), clock_.Now()));
    ASSERT_OK(connection->ExecuteScript(
        "INSERT INTO batches (batch_id, create_time) VALUES ('PO-7', 1);"
        "INSERT INTO devices (device_number, serial_number, manufacturer, model, batch_id, slot,"
        " assigned_user, profile, state, state_time, create_time, failure_code, failure_item_id,"
        " failure_message, failure_remedy, failure_seen, failure_expected, contact, lab, enrolled,"
        " attempt, phase, item_name, items_done, items_total, percent, blocking_satisfied,"
        " seal_unconfirmed, revision) VALUES"
        " (1001, 'a', '', '', 'PO-7', '', '', '', 10, 1, 1, 'EK_CHAIN_UNTRUSTED', '', '', '', '',"
        "  '', 1, 0, 0, 0, 1, '', 0, 0, 0, 0, 0, 1),"
        " (1002, 'b', '', '', 'PO-7', '', '', '', 10, 1, 1, 'STEP_FAILED', 'burn-in', '', '', '',"
        "  '', 1, 0, 1, 1, 1, '', 0, 0, 0, 0, 0, 2)"));
  }
  ASSERT_OK_AND_ASSIGN(auto store, SqliteStore::Open(older, &clock_));
  ASSERT_OK(store->Read([](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Batch batch, tx.batches.GetBatch(*BatchId::Parse("PO-7")));
    EXPECT_EQ(batch.refused, 1);
    return OkStatus();
  }));
}

TEST_F(SqliteStoreTest, DamagedJsonInTheFileIsDataLoss) {
  Fill();
  Execute("UPDATE devices SET wait = '{\"kind\": \"none\"}' WHERE device_number = 1003");
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(
      store->Read([](Tx& tx) { return tx.devices.Get(DeviceId::FromNumber(1003)).status(); }),
      StatusIs(StatusCode::kDataLoss, "JSON column"));
}

TEST_F(SqliteStoreTest, DoesNotStartAnewWhereAStoreMustExist) {
  const auto open = [this] {
    return SqliteStore::Open(path_, &clock_, SqliteStore::Mode::kMustExist);
  };
  EXPECT_THAT(open(), StatusIs(StatusCode::kFailedPrecondition, "missing or empty"));
  EXPECT_FALSE(std::filesystem::exists(path_));
  std::ofstream(path_).close();
  EXPECT_THAT(open(), StatusIs(StatusCode::kFailedPrecondition, "missing or empty"));
  Fill();
  EXPECT_OK(open());
}

TEST_F(SqliteStoreTest, UnknownStateInTheFileIsDataLoss) {
  Fill();
  Execute("UPDATE devices SET state = 77 WHERE device_number = 1003");
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(
      store->Read([](Tx& tx) { return tx.devices.Get(DeviceId::FromNumber(1003)).status(); }),
      StatusIs(StatusCode::kDataLoss, "unknown value 77"));
}

TEST_F(SqliteStoreTest, AuditLogRefusesChangesAndFindsForgedOnes) {
  Fill();
  {
    ASSERT_OK_AND_ASSIGN(auto connection,
                         sql::Connection::Open(path_, sql::Connection::Mode::kReadWrite));
    EXPECT_THAT(connection->ExecuteScript("UPDATE audit_log SET actor = 'eve'"),
                StatusIs(StatusCode::kFailedPrecondition, "append-only"));
    EXPECT_THAT(connection->ExecuteScript("DELETE FROM audit_log WHERE audit_number = 7"),
                StatusIs(StatusCode::kFailedPrecondition, "append-only"));
  }
  Execute(
      "DROP TRIGGER audit_log_no_update;"
      "UPDATE audit_log SET actor = 'eve' WHERE audit_number = 7");
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(store->Read([](Tx& tx) { return tx.audit.VerifyChain(); }),
              StatusIs(StatusCode::kDataLoss, "row 7"));
}

TEST_F(SqliteStoreTest, AuditLogFindsARemovedRow) {
  Fill();
  Execute("DROP TRIGGER audit_log_no_delete; DELETE FROM audit_log WHERE audit_number = 7");
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(store->Read([](Tx& tx) { return tx.audit.VerifyChain(); }),
              StatusIs(StatusCode::kDataLoss, "row 8"));
}

TEST_F(SqliteStoreTest, ClosedStoreIsUnavailable) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  store->Close();
  EXPECT_THAT(store->WriteAndWait([](Tx&) { return OkStatus(); }),
              StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(store->Read([](Tx&) { return OkStatus(); }), StatusIs(StatusCode::kUnavailable));
}

// A file system of one megabyte, seen by this process only.
class FullDiskTest : public SqliteStoreTest {
 protected:
  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << disk_.kWhyNot;
  }
  Store::Job Inserting(int number, size_t bytes) {
    return [number, bytes](Tx& tx) {
      Device device;
      device.serial_number = "S-" + std::to_string(number);
      device.failure.message = std::string(bytes, 'x');
      return tx.devices.Insert(&device);
    };
  }

  const test::SmallFileSystem disk_{dir_.path(), "1m"};
};

TEST_F(FullDiskTest, TellsEveryWriterAndWorksAgainWhenThereIsSpace) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  std::ofstream(dir_.File("ballast")) << std::string(300'000, 'b');
  std::vector<int> acked;
  Status refusal;
  for (int i = 0; i < 1000 && refusal.ok(); ++i) {
    refusal = store->WriteAndWait(Inserting(i, 5000));
    if (refusal.ok()) acked.push_back(i);
  }
  EXPECT_THAT(refusal, StatusIs(StatusCode::kResourceExhausted, path_));
  ASSERT_FALSE(acked.empty());
  EXPECT_THAT(store->WriteAndWait(Inserting(5000, 100'000)),
              StatusIs(StatusCode::kResourceExhausted));
  // Reading goes on meanwhile.
  EXPECT_OK(store->Read([](Tx& tx) { return tx.devices.FindBySerial("S-0").status(); }));

  std::filesystem::remove(dir_.File("ballast"));
  EXPECT_OK(store->WriteAndWait(Inserting(5000, 5000)));
  acked.push_back(5000);
  store.reset();
  ASSERT_OK_AND_ASSIGN(store, Open());
  for (const int number : acked) {
    EXPECT_OK(store->Read([number](Tx& tx) {
      return tx.devices.FindBySerial("S-" + std::to_string(number)).status();
    }));
  }
}

TEST_F(FullDiskTest, OpeningWithoutSpaceIsResourceExhausted) {
  std::ofstream(dir_.File("ballast")) << std::string(1'100'000, 'b');
  EXPECT_THAT(Open(), StatusIs(StatusCode::kResourceExhausted, path_));
}

}  // namespace
}  // namespace preseal::server
