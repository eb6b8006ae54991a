// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

using test::IsOk;
using test::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;

class DevicesConformance : public test::StoreConformance {
 protected:
  StatusOr<Device> Get(const DeviceId& id) {
    return ReadValue([&id](Tx& tx) { return tx.devices.Get(id); });
  }
  std::vector<std::string> Serials(const StatusOr<std::vector<Device>>& devices) {
    EXPECT_OK(devices);
    std::vector<std::string> serials;
    if (devices.ok()) {
      for (const Device& device : *devices) serials.push_back(device.serial_number);
    }
    return serials;
  }
  std::vector<std::string> List(const DeviceFilter& filter, std::optional<DeviceId> after = {},
                                int limit = 100) {
    return Serials(ReadValue([&](Tx& tx) { return tx.devices.List(filter, after, limit); }));
  }
  std::vector<std::string> ChangedSince(uint64_t cursor, const DeviceFilter& filter = {},
                                        int limit = 100) {
    return Serials(
        ReadValue([&](Tx& tx) { return tx.devices.ChangedSince(cursor, filter, limit); }));
  }
};

void FillIn(WallTime time, Device* device) {
  device->manufacturer = "Acme";
  device->model = "X1";
  device->slot = "A-07";
  device->assigned_user = "eve@example.org";
  device->profile = "kiosk";
  device->state = DeviceState::kFailed;
  device->state_time = time;
  device->failure = {"step-failed", "item-1", "exit 3", "look at the log", "3", "0"};
  device->contact = ContactState::kConnected;
  device->contact_time = time;
  device->lab = true;
  device->enrolled = true;
  device->attempt = 2;
  device->phase = Phase::kDeviceSetup;
  device->item_name = "Install agent";
  device->items_done = 3;
  device->items_total = 9;
  device->percent = 42;
  device->blocking_satisfied = true;
  device->run_start_time = time;
  device->run_end_time = time + std::chrono::seconds(1);
  device->last_command = *CommandId::Parse("C-0123456789abcdef0123456789abcdef");
  device->ek_spki_sha256 = Bytes(32, 7);
  device->certificate_sha256 = Bytes(32, 8);
  device->seal_unconfirmed = true;
  device->seal_time = time + std::chrono::seconds(2);
  device->sku = "X1-512";
  device->group_tag = "kiosks";
  device->attributes = {{"floor", "3"}, {"quote", "a \"b\" \\"}};
  device->device_name = "KIOSK-17";
  device->flow = Flow::kUser;
  device->held = true;
  device->wait = Wait{Wait::Kind::kHold, "lena", time, std::chrono::minutes(5), 2};
  device->sealed_plan_digest = "ab12";
  device->deployments = 2;
  device->allow_next = AllowNext{"lena", "new mainboard", time};
  device->signed_in_user = "eve@example.org";
}

void ExpectSameWait(const std::optional<Wait>& got, const std::optional<Wait>& wanted) {
  ASSERT_EQ(got.has_value(), wanted.has_value());
  if (!got) return;
  EXPECT_EQ(got->kind, wanted->kind);
  EXPECT_EQ(got->owner, wanted->owner);
  EXPECT_EQ(got->start_time, wanted->start_time);
  EXPECT_EQ(got->limit, wanted->limit);
  EXPECT_EQ(got->place, wanted->place);
}

void ExpectSameFlowFacts(const Device& got, const Device& wanted) {
  EXPECT_EQ(got.sku, wanted.sku);
  EXPECT_EQ(got.group_tag, wanted.group_tag);
  EXPECT_EQ(got.attributes, wanted.attributes);
  EXPECT_EQ(got.device_name, wanted.device_name);
  EXPECT_EQ(got.flow, wanted.flow);
  EXPECT_EQ(got.held, wanted.held);
  ExpectSameWait(got.wait, wanted.wait);
  EXPECT_EQ(got.sealed_plan_digest, wanted.sealed_plan_digest);
  EXPECT_EQ(got.deployments, wanted.deployments);
  EXPECT_EQ(got.signed_in_user, wanted.signed_in_user);
  ASSERT_EQ(got.allow_next.has_value(), wanted.allow_next.has_value());
  if (!got.allow_next) return;
  EXPECT_EQ(got.allow_next->actor, wanted.allow_next->actor);
  EXPECT_EQ(got.allow_next->reason, wanted.allow_next->reason);
  EXPECT_EQ(got.allow_next->expire_time, wanted.allow_next->expire_time);
}

void ExpectSame(const Device& got, const Device& wanted) {
  EXPECT_EQ(got.id, wanted.id);
  EXPECT_EQ(got.serial_number, wanted.serial_number);
  EXPECT_EQ(got.manufacturer, wanted.manufacturer);
  EXPECT_EQ(got.model, wanted.model);
  EXPECT_EQ(got.batch, wanted.batch);
  EXPECT_EQ(got.slot, wanted.slot);
  EXPECT_EQ(got.assigned_user, wanted.assigned_user);
  EXPECT_EQ(got.profile, wanted.profile);
  EXPECT_EQ(got.state, wanted.state);
  EXPECT_EQ(got.state_time, wanted.state_time);
  EXPECT_EQ(got.create_time, wanted.create_time);
  EXPECT_EQ(got.failure.code, wanted.failure.code);
  EXPECT_EQ(got.failure.item_id, wanted.failure.item_id);
  EXPECT_EQ(got.failure.message, wanted.failure.message);
  EXPECT_EQ(got.failure.remedy, wanted.failure.remedy);
  EXPECT_EQ(got.failure.seen, wanted.failure.seen);
  EXPECT_EQ(got.failure.expected, wanted.failure.expected);
  EXPECT_EQ(got.contact, wanted.contact);
  EXPECT_EQ(got.contact_time, wanted.contact_time);
  EXPECT_EQ(got.lab, wanted.lab);
  EXPECT_EQ(got.enrolled, wanted.enrolled);
  EXPECT_EQ(got.attempt, wanted.attempt);
  EXPECT_EQ(got.phase, wanted.phase);
  EXPECT_EQ(got.item_name, wanted.item_name);
  EXPECT_EQ(got.items_done, wanted.items_done);
  EXPECT_EQ(got.items_total, wanted.items_total);
  EXPECT_EQ(got.percent, wanted.percent);
  EXPECT_EQ(got.blocking_satisfied, wanted.blocking_satisfied);
  EXPECT_EQ(got.run_start_time, wanted.run_start_time);
  EXPECT_EQ(got.run_end_time, wanted.run_end_time);
  EXPECT_EQ(got.last_command, wanted.last_command);
  EXPECT_EQ(got.ek_spki_sha256, wanted.ek_spki_sha256);
  EXPECT_EQ(got.certificate_sha256, wanted.certificate_sha256);
  EXPECT_EQ(got.seal_unconfirmed, wanted.seal_unconfirmed);
  EXPECT_EQ(got.seal_time, wanted.seal_time);
  EXPECT_EQ(got.revision, wanted.revision);
  ExpectSameFlowFacts(got, wanted);
}

TEST_P(DevicesConformance, InsertedRecordIsReadBackWhole) {
  Device plain = NewDevice("S-1");
  Device full = NewDevice("S-2", "PO-7");
  FillIn(Time(5), &full);
  plain = Add(plain);
  full = Add(full);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const Device got_plain, Get(plain.id));
  ASSERT_OK_AND_ASSIGN(const Device got_full, Get(full.id));
  ExpectSame(got_plain, plain);
  ExpectSame(got_full, full);
}

TEST_P(DevicesConformance, PutRecordIsReadBackWhole) {
  Device device = Add(NewDevice("S-1"));
  ASSERT_OK(Write(
      [this](Tx& tx) { return tx.batches.EnsureBatch(*BatchId::Parse("PO-7"), clock_.Now()); }));
  device.serial_number = "S-1b";
  device.batch = *BatchId::Parse("PO-7");
  FillIn(Time(5), &device);
  ASSERT_OK(Put(&device));
  ASSERT_OK_AND_ASSIGN(const Device filled, Get(device.id));
  ExpectSame(filled, device);

  Device emptied = NewDevice("S-1");
  emptied.id = device.id;
  emptied.revision = device.revision;
  ASSERT_OK(Put(&emptied));
  ASSERT_OK_AND_ASSIGN(const Device got, Get(device.id));
  ExpectSame(got, emptied);
}

TEST_P(DevicesConformance, IdsStartAt1001AndAreNotGivenTwice) {
  EXPECT_EQ(Add(NewDevice("S-1")).id.text(), "D-1001");
  EXPECT_EQ(Add(NewDevice("S-2")).id.text(), "D-1002");
  Reopen();
  EXPECT_EQ(Add(NewDevice("S-3")).id.text(), "D-1003");
}

TEST_P(DevicesConformance, SerialNumbersAreUniqueWithoutRegardToCase) {
  Add(NewDevice("abC-1"));
  Device other = NewDevice("ABc-1");
  EXPECT_THAT(Write([&other](Tx& tx) { return tx.devices.Insert(&other); }),
              StatusIs(StatusCode::kAlreadyExists));
  EXPECT_TRUE(other.id.empty());
  Device second = Add(NewDevice("S-2"));
  second.serial_number = "aBC-1";
  EXPECT_THAT(Put(&second), StatusIs(StatusCode::kAlreadyExists));
}

TEST_P(DevicesConformance, RefusedInsertDoesNotSpoilItsJob) {
  Add(NewDevice("S-1"));
  ASSERT_OK(Write([this](Tx& tx) {
    Device taken = NewDevice("s-1");
    EXPECT_THAT(tx.devices.Insert(&taken), StatusIs(StatusCode::kAlreadyExists));
    Device fresh = NewDevice("S-2");
    return tx.devices.Insert(&fresh);
  }));
  EXPECT_THAT(List({}), ElementsAre("S-1", "S-2"));
}

TEST_P(DevicesConformance, OneTpmIsOneDevice) {
  Device first = NewDevice("S-1");
  first.ek_spki_sha256 = Bytes(32, 1);
  first = Add(first);
  Device second = Add(NewDevice("S-2"));
  second.ek_spki_sha256 = Bytes(32, 1);
  EXPECT_THAT(Put(&second), StatusIs(StatusCode::kAlreadyExists));
}

TEST_P(DevicesConformance, FindsBySerialAndByEk) {
  Device device = NewDevice("Abc");
  device.ek_spki_sha256 = Bytes(32, 1);
  device = Add(device);
  const auto by_serial = ReadValue([](Tx& tx) { return tx.devices.FindBySerial("aBC"); });
  ASSERT_OK(by_serial);
  EXPECT_EQ(by_serial->id, device.id);
  const auto by_ek = ReadValue([](Tx& tx) { return tx.devices.FindByEk(Bytes(32, 1)); });
  ASSERT_OK(by_ek);
  EXPECT_EQ(by_ek->id, device.id);
  EXPECT_THAT(ReadValue([](Tx& tx) { return tx.devices.FindBySerial("Ab"); }),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(ReadValue([](Tx& tx) { return tx.devices.FindByEk(Bytes(32, 2)); }),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Get(DeviceId::FromNumber(999)), StatusIs(StatusCode::kNotFound));
}

TEST_P(DevicesConformance, PutOfAnUnknownDeviceIsOurBug) {
  Device stranger = NewDevice("S-1");
  stranger.id = DeviceId::FromNumber(4711);
  EXPECT_THAT(Put(&stranger), StatusIs(StatusCode::kInternal));
  EXPECT_EQ(stranger.revision, 0u);
}

TEST_P(DevicesConformance, RevisionsGrowOverAllDevicesAndWrites) {
  Device a = Add(NewDevice("S-1"));
  Device b = Add(NewDevice("S-2"));
  EXPECT_LT(a.revision, b.revision);
  ASSERT_OK(Put(&a));
  EXPECT_LT(b.revision, a.revision);
  Reopen();
  const uint64_t before = a.revision;
  ASSERT_OK(Put(&b));
  EXPECT_LT(before, b.revision);
}

TEST_P(DevicesConformance, ListsByIdInPages) {
  std::vector<DeviceId> ids;
  for (int i = 1; i <= 5; ++i) ids.push_back(Add(NewDevice("S-" + std::to_string(i))).id);
  EXPECT_THAT(List({}, {}, 2), ElementsAre("S-1", "S-2"));
  EXPECT_THAT(List({}, ids[1], 2), ElementsAre("S-3", "S-4"));
  EXPECT_THAT(List({}, ids[4], 2), IsEmpty());
  EXPECT_THAT(List({}, {}, 0), IsEmpty());
}

TEST_P(DevicesConformance, ListsByBatchAndStateInPagesAcrossStates) {
  std::vector<Device> devices;
  for (int i = 1; i <= 6; ++i) {
    Device device = NewDevice("S-" + std::to_string(i), i == 6 ? "PO-8" : "PO-7");
    device.state = i % 2 == 0 ? DeviceState::kSealed : DeviceState::kPresent;
    devices.push_back(Add(device));
  }
  Add(NewDevice("S-none"));
  const BatchId batch = *BatchId::Parse("PO-7");
  EXPECT_THAT(List({.batch = batch}, {}, 3), ElementsAre("S-1", "S-2", "S-3"));
  EXPECT_THAT(List({.batch = batch}, devices[2].id, 3), ElementsAre("S-4", "S-5"));
  EXPECT_THAT(List({.states = {DeviceState::kSealed}}), ElementsAre("S-2", "S-4", "S-6"));
  EXPECT_THAT(List({.states = {DeviceState::kPresent, DeviceState::kSealed}}, devices[1].id, 2),
              ElementsAre("S-3", "S-4"));
  EXPECT_THAT(List({.batch = batch, .states = {DeviceState::kSealed}}), ElementsAre("S-2", "S-4"));
  EXPECT_THAT(List({.states = {DeviceState::kRetired}}), IsEmpty());
}

TEST_P(DevicesConformance, QueryIsPartOfSerialIdOrSlotWithoutRegardToCase) {
  Device slotted = NewDevice("first");
  slotted.slot = "Rack-9";
  Add(slotted);
  Add(NewDevice("SECOND_100%"));
  EXPECT_THAT(List({.query = "COND"}), ElementsAre("SECOND_100%"));
  EXPECT_THAT(List({.query = "rack-9"}), ElementsAre("first"));
  EXPECT_THAT(List({.query = "d-1001"}), ElementsAre("first"));
  EXPECT_THAT(List({.query = "1002"}), ElementsAre("SECOND_100%"));
  // What SQL would take for wildcards is ordinary text.
  EXPECT_THAT(List({.query = "_100%"}), ElementsAre("SECOND_100%"));
  EXPECT_THAT(List({.query = "%first"}), IsEmpty());
  EXPECT_THAT(List({.states = {DeviceState::kRegistered}, .query = "rack"}), ElementsAre("first"));
}

TEST_P(DevicesConformance, ChangedSinceFollowsTheOrderOfWrites) {
  Device a = Add(NewDevice("a", "PO-7"));
  Device b = Add(NewDevice("b"));
  Device c = Add(NewDevice("c", "PO-7"));
  EXPECT_THAT(ChangedSince(0), ElementsAre("a", "b", "c"));
  const uint64_t cursor = c.revision;
  EXPECT_THAT(ChangedSince(cursor), IsEmpty());
  b.state = DeviceState::kPresent;
  ASSERT_OK(Put(&b));
  ASSERT_OK(Put(&a));
  EXPECT_THAT(ChangedSince(cursor), ElementsAre("b", "a"));
  EXPECT_THAT(ChangedSince(cursor, {}, 1), ElementsAre("b"));
  EXPECT_THAT(ChangedSince(cursor, {.states = {DeviceState::kPresent}}), ElementsAre("b"));
  EXPECT_THAT(ChangedSince(0, {.batch = BatchId(*BatchId::Parse("PO-7"))}), ElementsAre("c", "a"));
  EXPECT_THAT(ChangedSince(0, {.query = "B"}), ElementsAre("b"));
}

TEST_P(DevicesConformance, WithContactFindsExactlyThese) {
  Device a = Add(NewDevice("a"));
  Device b = Add(NewDevice("b"));
  b.contact = ContactState::kSilent;
  ASSERT_OK(Put(&b));
  const auto silent =
      ReadValue([](Tx& tx) { return tx.devices.WithContact(ContactState::kSilent, {}); });
  EXPECT_THAT(Serials(silent), ElementsAre("b"));
  const auto never =
      ReadValue([](Tx& tx) { return tx.devices.WithContact(ContactState::kNever, {}); });
  EXPECT_THAT(Serials(never), ElementsAre("a"));
}

TEST_P(DevicesConformance, WithContactFindsThoseStatesOnly) {
  for (const char* serial : {"a", "b", "c"}) {
    Device device = Add(NewDevice(serial));
    device.contact = ContactState::kDisconnected;
    if (serial[0] == 'b') device.state = DeviceState::kPresent;
    if (serial[0] == 'c') device.state = DeviceState::kSealed;
    ASSERT_OK(Put(&device));
  }
  const auto found = ReadValue([](Tx& tx) {
    return tx.devices.WithContact(ContactState::kDisconnected,
                                  {DeviceState::kPresent, DeviceState::kFailed});
  });
  EXPECT_THAT(Serials(found), ElementsAre("b"));
}

INSTANTIATE_TEST_SUITE_P(Stores, DevicesConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
