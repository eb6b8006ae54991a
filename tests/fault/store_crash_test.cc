// SPDX-License-Identifier: Apache-2.0
// A writer is killed with SIGKILL again and again. Afterwards everything it acknowledged must be in
// the file, and nothing by halves.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <map>
#include <random>
#include <vector>

#include "common/files/unique_fd.h"
#include "server/adapters/sql/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::server {
namespace {

using test::IsOk;

constexpr int kDevices = 4;
constexpr int kEventsPerJob = 3;
constexpr int kKills = 25;
constexpr int kAcksMax = 400;  // before a kill

// What the writer sends for each acknowledged job: through a pipe, from `done` only.
struct Ack {
  uint32_t device = 0;  // 0 … kDevices - 1
  uint64_t last_sequence = 0;
};

DeviceId DeviceAt(uint32_t index) { return DeviceId::FromNumber(1001 + index); }
RunId RunAt(uint32_t index) { return RunId::Of(DeviceAt(index), 1); }

Status Prepare(Tx& tx) {
  const BatchId batch = *BatchId::Parse("PO-7");
  RETURN_IF_ERROR(tx.batches.EnsureBatch(batch, FromMicros(1)));
  for (uint32_t i = 0; i < kDevices; ++i) {
    Device device;
    device.serial_number = "S-" + std::to_string(i);
    device.batch = batch;
    RETURN_IF_ERROR(tx.devices.Insert(&device));
    Run run;
    run.run_id = RunAt(i);
    RETURN_IF_ERROR(tx.runs.InsertRun(run, {}));
  }
  return OkStatus();
}

// One job touches five tables; a half-applied one would show.
Status WriteOnce(Tx& tx, uint32_t index, uint64_t* last_sequence) {
  ASSIGN_OR_RETURN(Run run, tx.runs.GetRun(RunAt(index)));
  std::vector<Event> events;
  for (int i = 0; i < kEventsPerJob; ++i) {
    events.push_back(Event{++run.event_count, Bytes(200, 7), LogLine{"item", "a line"}});
  }
  RETURN_IF_ERROR(tx.events.Append(run.run_id, events, FromMicros(2)));
  RETURN_IF_ERROR(tx.runs.UpdateRun(run));
  ASSIGN_OR_RETURN(Device device, tx.devices.Get(DeviceAt(index)));
  device.items_done = static_cast<uint32_t>(run.event_count);
  device.state = run.event_count % 2 == 0 ? DeviceState::kSealed : DeviceState::kPresent;
  RETURN_IF_ERROR(tx.devices.Put(&device));
  *last_sequence = run.event_count;
  return tx.audit.Record({FromMicros(3), "agent", "event", device.id.text(), ""});
}

// Keeps one job per device in flight until it is killed.
class Writer {
 public:
  Writer(Store* store, int fd) : store_(*store), fd_(fd) {}
  void Start() {
    for (uint32_t i = 0; i < kDevices; ++i) Submit(i);
  }

 private:
  void Submit(uint32_t index) {
    store_.Write([this, index](Tx& tx) { return WriteOnce(tx, index, &last_[index]); },
                 [this, index](const Status& status) {
                   const Ack ack{index, last_[index]};
                   if (!status.ok() || ::write(fd_, &ack, sizeof(ack)) != sizeof(ack)) ::_exit(3);
                   Submit(index);
                 });
  }

  Store& store_;
  int fd_;
  std::array<uint64_t, kDevices> last_ = {};
};

[[noreturn]] void RunChild(const std::string& path, int fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const SystemClock clock;
  auto store = SqliteStore::Open(path, &clock);
  if (!store.ok()) ::_exit(2);
  Writer writer(store->get(), fd);
  writer.Start();
  for (;;) ::pause();
}

class StoreCrashTest : public testing::Test {
 protected:
  // Starts a writer, kills it after `acks_wanted` acknowledgements and adds all it sent to acked_.
  void KillAfter(int acks_wanted) {
    std::array<int, 2> ends = {};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) RunChild(path_, write_end.get());
    write_end.Close();
    Ack ack;
    int received = 0;
    while (received < acks_wanted && ::read(read_end.get(), &ack, sizeof(ack)) == sizeof(ack)) {
      acked_[ack.device] = ack.last_sequence;
      ++received;
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "writer ended by itself, code " << WEXITSTATUS(status);
    // What it acknowledged between our last read and its death counts too.
    while (::read(read_end.get(), &ack, sizeof(ack)) == sizeof(ack)) {
      acked_[ack.device] = ack.last_sequence;
    }
    ASSERT_EQ(received, acks_wanted);
  }

  static Status CheckDevice(Tx& tx, uint32_t index, uint64_t acked) {
    ASSIGN_OR_RETURN(const server::Run run, tx.runs.GetRun(RunAt(index)));
    ASSIGN_OR_RETURN(const auto journal, tx.events.List(RunAt(index), 0, 1'000'000));
    ASSIGN_OR_RETURN(const Device device, tx.devices.Get(DeviceAt(index)));
    EXPECT_GE(run.event_count, acked) << "acknowledged, but lost";
    EXPECT_EQ(run.event_count % kEventsPerJob, 0u) << "half a job";
    EXPECT_EQ(journal.size(), run.event_count);
    EXPECT_TRUE(journal.empty() || journal.back().sequence == run.event_count);
    EXPECT_EQ(device.items_done, run.event_count);
    return OkStatus();
  }

  void CheckInvariants() {
    ASSERT_OK_AND_ASSIGN(auto store, SqliteStore::Open(path_, &clock_));
    ASSERT_OK(store->Read([this](Tx& tx) {
      for (uint32_t i = 0; i < kDevices; ++i) RETURN_IF_ERROR(CheckDevice(tx, i, acked_[i]));
      ASSIGN_OR_RETURN(const Batch batch, tx.batches.GetBatch(*BatchId::Parse("PO-7")));
      int counted = 0;
      for (const auto& [state, count] : batch.counts) counted += count;
      EXPECT_EQ(counted, kDevices);
      return tx.audit.VerifyChain();
    }));
  }

  test::TempDir dir_;
  SystemClock clock_;
  const std::string path_ = dir_.File("crash.db");
  std::map<uint32_t, uint64_t> acked_;
};

TEST_F(StoreCrashTest, KilledWriterLosesNothingAcknowledgedAndLeavesNothingByHalves) {
  {
    ASSERT_OK_AND_ASSIGN(auto store, SqliteStore::Open(path_, &clock_));
    ASSERT_OK(store->WriteAndWait(Prepare));
  }
  std::mt19937 random(20'240'101);  // NOLINT: the same kills every time
  std::uniform_int_distribution<int> acks(1, kAcksMax);
  for (int kill = 0; kill < kKills; ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill));
    // The first ones hit a writer that has hardly begun.
    ASSERT_NO_FATAL_FAILURE(KillAfter(kill < 5 ? kill : acks(random)));
    ASSERT_NO_FATAL_FAILURE(CheckInvariants());
  }
  EXPECT_EQ(acked_.size(), static_cast<size_t>(kDevices));
}

}  // namespace
}  // namespace preseal::server
