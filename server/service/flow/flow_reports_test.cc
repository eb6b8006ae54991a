// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/flow_reports.h"

#include <gmock/gmock.h>

#include <map>

#include "common/base/limits.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class FlowReportsTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    reports_.emplace(*store_, clock_, profile_, SealPolicy(),
                     [this](ByteView content) -> StatusOr<Event> {
                       const auto found = sent_.find(ToBytes(content));
                       if (found == sent_.end()) return InvalidArgument("not an event");
                       return found->second;
                     });
  }

  // A device that was seen on the bench; each step moves the clock first.
  Device Arrive(const std::string& serial) {
    Device device{.serial_number = serial, .batch = *BatchId::Parse("PO-7")};
    device.state_time = device.create_time = clock_.Now();
    EXPECT_OK(Write([&](Tx& tx) -> Status {
      RETURN_IF_ERROR(tx.batches.EnsureBatch(device.batch, clock_.Now()));
      return tx.devices.Insert(&device);
    }));
    MoveTo(DeviceState::kPresent, 10s, &device);
    return device;
  }
  void MoveTo(DeviceState state, std::chrono::microseconds after, Device* device) {
    clock_.Turn(after);
    device->state = state;
    device->state_time = clock_.Now();
    EXPECT_OK(Write([&](Tx& tx) { return tx.devices.Put(device); }));
  }
  void Contact(ContactState contact, std::chrono::microseconds after, Device* device) {
    clock_.Turn(after);
    device->contact = contact;
    device->contact_time = clock_.Now();
    EXPECT_OK(Write([&](Tx& tx) { return tx.devices.Put(device); }));
  }
  server::Run Begin(Device* device, Flow flow = Flow::kTechnician) {
    ++device->attempt;
    server::Run run{.run_id = RunId::Of(device->id, device->attempt),
                    .start_time = clock_.Now(),
                    .profile = "office",
                    .profile_digest = profile_.digest,
                    .plan = {1, 2, 3},
                    .flow = flow};
    EXPECT_OK(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(const auto plan, profile_.FreezeFor(tx, *device, flow));
      return tx.runs.InsertRun(run, plan.items);
    }));
    return run;
  }
  // The server receives `body` and applies it to the items.
  void Receive(std::chrono::microseconds after, decltype(Event::body) body, server::Run* run) {
    clock_.Turn(after);
    Event event{.sequence = ++run->event_count, .body = std::move(body)};
    event.content = ToBytes(run->run_id.text() + "/" + std::to_string(event.sequence));
    sent_[event.content] = event;
    EXPECT_OK(Write([&](Tx& tx) -> Status {
      RETURN_IF_ERROR(tx.events.Append(run->run_id, std::vector{event}, clock_.Now()));
      const auto* change = std::get_if<ItemChanged>(&event.body);
      if (change == nullptr) return tx.runs.UpdateRun(*run);
      ASSIGN_OR_RETURN(auto items, tx.runs.Items(run->run_id.device(), run->run_id.attempt()));
      for (Item& item : items) {
        if (item.item_id != change->item_id) continue;
        ApplyChange(*change, clock_.Now(), &item);
        RETURN_IF_ERROR(tx.runs.PutItem(run->run_id.device(), run->run_id.attempt(), item));
      }
      return tx.runs.UpdateRun(*run);
    }));
  }
  static ItemChanged Change(const std::string& id, ItemState state,
                            std::optional<Wait::Kind> wait = {}) {
    ItemChanged change{.item_id = *ItemId::Parse(id), .state = state};
    if (wait) change.wait = Wait{.kind = *wait};
    return change;
  }
  void End(RunOutcome outcome, std::chrono::microseconds after, server::Run* run) {
    run->outcome = outcome;
    run->end_time = clock_.Now() + after;
    Receive(after, RunFinished{.outcome = outcome}, run);
  }
  void SealIt(Device* device) {
    device->seal_time = clock_.Now() + 1s;
    device->sealed_plan_digest = profile_.digest;
    device->deployments = 1;
    MoveTo(DeviceState::kSealed, 1s, device);
  }
  Device SealedDevice(const std::string& serial) {
    Device device = Arrive(serial);
    MoveTo(DeviceState::kProvisioning, 1s, &device);
    server::Run run = Begin(&device);
    End(RunOutcome::kSucceeded, 1s, &run);
    SealIt(&device);
    return device;
  }

  static std::map<std::string, int64_t> SecondsOf(const TimeReport& report) {
    std::map<std::string, int64_t> seconds;
    for (const TimePart& part : report.attribution.parts) {
      seconds[std::string(NameOf(part.kind)) + (part.item_id.empty() ? "" : ":" + part.item_id)] =
          part.duration / 1s;
    }
    return seconds;
  }
  DeploymentView View(const DeviceId& id, bool allowed = true) {
    return Look<DeploymentView>([&](Tx& tx) -> StatusOr<DeploymentView> {
      ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
      return reports_->Deployment(tx, device, allowed);
    });
  }
  std::optional<SealView> Seal(const DeviceId& id) {
    return Look<std::optional<SealView>>([&](Tx& tx) -> StatusOr<std::optional<SealView>> {
      ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
      return reports_->Seal(tx, device, /*lines=*/true);
    });
  }
  std::vector<std::string> Listed(SealQuery query, SealPage* page = nullptr) {
    if (query.limit == 0) query.limit = 100;
    const auto found = reports_->ListSeals(query);
    EXPECT_OK(found);
    std::vector<std::string> serials;
    for (const auto& row : found->rows) serials.push_back(row.device.serial_number);
    if (page != nullptr) *page = *found;
    return serials;
  }

  OfficeProfile profile_;
  std::map<Bytes, Event> sent_;
  std::optional<FlowReports> reports_;
};

TEST_F(FlowReportsTest, TimeIsAttributedFromFirstEvidenceToNow) {
  Device device = Arrive("S-1");
  MoveTo(DeviceState::kEnrolled, 5s, &device);  // attestation 5
  Contact(ContactState::kConnected, 0s, &device);
  MoveTo(DeviceState::kProvisioning, 7s, &device);  // awaiting start 7
  server::Run run = Begin(&device);
  Receive(2s, Change("policy", ItemState::kInProgress), &run);  // remainder 2
  Receive(3s, Change("policy", ItemState::kSucceeded), &run);   // policy 3
  Receive(0s, Change("burn-in", ItemState::kIdentifying, Wait::Kind::kToken), &run);
  Receive(4s, Change("burn-in", ItemState::kInProgress), &run);  // queue 4
  Contact(ContactState::kDisconnected, 6s, &device);             // burn-in 6
  Contact(ContactState::kConnected, 11s, &device);               // not heard 11
  Receive(0s, Change("burn-in", ItemState::kSucceeded), &run);
  End(RunOutcome::kSucceeded, 1s, &run);  // remainder 1
  MoveTo(DeviceState::kReadyToSeal, 0s, &device);
  clock_.Turn(20s);  // awaiting the seal 20
  ASSERT_OK_AND_ASSIGN(const TimeReport report, reports_->TimeOf(device.id));
  EXPECT_EQ(report.attribution.wall_clock, 59s);
  EXPECT_EQ(report.attribution.remainder, 3s);
  EXPECT_EQ(SecondsOf(report), (std::map<std::string, int64_t>{{"attestation", 5},
                                                               {"awaiting start", 7},
                                                               {"item:policy", 3},
                                                               {"in the server's queue:burn-in", 4},
                                                               {"item:burn-in", 6},
                                                               {"not heard", 11},
                                                               {"awaiting the seal", 20}}));
  EXPECT_THAT(report.critical_path, ElementsAre("policy", "burn-in"));
  EXPECT_EQ(report.names.at("burn-in"), "Burn-in test");
}

TEST_F(FlowReportsTest, NothingHasBegunBeforeTheFirstEvidence) {
  const Device device = AddEnrolled("S-1");
  Device registered{.serial_number = "S-2", .batch = device.batch};
  registered.state_time = clock_.Now();
  ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Insert(&registered); }));
  ASSERT_OK_AND_ASSIGN(const TimeReport report, reports_->TimeOf(registered.id));
  EXPECT_FALSE(report.start);
  EXPECT_EQ(report.attribution.wall_clock, 0s);
  EXPECT_THAT(reports_->TimeOf(*DeviceId::Parse("D-9999")), test::StatusIs(StatusCode::kNotFound));
}

TEST_F(FlowReportsTest, ADamagedJournalIsSaidAndNotSkipped) {
  Device device = Arrive("S-1");
  MoveTo(DeviceState::kProvisioning, 1s, &device);
  server::Run run = Begin(&device);
  Receive(1s, Change("policy", ItemState::kInProgress), &run);
  sent_.clear();
  EXPECT_THAT(reports_->TimeOf(device.id), test::StatusIs(StatusCode::kDataLoss));
}

TEST_F(FlowReportsTest, ASecondTryThatIsSealedIsSuccessOnRetry) {
  Device device = Arrive("S-1");
  MoveTo(DeviceState::kProvisioning, 1s, &device);
  server::Run first = Begin(&device);
  Receive(1s, Change("policy", ItemState::kFailed), &first);
  End(RunOutcome::kFailed, 9s, &first);
  MoveTo(DeviceState::kFailed, 0s, &device);
  EXPECT_EQ(View(device.id).state, DeploymentState::kFailure);
  MoveTo(DeviceState::kProvisioning, 60s, &device);
  server::Run second = Begin(&device);
  EXPECT_EQ(View(device.id).state, DeploymentState::kInProgress);
  End(RunOutcome::kSucceeded, 20s, &second);
  SealIt(&device);
  clock_.Turn(1h);
  const auto view = View(device.id);
  EXPECT_EQ(view.state, DeploymentState::kSuccessOnRetry);
  EXPECT_EQ(view.durations.device_setup, 30s);
  EXPECT_EQ(view.durations.total, 92s);  // without the hour on the shelf
  ASSERT_OK_AND_ASSIGN(const Journey journey, reports_->JourneyOf(device.id));
  EXPECT_EQ(journey.attempts, 2u);
  EXPECT_TRUE(journey.succeeded);
  EXPECT_FALSE(journey.first_time_right);
  EXPECT_EQ(journey.tries[0].run.failed_item, "Policy");
}

TEST_F(FlowReportsTest, AWaivedItemIsSuccessWithTimeout) {
  Device device = Arrive("S-1");
  MoveTo(DeviceState::kProvisioning, 1s, &device);
  server::Run run = Begin(&device);
  ASSERT_OK(Write([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(auto items, tx.runs.Items(device.id, 1));
    items[0].waiver = Waiver{"lena", "known", clock_.Now()};
    return tx.runs.PutItem(device.id, 1, items[0]);
  }));
  End(RunOutcome::kSucceeded, 5s, &run);
  SealIt(&device);
  EXPECT_EQ(View(device.id).state, DeploymentState::kSuccessWithTimeout);
}

TEST_F(FlowReportsTest, AUserWhoWentOnIsSuccessWithTimeoutAndHasDurationsOfTheirOwn) {
  Device device = SealedDevice("S-1");
  MoveTo(DeviceState::kUserSetup, 1h, &device);
  server::Run run = Begin(&device, Flow::kUser);
  run.continued = true;
  End(RunOutcome::kFailed, 40s, &run);
  MoveTo(DeviceState::kInService, 0s, &device);
  const auto view = View(device.id);
  EXPECT_EQ(view.state, DeploymentState::kSuccessWithTimeout);
  EXPECT_EQ(view.durations.account_setup, 40s);
  EXPECT_EQ(view.durations.total, 43s);
}

TEST_F(FlowReportsTest, AProfileThatDoesNotAllowTheFlowIsDisabled) {
  const Device device = Arrive("S-1");
  EXPECT_EQ(View(device.id).state, DeploymentState::kInProgress);
  EXPECT_EQ(View(device.id, /*allowed=*/false).state, DeploymentState::kDisabled);
}

TEST_F(FlowReportsTest, ARunOfAnEarlierDeploymentMakesNoRetry) {
  Device device = SealedDevice("S-1");
  server::Run failed = Begin(&device, Flow::kUser);
  End(RunOutcome::kFailed, 1s, &failed);
  MoveTo(DeviceState::kPresent, 1h, &device);
  MoveTo(DeviceState::kProvisioning, 1s, &device);
  server::Run run = Begin(&device);
  End(RunOutcome::kSucceeded, 5s, &run);
  SealIt(&device);
  const auto view = View(device.id);
  EXPECT_EQ(view.state, DeploymentState::kSuccess);
  EXPECT_EQ(view.durations.device_setup, 5s);
}

TEST_F(FlowReportsTest, ASealHasItsAgeAndSaysWhatDrifted) {
  const Device device = SealedDevice("S-1");
  EXPECT_EQ(Seal(device.id)->age, SealAge::kFresh);
  EXPECT_FALSE(Seal(device.id)->drifted);
  clock_.Turn(kSealExpiredDefault);
  EXPECT_EQ(Seal(device.id)->age, SealAge::kExpired);
  profile_.digest = std::string(64, 'b');
  profile_.drift = {"added: Office 2.1"};
  const auto seal = Seal(device.id);
  EXPECT_TRUE(seal->drifted);
  EXPECT_THAT(seal->drift, ElementsAre("added: Office 2.1"));
}

TEST_F(FlowReportsTest, ADeviceThatWasNeverSealedHasNoSeal) {
  EXPECT_FALSE(Seal(Arrive("S-1").id).has_value());
}

TEST_F(FlowReportsTest, TheResealListHoldsWhatIsAskedFor) {
  const Device old = SealedDevice("old");
  clock_.Turn(kSealExpiredDefault);
  SealedDevice("new");
  Device waiting = Arrive("waiting");
  waiting.seal_unconfirmed = true;
  MoveTo(DeviceState::kSealing, 1s, &waiting);
  Arrive("bench");
  EXPECT_THAT(Listed({}), ElementsAre("old", "new", "waiting"));
  EXPECT_THAT(Listed({.ages = {SealAge::kExpired}}), ElementsAre("old"));
  EXPECT_THAT(Listed({.unconfirmed = true}), ElementsAre("waiting"));
  EXPECT_THAT(Listed({.drifted = true}), IsEmpty());
  profile_.digest = std::string(64, 'b');
  EXPECT_THAT(Listed({.drifted = true}), ElementsAre("old", "new"));
  EXPECT_THAT(Listed({.batch = *BatchId::Parse("PO-8")}), IsEmpty());
}

TEST_F(FlowReportsTest, TheResealListMakesPlansOnlyOfDevicesItMayHold) {
  SealedDevice("old");
  clock_.Turn(kSealExpiredDefault);
  SealedDevice("new");
  profile_.digests_made = 0;
  EXPECT_THAT(Listed({.ages = {SealAge::kExpired}}), ElementsAre("old"));
  EXPECT_EQ(profile_.digests_made, 1);
  EXPECT_THAT(Listed({.unconfirmed = true}), IsEmpty());
  EXPECT_EQ(profile_.digests_made, 1);
}

TEST_F(FlowReportsTest, TheResealListPagesOnWithoutGapOrRepeat) {
  for (const char* serial : {"a", "b", "c"}) SealedDevice(serial);
  SealPage page;
  EXPECT_THAT(Listed({.limit = 2}, &page), ElementsAre("a", "b"));
  ASSERT_TRUE(page.after);
  EXPECT_THAT(Listed({.after = page.after, .limit = 2}, &page), ElementsAre("c"));
  EXPECT_FALSE(page.after);
}

}  // namespace
}  // namespace preseal::server
