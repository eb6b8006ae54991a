// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/dmi/dmi_machine.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

class DmiMachineTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("dmi/product_serial", "SN-0042\n");
    Write("dmi/sys_vendor", "Example Works\n");
    Write("dmi/product_name", "Gateway 3\n");
    Write("dmi/product_sku", "GW3-EU\n");
    Write("dmi/product_uuid", "4c4c4544-0042-4d10-8053-b4c04f4d4d31\n");
    Write("net/eth1/address", "02:00:00:00:00:02\n");
    Write("net/eth1/device/vendor", "");
    Write("net/eth0/address", "02:00:00:00:00:01\n");
    Write("net/eth0/device/vendor", "");
  }
  void Write(const std::string& name, const std::string& text) {
    const auto path = dir_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    ASSERT_OK(files::WriteAtomic(path.string(), AsBytes(text), 0600));
  }
  DmiMachine Machine() const {
    return DmiMachine({dir_.File("dmi"), dir_.File("net"), dir_.File("log")});
  }

  test::TempDir dir_;
};

TEST_F(DmiMachineTest, ReadsWhatTheFirmwareSays) {
  ASSERT_OK_AND_ASSIGN(const MachineFacts facts, Machine().ReadFacts());
  EXPECT_EQ(facts.serial_number, "SN-0042");
  EXPECT_EQ(facts.manufacturer, "Example Works");
  EXPECT_EQ(facts.model, "Gateway 3");
  EXPECT_EQ(facts.sku, "GW3-EU");
  EXPECT_EQ(facts.system_uuid, "4c4c4544-0042-4d10-8053-b4c04f4d4d31");
  EXPECT_EQ(facts.mac_addresses,
            (std::vector<std::string>{"02:00:00:00:00:01", "02:00:00:00:00:02"}));
}

TEST_F(DmiMachineTest, VirtualInterfacesAreNotTheMachine) {
  Write("net/docker0/address", "02:42:00:00:00:01\n");
  ASSERT_OK_AND_ASSIGN(const MachineFacts facts, Machine().ReadFacts());
  EXPECT_EQ(facts.mac_addresses.size(), 2u);
}

TEST_F(DmiMachineTest, MachineWithoutSmbiosReadsAsEmpty) {
  std::filesystem::remove_all(dir_.path() / "dmi");
  std::filesystem::remove_all(dir_.path() / "net");
  ASSERT_OK_AND_ASSIGN(const MachineFacts facts, Machine().ReadFacts());
  EXPECT_EQ(facts.serial_number, "");
  EXPECT_TRUE(facts.mac_addresses.empty());
}

TEST_F(DmiMachineTest, SerialKeepsItsBackslash) {
  Write("dmi/product_serial", "A\\B 7\n");
  ASSERT_OK_AND_ASSIGN(const MachineFacts facts, Machine().ReadFacts());
  EXPECT_EQ(facts.serial_number, "A\\B 7");
}

TEST_F(DmiMachineTest, BytesThatAreNoTextAreEscaped) {
  Write("dmi/product_serial", "SN\xff\x01");
  ASSERT_OK_AND_ASSIGN(const MachineFacts facts, Machine().ReadFacts());
  EXPECT_EQ(facts.serial_number, "SN\\xff\\x01");
}

TEST_F(DmiMachineTest, OverlongTextsAreCutToTheLimit) {
  Write("dmi/product_serial", std::string(1000, 'S'));
  Write("dmi/product_name", std::string(1000, '\xff'));
  ASSERT_OK_AND_ASSIGN(const MachineFacts facts, Machine().ReadFacts());
  EXPECT_EQ(facts.serial_number.size(), kSerialBytesMax);
  EXPECT_LE(facts.model.size(), kNameBytesMax);
}

TEST_F(DmiMachineTest, EventLogComesAsItIs) {
  const std::string log("\x00\x01\xff\n", 4);
  Write("log", log);
  EXPECT_THAT(Machine().ReadEventLog(), test::IsOkAndHolds(ToBytes(std::string_view(log))));
}

TEST_F(DmiMachineTest, NoEventLogIsEmpty) {
  EXPECT_THAT(Machine().ReadEventLog(), test::IsOkAndHolds(Bytes()));
}

TEST_F(DmiMachineTest, EventLogOverTheLimitIsRefused) {
  Write("log", std::string(kEventLogBytesMax + 1, 'x'));
  EXPECT_THAT(Machine().ReadEventLog(), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::agent
