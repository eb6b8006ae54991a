// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

using test::IsOk;
using test::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class BatchesConformance : public test::StoreConformance {
 protected:
  Batch Get(const std::string& id) {
    auto batch = ReadValue([&id](Tx& tx) { return tx.batches.GetBatch(*BatchId::Parse(id)); });
    EXPECT_OK(batch);
    return batch.ok() ? *std::move(batch) : Batch();
  }
  std::vector<std::string> List(std::optional<std::vector<BatchId>> visible,
                                std::optional<BatchId> after = {}, int limit = 100) {
    auto batches = ReadValue([&](Tx& tx) { return tx.batches.ListBatches(visible, after, limit); });
    EXPECT_OK(batches);
    std::vector<std::string> ids;
    if (batches.ok()) {
      for (const Batch& batch : *batches) ids.push_back(batch.id.text());
    }
    return ids;
  }
  BatchId Id(const std::string& text) { return *BatchId::Parse(text); }
  void Ensure(const std::string& id) {
    ASSERT_OK(Write([&](Tx& tx) { return tx.batches.EnsureBatch(Id(id), clock_.Now()); }));
  }
};

TEST_P(BatchesConformance, EnsureKeepsTheFirstCreateTime) {
  const WallTime created = clock_.Now();
  Ensure("PO-7");
  clock_.Turn(std::chrono::hours(1));
  Ensure("PO-7");
  const Batch batch = Get("PO-7");
  EXPECT_EQ(batch.create_time, created);
  EXPECT_THAT(batch.counts, IsEmpty());
  EXPECT_EQ(batch.silent, 0);
  EXPECT_EQ(batch.update_time, std::nullopt);
}

TEST_P(BatchesConformance, UnknownBatchIsNotFound) {
  EXPECT_THAT(ReadValue([this](Tx& tx) { return tx.batches.GetBatch(Id("PO-1")); }),
              StatusIs(StatusCode::kNotFound));
}

TEST_P(BatchesConformance, CountsFollowEveryWrite) {
  Device a = Add(NewDevice("a", "PO-7"));
  Device b = Add(NewDevice("b", "PO-7"));
  Add(NewDevice("c", "PO-8"));
  Add(NewDevice("d"));
  EXPECT_THAT(Get("PO-7").counts, ElementsAre(Pair(DeviceState::kRegistered, 2)));
  a.state = DeviceState::kSealed;
  a.state_time = Time(60);
  ASSERT_OK(Put(&a));
  b.contact = ContactState::kSilent;
  ASSERT_OK(Put(&b));
  const Batch batch = Get("PO-7");
  EXPECT_THAT(batch.counts,
              ElementsAre(Pair(DeviceState::kRegistered, 1), Pair(DeviceState::kSealed, 1)));
  EXPECT_EQ(batch.silent, 1);
  EXPECT_EQ(batch.update_time, Time(60));
  EXPECT_THAT(Get("PO-8").counts, ElementsAre(Pair(DeviceState::kRegistered, 1)));
}

TEST_P(BatchesConformance, SilenceEndsWhenContactDoes) {
  Device device = NewDevice("a", "PO-7");
  device.contact = ContactState::kSilent;
  device = Add(device);
  EXPECT_EQ(Get("PO-7").silent, 1);
  device.contact = ContactState::kConnected;
  ASSERT_OK(Put(&device));
  EXPECT_EQ(Get("PO-7").silent, 0);
}

TEST_P(BatchesConformance, RefusedAreTheFailedWhoseAttestationWasRefused) {
  Device refused = NewDevice("a", "PO-7");
  refused.state = DeviceState::kFailed;
  refused.failure.code = "EK_CHAIN_UNTRUSTED";
  Add(refused);
  Device item_failed = NewDevice("b", "PO-7");
  item_failed.state = DeviceState::kFailed;
  item_failed.enrolled = true;
  item_failed.failure = {.code = "STEP_FAILED", .item_id = "burn-in"};
  Add(item_failed);
  Device enrolled = NewDevice("c", "PO-7");
  enrolled.state = DeviceState::kFailed;
  enrolled.enrolled = true;
  enrolled.failure.code = "RUN_TIMEOUT";
  Add(enrolled);
  EXPECT_EQ(Get("PO-7").refused, 1);
  EXPECT_THAT(Get("PO-7").counts, ElementsAre(Pair(DeviceState::kFailed, 3)));
}

TEST_P(BatchesConformance, ARefusalEndsWithTheNextAttempt) {
  Device device = Add(NewDevice("a", "PO-7"));
  device.state = DeviceState::kFailed;
  device.failure.code = "EK_CHAIN_UNTRUSTED";
  ASSERT_OK(Put(&device));
  EXPECT_EQ(Get("PO-7").refused, 1);
  ASSERT_OK(Put(&device));
  EXPECT_EQ(Get("PO-7").refused, 1);
  device.state = DeviceState::kPresent;
  device.failure = {};
  ASSERT_OK(Put(&device));
  EXPECT_EQ(Get("PO-7").refused, 0);
}

TEST_P(BatchesConformance, RefusedDeviceMovedToAnotherBatchIsRefusedThere) {
  Device device = NewDevice("a", "PO-7");
  device.state = DeviceState::kFailed;
  device.failure.code = "EK_CHAIN_UNTRUSTED";
  device = Add(device);
  Ensure("PO-8");
  device.batch = Id("PO-8");
  ASSERT_OK(Put(&device));
  EXPECT_EQ(Get("PO-7").refused, 0);
  EXPECT_EQ(Get("PO-8").refused, 1);
}

TEST_P(BatchesConformance, DeviceMovedToAnotherBatchIsCountedThere) {
  Device device = NewDevice("a", "PO-7");
  device.contact = ContactState::kSilent;
  device = Add(device);
  Ensure("PO-8");
  device.batch = Id("PO-8");
  ASSERT_OK(Put(&device));
  EXPECT_THAT(Get("PO-7").counts, IsEmpty());
  EXPECT_EQ(Get("PO-7").silent, 0);
  EXPECT_THAT(Get("PO-8").counts, ElementsAre(Pair(DeviceState::kRegistered, 1)));
  EXPECT_EQ(Get("PO-8").silent, 1);
}

TEST_P(BatchesConformance, RolledBackWritesAreNotCounted) {
  Device device = Add(NewDevice("a", "PO-7"));
  EXPECT_THAT(Write([&device](Tx& tx) {
                device.state = DeviceState::kSealed;
                RETURN_IF_ERROR(tx.devices.Put(&device));
                return Aborted("changed my mind");
              }),
              StatusIs(StatusCode::kAborted));
  EXPECT_THAT(Get("PO-7").counts, ElementsAre(Pair(DeviceState::kRegistered, 1)));
}

TEST_P(BatchesConformance, ListsById) {
  for (const char* id : {"PO-9", "PO-7", "PO-8"}) Ensure(id);
  EXPECT_THAT(List(std::nullopt), ElementsAre("PO-7", "PO-8", "PO-9"));
  EXPECT_THAT(List(std::nullopt, Id("PO-7"), 1), ElementsAre("PO-8"));
}

TEST_P(BatchesConformance, ListsOnlyWhatIsVisible) {
  for (const char* id : {"PO-9", "PO-7", "PO-8"}) Ensure(id);
  const std::vector<BatchId> visible = {Id("PO-9"), Id("PO-7"), Id("PO-7"), Id("PO-0")};
  EXPECT_THAT(List(visible), ElementsAre("PO-7", "PO-9"));
  EXPECT_THAT(List(visible, Id("PO-7")), ElementsAre("PO-9"));
  EXPECT_THAT(List(visible, {}, 1), ElementsAre("PO-7"));
  EXPECT_THAT(List(std::vector<BatchId>{}), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Stores, BatchesConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
