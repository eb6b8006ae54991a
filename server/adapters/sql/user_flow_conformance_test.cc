// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

using test::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;

class UserFlowConformance : public test::StoreConformance {
 protected:
  UserCode NewCode(const Device& device, const std::string& username) {
    return {.device_id = device.id,
            .username = username,
            .code_sha256 = Bytes(32, 7),
            .create_time = Time(0),
            .expire_time = Time(60),
            .attempts_left = 5};
  }
  Status PutCode(const UserCode& code) {
    return Write([&](Tx& tx) { return tx.user_flow.PutUserCode(code); });
  }
  StatusOr<UserCode> GetCode(const Device& device) {
    return ReadValue([&](Tx& tx) { return tx.user_flow.GetUserCode(device.id); });
  }
  std::vector<RunId> Due(int limit = 10) {
    return ReadValue([&](Tx& tx) { return tx.user_flow.ServiceRecordsDue(limit); }).value();
  }
  Device AddInService(const std::string& serial, uint32_t attempt) {
    Device device = Add(NewDevice(serial));
    device.state = DeviceState::kInService;
    device.attempt = attempt;
    EXPECT_OK(Put(&device));
    return device;
  }
};

TEST_P(UserFlowConformance, KeepsTheNewestCodeOfADeviceAcrossARestart) {
  const Device device = Add(NewDevice("S-1"));
  ASSERT_OK(PutCode(NewCode(device, "ada")));
  UserCode newer = NewCode(device, "bob");
  newer.code_sha256 = Bytes(32, 8);
  newer.attempts_left = 2;
  newer.used = true;
  ASSERT_OK(PutCode(newer));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const UserCode found, GetCode(device));
  EXPECT_EQ(found.username, "bob");
  EXPECT_EQ(found.code_sha256, newer.code_sha256);
  EXPECT_EQ(found.create_time, newer.create_time);
  EXPECT_EQ(found.expire_time, newer.expire_time);
  EXPECT_EQ(found.attempts_left, 2U);
  EXPECT_TRUE(found.used);
}

TEST_P(UserFlowConformance, ACodeBelongsToOneDevice) {
  const Device one = Add(NewDevice("S-1"));
  const Device two = Add(NewDevice("S-2"));
  ASSERT_OK(PutCode(NewCode(one, "ada")));
  EXPECT_THAT(GetCode(two), StatusIs(StatusCode::kNotFound));
}

TEST_P(UserFlowConformance, AServiceRecordIsDueWhenADeviceComesIntoService) {
  const Device device = AddInService("S-1", 2);
  EXPECT_THAT(Due(), ElementsAre(RunId::Of(device.id, 2)));
}

TEST_P(UserFlowConformance, ADeviceThatStaysInServiceOwesNoSecondRecord) {
  Device device = AddInService("S-1", 2);
  ASSERT_OK(Write([&](Tx& tx) {
    return tx.user_flow.PutServiceRecord(RunId::Of(device.id, 2), "a.b.c", Time(1));
  }));
  device.slot = "A-07";
  ASSERT_OK(Put(&device));
  EXPECT_THAT(Due(), IsEmpty());
}

TEST_P(UserFlowConformance, NoOtherStateOwesARecord) {
  Device device = Add(NewDevice("S-1"));
  device.attempt = 1;
  for (const DeviceState state : kAllDeviceStates) {
    if (state == DeviceState::kInService) continue;
    device.state = state;
    ASSERT_OK(Put(&device));
  }
  EXPECT_THAT(Due(), IsEmpty());
}

TEST_P(UserFlowConformance, TheNewestServiceRecordIsTheOneThatCounts) {
  const Device device = AddInService("S-1", 2);
  EXPECT_THAT(ReadValue([&](Tx& tx) { return tx.user_flow.ServiceRecord(device.id); }),
              StatusIs(StatusCode::kNotFound));
  for (const std::string jws : {"a.a.a", "b.b.b"}) {
    ASSERT_OK(Write([&](Tx& tx) {
      return tx.user_flow.PutServiceRecord(RunId::Of(device.id, 2), jws, Time(1));
    }));
  }
  Reopen();
  ASSERT_OK_AND_ASSIGN(const std::string found,
                       ReadValue([&](Tx& tx) { return tx.user_flow.ServiceRecord(device.id); }));
  EXPECT_EQ(found, "b.b.b");
}

TEST_P(UserFlowConformance, ListsNoMoreDueRecordsThanAsked) {
  const Device one = AddInService("S-1", 1);
  AddInService("S-2", 1);
  EXPECT_THAT(Due(1), ElementsAre(RunId::Of(one.id, 1)));
}

INSTANTIATE_TEST_SUITE_P(Stores, UserFlowConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
