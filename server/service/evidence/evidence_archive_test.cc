// SPDX-License-Identifier: Apache-2.0
// The evidence chain on a real database, which somebody then edits behind the server's back.
#include "server/service/evidence/evidence_archive.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/crypto/issue.h"
#include "common/sql/connection.h"
#include "server/adapters/sql/sqlite_store.h"
#include "server/domain/evidence/evidence_chain.h"
#include "server/domain/trust/policy_text.h"
#include "server/service/evidence/evidence_office.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

using std::chrono_literals::operator""h;

class TestSigner final : public EvidenceSigner {
 public:
  TestSigner() : key_(crypto::PrivateKey::GenerateP256().value()) {
    const WallTime now = std::chrono::system_clock::now();
    const crypto::Validity life{now - 1h, now + 1h};
    const auto ca_key = crypto::PrivateKey::GenerateP256().value();
    roots_ = {crypto::IssueCa("Plant", "Seal CA", life, ca_key).value()};
    chain_ = {crypto::IssueSealSigner("Plant", "Seal", life, key_.public_key(), {roots_[0], ca_key})
                  .value()};
  }
  StatusOr<std::string> SignEvidence(std::string_view payload) const override {
    return crypto::SignCompact(kEvidenceRecordType, payload, key_, chain_, kEvidenceRecordBytesMax);
  }
  std::vector<crypto::Certificate> EvidenceRoots() const override { return roots_; }

 private:
  const crypto::PrivateKey key_;
  std::vector<crypto::Certificate> roots_;
  std::vector<crypto::Certificate> chain_;
};

// Never asked: nothing here is judged again.
class NoMessages final : public RecordReader {
 public:
  StatusOr<RecordedMessages> Read(ByteView, ByteView, ByteView) const override {
    return Internal("no messages");
  }
};

class EvidenceArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    Open();
    for (const char* serial : {"S-1", "S-2"}) {
      ASSERT_OK(store_->WriteAndWait([&](Tx& tx) -> Status {
        Device device;
        device.serial_number = serial;
        device.create_time = device.state_time = clock_.Now();
        RETURN_IF_ERROR(tx.devices.Insert(&device));
        devices_.push_back(device.id);
        return OkStatus();
      }));
    }
  }
  void Open() {
    store_.reset();
    auto store = SqliteStore::Open(dir_.File("test.db"), &clock_);
    ASSERT_OK(store.status());
    store_ = *std::move(store);
  }
  void Record(int device, bool accepted) {
    EvidenceDraft draft;
    draft.device = devices_[static_cast<size_t>(device)].text();
    draft.outcome = accepted ? AttestationOutcome::kAccepted : AttestationOutcome::kRefused;
    ASSERT_OK(
        store_->WriteAndWait([&](Tx& tx) { return office_.Record(tx, draft, clock_.Now()); }));
  }
  // As an attacker with the file does it: the triggers are no obstacle.
  template <size_t n>
  void Edit(const sql::Sql (&statements)[n]) {
    store_->Close();
    store_.reset();
    {
      ASSERT_OK_AND_ASSIGN(
          const auto connection,
          sql::Connection::Open(dir_.File("test.db"), sql::Connection::Mode::kReadWrite));
      for (const sql::Sql& statement : statements) {
        ASSERT_OK(connection->Execute(statement, {}).status());
      }
    }
    Open();
  }
  EvidenceAudit Audit() {
    auto audit = EvidenceArchive(*store_, signer_, reader_).Audit();
    EXPECT_OK(audit.status());
    return audit.ok() ? *std::move(audit) : EvidenceAudit{};
  }

  test::TempDir dir_;
  SystemClock clock_;
  std::unique_ptr<SqliteStore> store_;
  const TestSigner signer_;
  const NoMessages reader_;
  const EvidenceOffice office_{signer_, {PolicyText, ParsePolicyText}, "Plant"};
  std::vector<DeviceId> devices_;
};

TEST_F(EvidenceArchiveTest, UntouchedChainHolds) {
  for (int i = 0; i < 5; ++i) Record(i % 2, true);
  const EvidenceAudit audit = Audit();
  EXPECT_EQ(audit.code, RefusalCode::kNone) << audit.seen;
  EXPECT_EQ(audit.links, 5u);
  EXPECT_EQ(audit.records, 5u);
}

TEST_F(EvidenceArchiveTest, OldTextsGoButTheirLinksAndTheAcceptanceStay) {
  Record(0, true);
  for (int i = 0; i < kAttestationsKeptMax + 3; ++i) Record(0, false);
  const EvidenceAudit audit = Audit();
  EXPECT_EQ(audit.code, RefusalCode::kNone) << audit.seen;
  EXPECT_EQ(audit.links, static_cast<uint64_t>(kAttestationsKeptMax) + 4);
  EXPECT_EQ(audit.records, static_cast<uint64_t>(kAttestationsKeptMax) + 1);
  EvidenceArchive archive(*store_, signer_, reader_);
  uint64_t sequence = 1;
  ASSERT_OK_AND_ASSIGN(const auto line, archive.NextLine(std::nullopt, &sequence));
  ASSERT_TRUE(line.has_value());
  EXPECT_OK(DecodeLink(*line).status());
  sequence = 0;
  ASSERT_OK_AND_ASSIGN(const auto first, archive.NextLine(devices_[0], &sequence));
  EXPECT_EQ(sequence, 1u);
  EXPECT_TRUE(first.has_value());
}

TEST_F(EvidenceArchiveTest, EditedTextIsTampered) {
  for (int i = 0; i < 3; ++i) Record(0, true);
  constexpr sql::Sql kEdits[] = {
      sql::Sql("UPDATE evidence_records SET jws = replace(jws, substr(jws, 900, 4), 'AAAA')"
               " WHERE sequence = 2")};
  Edit(kEdits);
  const EvidenceAudit audit = Audit();
  EXPECT_NE(audit.code, RefusalCode::kNone);
  EXPECT_EQ(audit.sequence, 2u);
}

TEST_F(EvidenceArchiveTest, SwappedTextIsTampered) {
  for (int i = 0; i < 3; ++i) Record(0, true);
  constexpr sql::Sql kEdits[] = {sql::Sql(
      "UPDATE evidence_records SET jws = (SELECT jws FROM evidence_records WHERE sequence = 1)"
      " WHERE sequence = 2")};
  Edit(kEdits);
  const EvidenceAudit audit = Audit();
  EXPECT_EQ(NameOf(audit.code), "EVIDENCE_TAMPERED");
  EXPECT_EQ(audit.sequence, 2u);
}

TEST_F(EvidenceArchiveTest, EditedLinkIsTampered) {
  for (int i = 0; i < 3; ++i) Record(0, true);
  constexpr sql::Sql kEdits[] = {
      sql::Sql("DROP TRIGGER evidence_chain_no_update"),
      sql::Sql("UPDATE evidence_chain SET previous_sha256 = zeroblob(32) WHERE sequence = 3")};
  Edit(kEdits);
  const EvidenceAudit audit = Audit();
  EXPECT_EQ(NameOf(audit.code), "EVIDENCE_TAMPERED");
  EXPECT_EQ(audit.sequence, 3u);
}

TEST_F(EvidenceArchiveTest, RemovedRecordIsTampered) {
  for (int i = 0; i < 3; ++i) Record(0, true);
  constexpr sql::Sql kEdits[] = {sql::Sql("DROP TRIGGER evidence_chain_no_delete"),
                                 sql::Sql("DELETE FROM evidence_records WHERE sequence = 2"),
                                 sql::Sql("DELETE FROM evidence_chain WHERE sequence = 2")};
  Edit(kEdits);
  const EvidenceAudit audit = Audit();
  EXPECT_EQ(NameOf(audit.code), "EVIDENCE_TAMPERED");
  EXPECT_EQ(audit.sequence, 3u);
}

}  // namespace
}  // namespace preseal::server
