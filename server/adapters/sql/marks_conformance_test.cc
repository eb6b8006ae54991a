// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

class MarksConformance : public test::StoreConformance {
 protected:
  std::vector<DeviceMark> Marks(const DeviceId& id) {
    const auto marks = ReadValue([&id](Tx& tx) { return tx.devices.Marks(id); });
    EXPECT_OK(marks);
    return marks.ok() ? *marks : std::vector<DeviceMark>();
  }
};

TEST_P(MarksConformance, EveryChangeOfStateAndContactIsKeptInOrder) {
  Device device = Add(NewDevice("S-1"));
  const WallTime made = device.state_time;
  device.state = DeviceState::kPresent;
  device.state_time = made + std::chrono::microseconds(5);
  ASSERT_OK(Put(&device));
  device.contact = ContactState::kConnected;
  device.contact_time = made + std::chrono::microseconds(9);
  ASSERT_OK(Put(&device));
  const auto marks = Marks(device.id);
  ASSERT_EQ(marks.size(), 3u);
  EXPECT_EQ(marks[0].state, DeviceState::kRegistered);
  EXPECT_EQ(marks[0].time, made);
  EXPECT_EQ(marks[1].state, DeviceState::kPresent);
  EXPECT_EQ(marks[1].time, device.state_time);
  EXPECT_EQ(marks[2].state, DeviceState::kPresent);
  EXPECT_EQ(marks[2].contact, ContactState::kConnected);
  EXPECT_EQ(marks[2].time, *device.contact_time);
}

TEST_P(MarksConformance, AWriteThatChangesNeitherLeavesNoMark) {
  Device device = Add(NewDevice("S-1"));
  device.slot = "A-07";
  ASSERT_OK(Put(&device));
  EXPECT_EQ(Marks(device.id).size(), 1u);
}

TEST_P(MarksConformance, MarksBelongToOneDevice) {
  const Device a = Add(NewDevice("a"));
  Device b = Add(NewDevice("b"));
  b.state = DeviceState::kPresent;
  ASSERT_OK(Put(&b));
  EXPECT_EQ(Marks(a.id).size(), 1u);
  EXPECT_EQ(Marks(b.id).size(), 2u);
}

TEST_P(MarksConformance, TheNewestAreKeptOfADeviceThatFlaps) {
  Device device = Add(NewDevice("S-1"));
  ASSERT_OK(Write([&](Tx& tx) -> Status {
    for (int i = 0; i < kDeviceMarksMax + 10; ++i) {
      device.contact = i % 2 == 0 ? ContactState::kConnected : ContactState::kDisconnected;
      device.contact_time = FromMicros(1'000'000 + i);
      RETURN_IF_ERROR(tx.devices.Put(&device));
    }
    return OkStatus();
  }));
  const auto marks = Marks(device.id);
  ASSERT_EQ(marks.size(), static_cast<size_t>(kDeviceMarksMax));
  EXPECT_EQ(marks.back().time, *device.contact_time);
}

INSTANTIATE_TEST_SUITE_P(Stores, MarksConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
