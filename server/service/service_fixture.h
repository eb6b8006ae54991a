// SPDX-License-Identifier: Apache-2.0
// What the use cases' tests stand on: a real store in a temporary file, a clock turned by hand, and
// devices brought to a state through the domain's own moves.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/adapters/sql/sqlite_store.h"
#include "server/service/flow/dispatcher.h"
#include "server/service/flow/run_progress.h"
#include "server/service/flow/technician_flow.h"
#include "server/service/live_devices.h"
#include "server/service/principal.h"
#include "server/service/profile/profile_catalog.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {

// Moves only when told.
class TurnedClock final : public Clock {
 public:
  WallTime Now() const override { return now_; }
  std::chrono::steady_clock::time_point Steady() const override { return {}; }
  void Turn(std::chrono::microseconds by) { now_ += by; }

 private:
  WallTime now_ = FromMicros(1'700'000'000'000'000);
};

// One profile, "office": blocking items "policy" and "burn-in", and "wallpaper", which is tracked.
class OfficeProfile final : public ProfileCatalog {
 public:
  StatusOr<FrozenPlan> FreezeFor(Tx&, const Device& device, Flow flow) override {
    const std::string& chosen = device.quarantined ? quarantine : device.profile;
    if (device.quarantined && quarantine.empty()) {
      return FailedPrecondition("quarantine_profile names no profile for that");
    }
    FrozenPlan frozen{.profile = chosen.empty() ? name_ : chosen,
                      .profile_digest = digest,
                      .plan = plan,
                      .flow = flow,
                      .esp = esp};
    for (const auto& [id, name, gating] :
         {std::tuple{"policy", "Policy", Gating::kBlocking},
          std::tuple{"burn-in", "Burn-in test", Gating::kBlocking},
          std::tuple{"wallpaper", "Wallpaper", Gating::kTracked}}) {
      Item item{.display_name = name, .gating = gating};
      ASSIGN_OR_RETURN(item.item_id, ItemId::Parse(id));
      frozen.items.push_back(std::move(item));
    }
    return frozen;
  }
  StatusOr<EffectivePlan> Preview(Tx&, const Device&, Flow flow, std::string_view) override {
    EffectivePlan plan{.flow = flow};
    plan.profile.id = name_;
    plan.profile.preprovisioning_allowed = preprovisioning_allowed;
    plan.profile.esp = esp;
    plan.profile.mode = mode;
    plan.profile.out_of_box = out_of_box;
    return plan;
  }
  StatusOr<std::string> DigestNow(Tx&, const Device&) override {
    ++digests_made;
    return digest;
  }
  StatusOr<std::vector<std::string>> DriftLines(Tx&, const Device&, ByteView) override {
    return drift;
  }
  const std::string& default_profile() const override { return name_; }
  const std::string& quarantine_profile() const override { return quarantine; }

  std::string quarantine;  // none
  bool preprovisioning_allowed = true;
  EspSettings esp;  // also of the plans frozen from now on
  Mode mode = Mode::kUserDriven;
  OutOfBox out_of_box;
  std::string digest = std::string(64, 'a');
  int digests_made = 0;
  std::vector<std::string> drift;  // none
  Bytes plan = {1, 2, 3};

 private:
  const std::string name_ = "office";
};

class ServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = SqliteStore::Open(dir_.File("store.sqlite"), &clock_);
    ASSERT_OK(opened);
    store_ = *std::move(opened);
  }

  Status Write(Store::Job job) { return store_->WriteAndWait(std::move(job)); }
  template <typename T, typename Get>
  T Look(Get get) {
    T value{};
    EXPECT_OK(store_->Read([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(value, get(tx));
      return OkStatus();
    }));
    return value;
  }
  Device Load(const DeviceId& id) {
    return Look<Device>([&](Tx& tx) { return tx.devices.Get(id); });
  }

  // A device of batch PO-7 that waits for start.
  Device AddEnrolled(const std::string& serial) {
    Device device{.serial_number = serial, .batch = *BatchId::Parse("PO-7")};
    device.state_time = device.create_time = clock_.Now();
    device.state = DeviceState::kEnrolled;
    device.enrolled = true;
    EXPECT_OK(Write([&](Tx& tx) -> Status {
      RETURN_IF_ERROR(tx.batches.EnsureBatch(device.batch, clock_.Now()));
      return tx.devices.Insert(&device);
    }));
    return device;
  }

  test::TempDir dir_;
  TurnedClock clock_;
  std::unique_ptr<SqliteStore> store_;
  const Principal lead_{.name = "lena", .role = Role::kLead};
};

// With the technician flow, and runs as devices report them.
class FlowTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    live_.emplace(clock_);
    dispatcher_.emplace(*store_, clock_, *live_);
    flow_.emplace(*store_, clock_, profile_, *dispatcher_);
  }

  static Event MakeEvent(uint64_t sequence, decltype(Event::body) body) {
    Event event{.sequence = sequence, .body = std::move(body)};
    event.content = ToBytes(std::to_string(sequence) + TextOf(event));
    return event;
  }
  static Event Item(uint64_t sequence, const std::string& id, ItemState state,
                    const std::string& code = "", const std::string& message = "") {
    return MakeEvent(
        sequence,
        ItemChanged{
            .item_id = *ItemId::Parse(id), .state = state, .code = code, .message = message});
  }

  // Events of the device's present run, as a session stores them.
  void Receive(const DeviceId& id, const std::vector<Event>& events) {
    ASSERT_OK(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(id));
      ASSIGN_OR_RETURN(server::Run run, tx.runs.GetRun(RunId::Of(id, device.attempt)));
      ASSIGN_OR_RETURN(RunProgress progress, RunProgress::Load(tx, run));
      for (const Event& event : events) {
        RETURN_IF_ERROR(progress.Apply(tx, event, clock_.Now(), &device, &run));
      }
      RETURN_IF_ERROR(progress.Finish(tx, clock_.Now(), &device, &run));
      RETURN_IF_ERROR(tx.devices.Put(&device));
      return tx.runs.UpdateRun(run);
    }));
  }

  OfficeProfile profile_;
  std::optional<LiveDevices> live_;
  std::optional<Dispatcher> dispatcher_;
  std::optional<TechnicianFlow> flow_;
};

}  // namespace preseal::server
