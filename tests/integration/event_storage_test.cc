// SPDX-License-Identifier: Apache-2.0
// What storing a device's events does to its record, on a real database.
#include <gtest/gtest.h>

#include <future>

#include "server/adapters/sql/sqlite_store.h"
#include "server/service/device_sessions.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

// None of these is asked for anything here.
class NoProfiles final : public ProfileCatalog {
 public:
  StatusOr<FrozenPlan> FreezeFor(Tx&, const Device&, Flow) override { return None(); }
  StatusOr<EffectivePlan> Preview(Tx&, const Device&, Flow, std::string_view) override {
    return None();
  }
  StatusOr<std::string> DigestNow(Tx&, const Device&) override { return None(); }
  StatusOr<std::vector<std::string>> DriftLines(Tx&, const Device&, ByteView) override {
    return None();
  }
  const std::string& default_profile() const override { return name_; }
  const std::string& quarantine_profile() const override { return name_; }

 private:
  static Status None() { return NotFound("no profiles"); }
  const std::string name_ = "none";
};
class NoEvidence final : public EvidenceDecoder {
 public:
  StatusOr<DecodedEvidence> Decode(ByteView) const override { return Internal("no evidence"); }
};
class NoSigner final : public BirthSigner {
 public:
  StatusOr<std::string> Sign(std::string_view) override { return Internal("no signer"); }
};
class NoCa final : public DeviceCa {
 public:
  StatusOr<IssuedCertificate> Issue(const CertificateRequest&, const crypto::PublicKey&,
                                    WallTime) override {
    return Internal("no CA");
  }
  StatusOr<std::vector<DeviceCrl>> CurrentCrls(const std::vector<RevokedCertificate>&,
                                               WallTime) override {
    return Internal("no CA");
  }
};

// Says what became of one stretch of events.
class WaitingLink final : public DeviceLink {
 public:
  bool Tell(const DeviceAnswer&) override { return false; }
  SendResult Send(const DeviceOrder&) override { return SendResult::kLater; }
  bool SendRenewal(const RenewalMessage&) override { return false; }
  void Ack(const RunId&, uint64_t sequence) override { acked_.set_value(sequence); }
  void End(const Status& reason) override { acked_.set_value(reason); }
  StatusOr<uint64_t> Wait() { return acked_.get_future().get(); }

 private:
  std::promise<StatusOr<uint64_t>> acked_;
};

Event LineEvent(uint64_t sequence) {
  return {sequence, ToBytes("line"), LogLine{"step", "unpacking"}};
}

Event ItemEvent(uint64_t sequence) {
  ItemChanged change;
  change.item_id = *ItemId::Parse("step");
  change.state = ItemState::kInProgress;
  change.percent = 40;
  return {sequence, ToBytes("item"), change};
}

class EventStorageTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(store_, SqliteStore::Open(dir_.File("test.db"), &clock_));
    dispatcher_.emplace(*store_, clock_, live_);
    flow_.emplace(*store_, clock_, profiles_, *dispatcher_);
    seals_.emplace(*store_, clock_, decoder_, signer_, "Test");
    renewals_.emplace(*store_, clock_, decoder_, ca_);
    landing_.emplace(*store_, clock_, live_, profiles_, "Test");
    sessions_.emplace(*store_, clock_, live_, revocations_, *flow_, *dispatcher_, *landing_,
                      *seals_, *renewals_, RequestDesks{}, SessionSettings{});
    ASSERT_OK(store_->WriteAndWait([this](Tx& tx) { return AddDevice(tx); }));
  }

  Status AddDevice(Tx& tx) {
    device_.serial_number = "SN-1";
    device_.batch = *BatchId::Parse("PO-1");
    device_.state = DeviceState::kProvisioning;
    device_.state_time = device_.create_time = clock_.Now();
    device_.attempt = 1;
    RETURN_IF_ERROR(tx.batches.EnsureBatch(device_.batch, clock_.Now()));
    RETURN_IF_ERROR(tx.devices.Insert(&device_));
    server::Run run;  // testing::Test has a Run of its own
    run.run_id = RunId::Of(device_.id, 1);
    run.start_time = clock_.Now();
    run.plan = Bytes(8, 0);
    Item item;
    item.item_id = *ItemId::Parse("step");
    item.display_name = "Step";
    return tx.runs.InsertRun(run, std::vector<Item>{item});
  }

  // The sequence that was acked for `events`.
  StatusOr<uint64_t> Send(std::vector<Event> events) {
    const auto link = std::make_shared<WaitingLink>();
    sessions_->Receive(device_.id, RunId::Of(device_.id, 1), std::move(events), link);
    return link->Wait();
  }

  StatusOr<Device> Reread() {
    Device device;
    RETURN_IF_ERROR(store_->Read([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(device, tx.devices.Get(device_.id));
      return OkStatus();
    }));
    return device;
  }

  const test::TempDir dir_;
  SystemClock clock_;
  NoProfiles profiles_;
  NoEvidence decoder_;
  NoSigner signer_;
  LiveDevices live_{clock_};
  std::unique_ptr<SqliteStore> store_;
  std::optional<Dispatcher> dispatcher_;
  std::optional<TechnicianFlow> flow_;
  std::optional<LandingDesk> landing_;
  std::optional<SealOffice> seals_;
  NoCa ca_;
  std::optional<RenewalOffice> renewals_;
  RevocationMap revocations_;
  std::optional<DeviceSessions> sessions_;
  Device device_;
};

TEST_F(EventStorageTest, OutputIsStoredAndLeavesTheRecordAlone) {
  ASSERT_OK_AND_ASSIGN(const uint64_t acked, Send({LineEvent(1), LineEvent(2)}));
  EXPECT_EQ(acked, 2u);
  ASSERT_OK_AND_ASSIGN(const Device after, Reread());
  EXPECT_EQ(after.revision, device_.revision);
  EXPECT_OK(store_->Read([this](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const auto journal, tx.events.List(RunId::Of(device_.id, 1), 0, 10));
    EXPECT_EQ(journal.size(), 2u);
    return OkStatus();
  }));
}

TEST_F(EventStorageTest, AnItemAmongOutputMovesTheRecord) {
  ASSERT_OK_AND_ASSIGN(const uint64_t acked, Send({LineEvent(1), ItemEvent(2), LineEvent(3)}));
  EXPECT_EQ(acked, 3u);
  ASSERT_OK_AND_ASSIGN(const Device after, Reread());
  EXPECT_GT(after.revision, device_.revision);
  EXPECT_EQ(after.item_name, "Step");
}

TEST_F(EventStorageTest, OutputAfterAGapIsRefused) {
  EXPECT_THAT(Send({LineEvent(2)}), test::StatusIs(StatusCode::kOutOfRange, "gap"));
}

}  // namespace
}  // namespace preseal::server
