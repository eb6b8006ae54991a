// SPDX-License-Identifier: Apache-2.0
// What the store does in a second, on a real file: durable events against the number of jobs that
// are waiting at once, and queries against the number of devices.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common/base/limits.h"
#include "server/adapters/sql/sqlite_store.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

void OrDie(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", ToString(status).c_str());
  std::exit(1);
}

class Floor {
 public:
  // Devices D-1001 … with one run each, in batches of `batch_size`.
  explicit Floor(int devices, int batch_size = 1000) {
    auto opened = SqliteStore::Open(dir_.File("bench.db"), &clock_);
    OrDie(opened.status());
    store_ = *std::move(opened);
    for (int first = 0; first < devices; first += 1000) {
      OrDie(store_->WriteAndWait([&](Tx& tx) {
        for (int i = first; i < std::min(first + 1000, devices); ++i) {
          RETURN_IF_ERROR(
              AddDevice(tx, i, *BatchId::Parse("PO-" + std::to_string(i / batch_size))));
        }
        return OkStatus();
      }));
    }
  }

  Store& store() { return *store_; }
  static DeviceId DeviceAt(int index) {
    return DeviceId::FromNumber(static_cast<uint64_t>(1001 + index));
  }

 private:
  Status AddDevice(Tx& tx, int index, const BatchId& batch) {
    RETURN_IF_ERROR(tx.batches.EnsureBatch(batch, clock_.Now()));
    Device device;
    device.serial_number = "SERIAL-" + std::to_string(index);
    device.batch = batch;
    device.state = kAllDeviceStates[static_cast<size_t>(index) % 8];
    device.state_time = device.create_time = clock_.Now();
    RETURN_IF_ERROR(tx.devices.Insert(&device));
    Run run;
    run.run_id = RunId::Of(device.id, 1);
    run.start_time = clock_.Now();
    run.plan = Bytes(64, 0);
    return tx.runs.InsertRun(run, {});
  }

  test::TempDir dir_;
  SystemClock clock_;
  std::unique_ptr<SqliteStore> store_;
};

std::vector<Event> Stretch(uint64_t first, int length) {
  std::vector<Event> events;
  for (int i = 0; i < length; ++i) {
    ItemChanged change;
    change.item_id = *ItemId::Parse("install-agent");
    change.state = ItemState::kInProgress;
    change.message = "unpacking preseal-agent_0.1.0_amd64.deb";
    events.push_back(Event{first + static_cast<uint64_t>(i), Bytes(120, 7), change});
  }
  return events;
}

// range(0) jobs in flight, each one device's stretch of range(1) events and its progress.
void BM_DurableEvents(benchmark::State& state) {
  const int jobs = static_cast<int>(state.range(0));
  const int length = static_cast<int>(state.range(1));
  Floor floor(jobs);
  uint64_t next = 1;
  for (auto _ : state) {
    std::vector<std::promise<Status>> acks(static_cast<size_t>(jobs));
    for (int i = 0; i < jobs; ++i) {
      floor.store().Write(
          [i, next, length](Tx& tx) {
            ASSIGN_OR_RETURN(Device device, tx.devices.Get(Floor::DeviceAt(i)));
            const RunId run = RunId::Of(device.id, 1);
            const auto events = Stretch(next, length);
            RETURN_IF_ERROR(tx.events.Append(run, events, device.create_time));
            device.percent = static_cast<uint32_t>(next % 100);
            return tx.devices.Put(&device);
          },
          [&acks, i](const Status& status) { acks[static_cast<size_t>(i)].set_value(status); });
    }
    for (auto& ack : acks) OrDie(ack.get_future().get());
    next += static_cast<uint64_t>(length);
  }
  state.SetItemsProcessed(state.iterations() * jobs * length);
}
BENCHMARK(BM_DurableEvents)
    ->ArgNames({"jobs", "events"})
    ->ArgsProduct({{1, 16, 256}, {1, 8, 64}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

Floor& FloorOf(int devices) {
  static std::unique_ptr<Floor> floor;
  static int size = 0;
  if (size != devices) floor = std::make_unique<Floor>(devices);
  size = devices;
  return *floor;
}

// The rest of a query is compared with this one.
void BM_GetDevice(benchmark::State& state) {
  const int devices = static_cast<int>(state.range(0));
  Floor& floor = FloorOf(devices);
  int index = 0;
  for (auto _ : state) {
    index = (index + 7919) % devices;
    OrDie(floor.store().Read(
        [index](Tx& tx) { return tx.devices.Get(Floor::DeviceAt(index)).status(); }));
  }
}

void BM_BatchStatus(benchmark::State& state) {
  Floor& floor = FloorOf(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    OrDie(floor.store().Read(
        [](Tx& tx) { return tx.batches.GetBatch(*BatchId::Parse("PO-0")).status(); }));
  }
}

void BM_ListPageOfBatchInState(benchmark::State& state) {
  Floor& floor = FloorOf(static_cast<int>(state.range(0)));
  const DeviceFilter filter{.batch = BatchId(*BatchId::Parse("PO-0")),
                            .states = {DeviceState::kSealed}};
  for (auto _ : state) {
    OrDie(
        floor.store().Read([&filter](Tx& tx) { return tx.devices.List(filter, {}, 20).status(); }));
  }
}

void BM_PutDevice(benchmark::State& state) {
  const int devices = static_cast<int>(state.range(0));
  Floor& floor = FloorOf(devices);
  int index = 0;
  constexpr int kPerJob = 100;
  for (auto _ : state) {
    OrDie(floor.store().WriteAndWait([&index, devices](Tx& tx) {
      for (int i = 0; i < kPerJob; ++i) {
        index = (index + 7919) % devices;
        ASSIGN_OR_RETURN(Device device, tx.devices.Get(Floor::DeviceAt(index)));
        RETURN_IF_ERROR(tx.devices.Put(&device));
      }
      return OkStatus();
    }));
  }
  state.SetItemsProcessed(state.iterations() * kPerJob);
}

#define PRESEAL_SIZES Arg(1'000)->Arg(10'000)->Arg(100'000)->UseRealTime()
BENCHMARK(BM_GetDevice)->PRESEAL_SIZES;
BENCHMARK(BM_BatchStatus)->PRESEAL_SIZES;
BENCHMARK(BM_ListPageOfBatchInState)->PRESEAL_SIZES;
BENCHMARK(BM_PutDevice)->PRESEAL_SIZES;

}  // namespace
}  // namespace preseal::server

BENCHMARK_MAIN();
