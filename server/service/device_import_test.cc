// SPDX-License-Identifier: Apache-2.0
#include "server/service/device_import.h"

#include <gmock/gmock.h>

#include "common/base/limits.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

class DeviceImportTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    import_.emplace(*store_, clock_);
  }
  static ImportRow Row(const std::string& serial) {
    return {.serial_number = serial, .manufacturer = "Maker", .model = "Model 1"};
  }
  std::vector<ImportRowResult> Import(const std::vector<ImportRow>& rows,
                                      const std::string& batch = "PO-7", bool dry = false) {
    const auto results = import_->Import(lead_, *BatchId::Parse(batch), rows, dry);
    EXPECT_OK(results);
    return results.ok() ? *results : std::vector<ImportRowResult>(rows.size());
  }
  // The one row's code, when it is between two good ones, which must then not be stored.
  std::string CodeOf(const ImportRow& row) {
    const auto results = Import({Row("GOOD-1"), row, Row("GOOD-2")});
    EXPECT_EQ(results[1].outcome, ImportOutcome::kRefused);
    EXPECT_TRUE(results[0].device.empty());
    EXPECT_EQ(Stored("GOOD-1"), StatusCode::kNotFound);
    EXPECT_EQ(Stored("GOOD-2"), StatusCode::kNotFound);
    return results[1].code;
  }
  StatusCode Stored(const std::string& serial) {
    return store_->Read([&](Tx& tx) { return tx.devices.FindBySerial(serial).status(); }).code();
  }

  std::optional<DeviceImport> import_;
};

TEST_F(DeviceImportTest, RegistersEveryRowInOrder) {
  const auto results = Import({Row("A-17"), Row(" A-18 ")});
  EXPECT_EQ(results[0].outcome, ImportOutcome::kCreated);
  const Device first = Load(results[0].device);
  EXPECT_EQ(first.serial_number, "A-17");
  EXPECT_EQ(first.state, DeviceState::kRegistered);
  EXPECT_EQ(first.batch.text(), "PO-7");
  EXPECT_EQ(Load(results[1].device).serial_number, "A-18");
}

TEST_F(DeviceImportTest, ChangesNothingWhenRepeated) {
  const auto first = Import({Row("A-17")});
  const uint64_t revision = Load(first[0].device).revision;
  const auto again = Import({Row("a-17")});
  EXPECT_EQ(again[0].outcome, ImportOutcome::kUnchanged);
  EXPECT_EQ(again[0].device, first[0].device);
  EXPECT_EQ(Load(first[0].device).revision, revision);
}

TEST_F(DeviceImportTest, StoresNothingWhenOnlyValidating) {
  const auto results = Import({Row("A-17")}, "PO-7", true);
  EXPECT_EQ(results[0].outcome, ImportOutcome::kCreated);
  EXPECT_TRUE(results[0].device.empty());
  EXPECT_EQ(Stored("A-17"), StatusCode::kNotFound);
}

TEST_F(DeviceImportTest, RefusesAnEmptySerial) { EXPECT_EQ(CodeOf(Row("  ")), "EMPTY_FIELD"); }

TEST_F(DeviceImportTest, RefusesASerialThatFirmwareShips) {
  EXPECT_EQ(CodeOf(Row("To Be Filled By O.E.M.")), "JUNK_SERIAL");
}

TEST_F(DeviceImportTest, RefusesControlCharactersInASerial) {
  EXPECT_EQ(CodeOf(Row("A\x1b[2J7")), "JUNK_SERIAL");
}

TEST_F(DeviceImportTest, RefusesASerialOverItsLimit) {
  std::string longest(kSerialBytesMax, 'A');
  longest.back() = 'B';
  EXPECT_EQ(Import({Row(longest)}, "PO-8", true)[0].outcome, ImportOutcome::kCreated);
  EXPECT_EQ(CodeOf(Row(longest + "C")), "FIELD_TOO_LONG");
}

TEST_F(DeviceImportTest, RefusesANameOverItsLimit) {
  ImportRow row = Row("A-17");
  row.assigned_user = std::string(kNameBytesMax + 1, 'u');
  EXPECT_EQ(CodeOf(row), "FIELD_TOO_LONG");
}

TEST_F(DeviceImportTest, RefusesASerialTwiceInAFileWhateverItsCase) {
  EXPECT_EQ(CodeOf(Row("good-1")), "DUPLICATE_IN_FILE");
}

TEST_F(DeviceImportTest, RefusesASerialOfAnotherBatch) {
  Import({Row("A-17")}, "PO-6");
  EXPECT_EQ(CodeOf(Row("A-17")), "OTHER_BATCH");
}

TEST_F(DeviceImportTest, RefusesOtherDetailsForAKnownSerial) {
  Import({Row("A-17")});
  ImportRow row = Row("A-17");
  row.model = "Model 2";
  EXPECT_EQ(CodeOf(row), "CONFLICT");
}

TEST_F(DeviceImportTest, KeepsWhatAssignmentGoesBy) {
  ImportRow row = Row("A-17");
  row.sku = "X1-512";
  row.group_tag = "kiosks";
  row.attributes = {{"floor", "3"}};
  const Device device = Load(Import({row})[0].device);
  EXPECT_EQ(device.sku, "X1-512");
  EXPECT_EQ(device.group_tag, "kiosks");
  EXPECT_EQ(device.attributes, row.attributes);
  // A list without these columns says nothing about them; another tag is another device's.
  EXPECT_EQ(Import({Row("A-17")})[0].outcome, ImportOutcome::kUnchanged);
  row.group_tag = "desks";
  EXPECT_EQ(CodeOf(row), "CONFLICT");
}

TEST_F(DeviceImportTest, RefusesAnAttributeWithoutAName) {
  ImportRow row = Row("A-17");
  row.attributes = {{"", "3"}};
  EXPECT_EQ(CodeOf(row), "EMPTY_FIELD");
}

TEST_F(DeviceImportTest, RefusesAnEmptyFile) {
  EXPECT_THAT(import_->Import(lead_, *BatchId::Parse("PO-7"), {}, false),
              test::StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(DeviceImportTest, RefusesMoreRowsThanOneTransactionTakes) {
  const std::vector<ImportRow> rows(kImportRowsMax + 1, Row("A-17"));
  EXPECT_THAT(import_->Import(lead_, *BatchId::Parse("PO-7"), rows, true),
              test::StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::server
