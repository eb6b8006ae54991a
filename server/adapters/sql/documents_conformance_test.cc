// SPDX-License-Identifier: Apache-2.0
// Documents with their versions, and names that belong to one device.
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

using test::StatusIs;
using testing::ElementsAre;

StoredDocument Group(const std::string& id, uint32_t version, const std::string& text) {
  return {.kind = DocumentKind::kGroup,
          .id = id,
          .version = version,
          .text = text,
          .files = {{"a file.deb", Bytes(32, 0x11), 7}, {"b", Bytes(32, 0x22), 1}},
          .digest = Bytes(32, static_cast<uint8_t>(version)),
          .actor = "ana",
          .create_time = FromMicros(1'000),
          .update_time = FromMicros(1'000 + version)};
}

class DocumentsConformance : public test::StoreConformance {
 protected:
  void Put(const StoredDocument& document) {
    ASSERT_OK(Write([&](Tx& tx) { return tx.documents.PutDocument(document); }));
  }
  std::vector<std::string> Ids() {
    auto found = ReadValue([](Tx& tx) { return tx.documents.Documents(false); });
    EXPECT_OK(found);
    std::vector<std::string> ids;
    if (found.ok()) {
      for (const auto& one : *found) ids.push_back(one.id + "@" + std::to_string(one.version));
    }
    return ids;
  }
};

TEST_P(DocumentsConformance, KeepsWhatWasPut) {
  Put(Group("sales", 1, "rule: a\n"));
  ASSERT_OK_AND_ASSIGN(const StoredDocument got, ReadValue([](Tx& tx) {
                         return tx.documents.GetDocument(DocumentKind::kGroup, "sales", 0);
                       }));
  const StoredDocument put = Group("sales", 1, "rule: a\n");
  EXPECT_EQ(got.text, put.text);
  EXPECT_EQ(got.files, put.files);
  EXPECT_EQ(got.digest, put.digest);
  EXPECT_EQ(got.actor, "ana");
  EXPECT_EQ(got.update_time, put.update_time);
}

TEST_P(DocumentsConformance, ListsTheNewestAndNoDeletedOnes) {
  Put(Group("sales", 1, "one"));
  Put(Group("sales", 2, "two"));
  StoredDocument gone = Group("kiosk", 1, "x");
  Put(gone);
  gone.version = 2;
  gone.deleted = true;
  Put(gone);
  EXPECT_THAT(Ids(), ElementsAre("sales@2"));
  ASSERT_OK_AND_ASSIGN(const StoredDocument old, ReadValue([](Tx& tx) {
                         return tx.documents.GetDocument(DocumentKind::kGroup, "sales", 1);
                       }));
  EXPECT_EQ(old.text, "one");
  EXPECT_THAT(
      ReadValue([](Tx& tx) { return tx.documents.GetDocument(DocumentKind::kGroup, "sales", 3); }),
      StatusIs(StatusCode::kNotFound, "no version 3"));
}

TEST_P(DocumentsConformance, RefusesAVersionTwice) {
  Put(Group("sales", 1, "one"));
  EXPECT_THAT(Write([](Tx& tx) { return tx.documents.PutDocument(Group("sales", 1, "other")); }),
              StatusIs(StatusCode::kAlreadyExists, "sales"));
}

TEST_P(DocumentsConformance, ForgetsTheOldestVersions) {
  const auto last = static_cast<uint32_t>(kDocumentVersionsKept + 2);
  ASSERT_OK(Write([&](Tx& tx) -> Status {
    for (uint32_t v = 1; v <= last; ++v)
      RETURN_IF_ERROR(tx.documents.PutDocument(Group("g", v, "")));
    return OkStatus();
  }));
  ASSERT_OK_AND_ASSIGN(const auto versions, ReadValue([](Tx& tx) {
                         return tx.documents.Versions(DocumentKind::kGroup, "g");
                       }));
  ASSERT_EQ(versions.size(), kDocumentVersionsKept);
  EXPECT_EQ(versions.front().version, last);
  EXPECT_EQ(versions.back().version, 3u);
}

class NamesConformance : public test::StoreConformance {
 protected:
  DeviceId Insert(const std::string& serial) { return Add(NewDevice(serial)).id; }
  Status Reserve(const DeviceId& device, const std::string& name) {
    return Write([&](Tx& tx) {
      return tx.names.ReserveName({name, device, "PC-%SEQ%", clock_.Now()});
    });
  }
};

TEST_P(NamesConformance, AnotherDeviceCannotTakeANameWhateverItsCase) {
  const DeviceId one = Insert("SN-1");
  const DeviceId two = Insert("SN-2");
  ASSERT_OK(Reserve(one, "PC-1"));
  EXPECT_THAT(Reserve(two, "pc-1"), StatusIs(StatusCode::kAlreadyExists, one.text()));
  EXPECT_OK(Reserve(one, "pc-1"));
}

TEST_P(NamesConformance, ANewNameFreesTheOldOne) {
  const DeviceId one = Insert("SN-1");
  const DeviceId two = Insert("SN-2");
  ASSERT_OK(Reserve(one, "PC-1"));
  ASSERT_OK(Reserve(one, "PC-2"));
  EXPECT_OK(Reserve(two, "PC-1"));
  ASSERT_OK_AND_ASSIGN(const NameReservation held,
                       ReadValue([&](Tx& tx) { return tx.names.NameOfDevice(one); }));
  EXPECT_EQ(held.name, "PC-2");
  EXPECT_EQ(held.name_template, "PC-%SEQ%");
}

TEST_P(NamesConformance, GivesEachNumberOfASequenceOnce) {
  std::vector<uint64_t> numbers;
  for (const char* name_template : {"A%SEQ%", "A%SEQ%", "B%SEQ%"}) {
    ASSERT_OK(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(const uint64_t next, tx.names.NextInSequence(name_template));
      numbers.push_back(next);
      return OkStatus();
    }));
  }
  EXPECT_THAT(numbers, ElementsAre(1, 2, 1));
  EXPECT_THAT(ReadValue([](Tx& tx) { return tx.names.PeekSequence("A%SEQ%"); }),
              test::IsOkAndHolds(3));
}

INSTANTIATE_TEST_SUITE_P(Stores, DocumentsConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);
INSTANTIATE_TEST_SUITE_P(Stores, NamesConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
