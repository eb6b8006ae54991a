// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "common/crypto/digest.h"
#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

// testing::Test has a private member named Run.
using RunRecord = Run;
using test::IsOk;
using test::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;

class RunsConformance : public test::StoreConformance {
 protected:
  void SetUp() override {
    StoreConformance::SetUp();
    device_ = Add(NewDevice("S-1")).id;
  }

  RunRecord NewRun(uint32_t attempt) {
    RunRecord run;
    run.run_id = RunId::Of(device_, attempt);
    run.start_time = Time(1);
    run.profile = "kiosk";
    run.profile_digest = "ab12";
    run.plan = Bytes(100'000, 5);
    return run;
  }
  Item NewItem(const std::string& id) {
    Item item;
    item.item_id = *ItemId::Parse(id);
    item.display_name = "Item " + id;
    return item;
  }
  Status InsertRun(const RunRecord& run, const std::vector<Item>& items = {}) {
    return Write([&](Tx& tx) { return tx.runs.InsertRun(run, items); });
  }
  std::vector<Item> Items(uint32_t attempt) {
    auto items = ReadValue([&](Tx& tx) { return tx.runs.Items(device_, attempt); });
    EXPECT_OK(items);
    return items.ok() ? *std::move(items) : std::vector<Item>();
  }
  static Event NewEvent(uint64_t sequence, const std::string& text) {
    return Event{sequence, ToBytes("content of " + text), LogLine{"item-1", text}};
  }
  Status Append(const std::vector<Event>& events) {
    return Write(
        [&](Tx& tx) { return tx.events.Append(RunId::Of(device_, 1), events, clock_.Now()); });
  }
  std::vector<uint64_t> Sequences(uint64_t after = 0, int limit = 100) {
    auto rows =
        ReadValue([&](Tx& tx) { return tx.events.List(RunId::Of(device_, 1), after, limit); });
    EXPECT_OK(rows);
    std::vector<uint64_t> sequences;
    if (rows.ok()) {
      for (const JournalRow& row : *rows) sequences.push_back(row.sequence);
    }
    return sequences;
  }

  DeviceId device_;
};

TEST_P(RunsConformance, RunIsReadBackWithItsPlan) {
  RunRecord run = NewRun(1);
  run.outcome = RunOutcome::kSucceeded;
  run.end_time = Time(9);
  run.event_count = 12;
  run.flow = Flow::kUser;
  run.profile_version = 4;
  run.timed_out = run.continued = run.held = true;
  run.device_run_time = std::chrono::milliseconds(1234);
  run.limit = std::chrono::minutes(60);
  run.wait = Wait{Wait::Kind::kReboot, "device", Time(2), std::chrono::minutes(20), 0};
  run.esp = {.allow_reset = true,
             .allow_use_on_error = true,
             .block_use = false,
             .block_retry = true,
             .allow_log_collection = false,
             .show_progress = false,
             .error_message = "call 100"};
  ASSERT_OK(InsertRun(run));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const RunRecord got,
                       ReadValue([&](Tx& tx) { return tx.runs.GetRun(run.run_id); }));
  EXPECT_EQ(got.run_id, run.run_id);
  EXPECT_EQ(got.outcome, run.outcome);
  EXPECT_EQ(got.start_time, run.start_time);
  EXPECT_EQ(got.end_time, run.end_time);
  EXPECT_EQ(got.profile, run.profile);
  EXPECT_EQ(got.profile_digest, run.profile_digest);
  EXPECT_EQ(got.event_count, run.event_count);
  EXPECT_EQ(got.plan, run.plan);
  EXPECT_EQ(got.flow, run.flow);
  EXPECT_EQ(got.profile_version, 4u);
  EXPECT_TRUE(got.timed_out && got.continued && got.held);
  EXPECT_EQ(got.device_run_time, run.device_run_time);
  EXPECT_EQ(got.limit, run.limit);
  ASSERT_TRUE(got.wait.has_value());
  EXPECT_EQ(got.wait->kind, Wait::Kind::kReboot);
  EXPECT_EQ(got.wait->start_time, Time(2));
  EXPECT_TRUE(got.esp.allow_reset && got.esp.allow_use_on_error && got.esp.block_retry);
  EXPECT_FALSE(got.esp.block_use || got.esp.allow_log_collection || got.esp.show_progress);
  EXPECT_EQ(got.esp.error_message, "call 100");
}

TEST_P(RunsConformance, RunIdIsTakenOnce) {
  ASSERT_OK(InsertRun(NewRun(1)));
  EXPECT_THAT(InsertRun(NewRun(1)), StatusIs(StatusCode::kAlreadyExists));
}

TEST_P(RunsConformance, UnknownRunIsNotFoundAndCannotBeUpdated) {
  EXPECT_THAT(ReadValue([&](Tx& tx) { return tx.runs.GetRun(RunId::Of(device_, 1)); }),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Write([&](Tx& tx) { return tx.runs.UpdateRun(NewRun(1)); }),
              StatusIs(StatusCode::kInternal));
}

TEST_P(RunsConformance, UpdateWritesWhatChangesWhileItGoesOnAndNothingElse) {
  RunRecord run = NewRun(1);
  ASSERT_OK(InsertRun(run));
  run.outcome = RunOutcome::kFailed;
  run.end_time = Time(30);
  run.event_count = 4;
  run.held = true;
  run.limit = std::chrono::minutes(90);
  run.wait = Wait{.kind = Wait::Kind::kHold, .owner = "lena"};
  run.profile = "other";
  ASSERT_OK(Write([&](Tx& tx) { return tx.runs.UpdateRun(run); }));
  ASSERT_OK_AND_ASSIGN(const RunRecord got,
                       ReadValue([&](Tx& tx) { return tx.runs.GetRun(run.run_id); }));
  EXPECT_EQ(got.outcome, RunOutcome::kFailed);
  EXPECT_EQ(got.end_time, Time(30));
  EXPECT_EQ(got.event_count, 4u);
  EXPECT_TRUE(got.held);
  EXPECT_EQ(got.limit, std::chrono::minutes(90));
  ASSERT_TRUE(got.wait.has_value());
  EXPECT_EQ(got.wait->owner, "lena");
  EXPECT_EQ(got.profile, "kiosk");
}

TEST_P(RunsConformance, ListsRunsOldestFirstWithoutPlan) {
  ASSERT_OK(InsertRun(NewRun(2)));
  ASSERT_OK(InsertRun(NewRun(1)));
  ASSERT_OK_AND_ASSIGN(const auto runs,
                       ReadValue([&](Tx& tx) { return tx.runs.ListRuns(device_); }));
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].run_id.attempt(), 1u);
  EXPECT_EQ(runs[1].run_id.attempt(), 2u);
  EXPECT_THAT(runs[0].plan, IsEmpty());
}

TEST_P(RunsConformance, ItemsKeepTheirOrderWhenReplaced) {
  ASSERT_OK(InsertRun(NewRun(1), {NewItem("b"), NewItem("a")}));
  Item changed = NewItem("b");
  changed.phase = Phase::kAccountSetup;
  changed.category = Category::kApps;
  changed.gating = Gating::kTracked;
  changed.state = ItemState::kFailed;
  changed.percent = 80;
  changed.code = "exit";
  changed.message = "exit 3";
  changed.already_done = true;
  changed.start_time = Time(1);
  changed.end_time = Time(2);
  changed.exit_code = -3;
  changed.attempt = 3;
  changed.done = 2;
  changed.total = uint64_t{1} << 40;
  changed.wait = Wait{Wait::Kind::kToken, "download", Time(1), std::chrono::minutes(60), 4};
  changed.waiver = Waiver{"lena", "known \xff fault", Time(3)};
  changed.origin = "group kiosks";
  changed.stalled = true;
  ASSERT_OK(Write([&](Tx& tx) {
    RETURN_IF_ERROR(tx.runs.PutItem(device_, 1, changed));
    return tx.runs.PutItem(device_, 1, NewItem("new"));
  }));
  const auto items = Items(1);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].item_id.text(), "b");
  EXPECT_EQ(items[0].phase, changed.phase);
  EXPECT_EQ(items[0].category, changed.category);
  EXPECT_EQ(items[0].gating, changed.gating);
  EXPECT_EQ(items[0].state, changed.state);
  EXPECT_EQ(items[0].percent, 80u);
  EXPECT_EQ(items[0].code, "exit");
  EXPECT_EQ(items[0].message, "exit 3");
  EXPECT_TRUE(items[0].already_done);
  EXPECT_EQ(items[0].start_time, Time(1));
  EXPECT_EQ(items[0].end_time, Time(2));
  EXPECT_EQ(items[0].exit_code, -3);
  EXPECT_EQ(items[0].attempt, 3u);
  EXPECT_EQ(items[0].done, 2u);
  EXPECT_EQ(items[0].total, uint64_t{1} << 40);
  ASSERT_TRUE(items[0].wait && items[0].waiver);
  EXPECT_EQ(items[0].wait->place, 4u);
  EXPECT_EQ(items[0].waiver->actor, "lena");
  EXPECT_EQ(items[0].waiver->time, Time(3));
  EXPECT_EQ(items[0].origin, "group kiosks");
  EXPECT_TRUE(items[0].stalled);
  EXPECT_FALSE(items[1].wait || items[1].waiver || items[1].stalled);
  EXPECT_EQ(items[1].item_id.text(), "a");
  EXPECT_EQ(items[1].exit_code, std::nullopt);
  EXPECT_EQ(items[2].item_id.text(), "new");
}

TEST_P(RunsConformance, PreparationItemsNeedNoRun) {
  ASSERT_OK(Write([&](Tx& tx) { return tx.runs.PutItem(device_, 0, NewItem("tpm")); }));
  EXPECT_EQ(Items(0).size(), 1u);
  EXPECT_THAT(Items(1), IsEmpty());
}

TEST_P(RunsConformance, EventsAreReadBackInOrder) {
  ASSERT_OK(InsertRun(NewRun(1)));
  ASSERT_OK(Append({NewEvent(1, "one"), NewEvent(2, "two")}));
  ASSERT_OK(Append({NewEvent(3, "three")}));
  Reopen();
  EXPECT_THAT(Sequences(), ElementsAre(1, 2, 3));
  EXPECT_THAT(Sequences(1, 1), ElementsAre(2));
  ASSERT_OK_AND_ASSIGN(const auto rows, ReadValue([&](Tx& tx) {
                         return tx.events.List(RunId::Of(device_, 1), 2, 1);
                       }));
  EXPECT_EQ(rows[0].receive_time, clock_.Now());
  EXPECT_EQ(rows[0].item_id, "item-1");
  EXPECT_EQ(rows[0].kind, KindOf(NewEvent(3, "three")));
  EXPECT_EQ(rows[0].text, TextOf(NewEvent(3, "three")));
}

TEST_P(RunsConformance, TakenSequenceRefusesTheWholeStretch) {
  ASSERT_OK(InsertRun(NewRun(1)));
  ASSERT_OK(Append({NewEvent(3, "three")}));
  ASSERT_OK(Write([&](Tx& tx) {
    const std::vector<Event> stretch = {NewEvent(2, "two"), NewEvent(3, "other")};
    EXPECT_THAT(tx.events.Append(RunId::Of(device_, 1), stretch, clock_.Now()),
                StatusIs(StatusCode::kAlreadyExists));
    return OkStatus();
  }));
  EXPECT_THAT(Sequences(), ElementsAre(3));
}

TEST_P(RunsConformance, DigestIsThatOfTheContent) {
  ASSERT_OK(InsertRun(NewRun(1)));
  const Event event = NewEvent(1, "one");
  ASSERT_OK(Append({event}));
  const auto digest = [&](uint64_t sequence) {
    return ReadValue([&](Tx& tx) { return tx.events.DigestOf(RunId::Of(device_, 1), sequence); });
  };
  EXPECT_THAT(digest(1), test::IsOkAndHolds(ToBytes(ByteView(crypto::Sha256(event.content)))));
  EXPECT_THAT(digest(2), StatusIs(StatusCode::kNotFound));
}

INSTANTIATE_TEST_SUITE_P(Stores, RunsConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
