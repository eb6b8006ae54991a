// SPDX-License-Identifier: Apache-2.0
// Writing in groups, reading beside it, and what each job is told.
#include "tests/support/store_conformance.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

using test::IsOk;
using test::StatusIs;
using testing::ElementsAre;

constexpr auto kDeadline = std::chrono::seconds(30);

class StoreGroupConformance : public test::StoreConformance {
 protected:
  // Keeps the writer busy until released, so that what is written meanwhile forms one group.
  class Gate {
   public:
    explicit Gate(Store* store) {
      store->Write(
          [this](Tx&) {
            entered_.set_value();
            return opened_.get_future().wait_for(kDeadline) == std::future_status::ready
                       ? OkStatus()
                       : DeadlineExceeded("gate");
          },
          [](const Status&) {});
      entered_.get_future().wait();
    }
    void Open() { opened_.set_value(); }

   private:
    std::promise<void> entered_;
    std::promise<void> opened_;
  };

  StatusOr<std::vector<Device>> All() {
    return ReadValue([](Tx& tx) { return tx.devices.List({}, {}, kPageSizeMax); });
  }
  // Inserts a device in a job that then ends with `end`.
  Store::Job Inserting(const std::string& serial, Status end = OkStatus()) {
    return [this, serial, end](Tx& tx) {
      Device device = NewDevice(serial);
      RETURN_IF_ERROR(tx.devices.Insert(&device));
      return end;
    };
  }
};

TEST_P(StoreGroupConformance, FailingJobOfAGroupIsRolledBackAlone) {
  Gate gate(store_.get());
  std::vector<std::promise<Status>> results(3);
  const std::vector<Store::Job> jobs = {Inserting("a"), Inserting("b", Aborted("no")),
                                        Inserting("c")};
  for (size_t i = 0; i < jobs.size(); ++i) {
    store_->Write(jobs[i], [&results, i](const Status& status) { results[i].set_value(status); });
  }
  gate.Open();
  EXPECT_OK(results[0].get_future().get());
  EXPECT_THAT(results[1].get_future().get(), StatusIs(StatusCode::kAborted));
  EXPECT_OK(results[2].get_future().get());
  ASSERT_OK_AND_ASSIGN(const auto devices, All());
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].serial_number, "a");
  EXPECT_EQ(devices[1].serial_number, "c");
}

TEST_P(StoreGroupConformance, ThrowingJobIsInternalAndRolledBack) {
  EXPECT_THAT(Write([this](Tx& tx) -> Status {
                Device device = NewDevice("a");
                RETURN_IF_ERROR(tx.devices.Insert(&device));
                throw std::runtime_error("boom");
              }),
              StatusIs(StatusCode::kInternal, "boom"));
  EXPECT_THAT(store_->Read([](Tx&) -> Status { throw 7; }), StatusIs(StatusCode::kInternal));
  ASSERT_OK_AND_ASSIGN(const auto devices, All());
  EXPECT_TRUE(devices.empty());
  EXPECT_OK(Write(Inserting("b")));
}

TEST_P(StoreGroupConformance, DoneComesAfterTheCommit) {
  std::promise<size_t> seen;
  store_->Write(Inserting("a"), [this, &seen](const Status&) {
    auto devices = All();
    seen.set_value(devices.ok() ? devices->size() : 0);
  });
  EXPECT_EQ(seen.get_future().get(), 1u);
}

TEST_P(StoreGroupConformance, DoneMayWriteAgain) {
  std::promise<Status> second;
  store_->Write(Inserting("a"), [this, &second](const Status&) {
    store_->Write(Inserting("b"), [&second](const Status& status) { second.set_value(status); });
  });
  EXPECT_OK(second.get_future().get());
}

TEST_P(StoreGroupConformance, ReadersSeeNothingUncommitted) {
  std::promise<size_t> seen;
  ASSERT_OK(Write([this, &seen](Tx& tx) {
    Device device = NewDevice("a");
    RETURN_IF_ERROR(tx.devices.Insert(&device));
    auto devices = std::async(std::launch::async, [this] { return All(); }).get();
    seen.set_value(devices.ok() ? devices->size() : 99);
    return OkStatus();
  }));
  EXPECT_EQ(seen.get_future().get(), 0u);
}

TEST_P(StoreGroupConformance, WritingThroughReadIsAnError) {
  const Status status = store_->Read([this](Tx& tx) {
    Device device = NewDevice("a");
    return tx.devices.Insert(&device);
  });
  EXPECT_FALSE(status.ok());
  ASSERT_OK_AND_ASSIGN(const auto devices, All());
  EXPECT_TRUE(devices.empty());
}

TEST_P(StoreGroupConformance, ReadIsOneUnchangingView) {
  ASSERT_OK(store_->Read([this](Tx& tx) {
    EXPECT_TRUE(tx.devices.List({}, {}, 10)->empty());
    EXPECT_OK(Write(Inserting("a")));
    EXPECT_TRUE(tx.devices.List({}, {}, 10)->empty());
    return OkStatus();
  }));
  ASSERT_OK_AND_ASSIGN(const auto devices, All());
  EXPECT_EQ(devices.size(), 1u);
}

TEST_P(StoreGroupConformance, ListenersHearTheNewestRevisionOfDeviceChangesOnly) {
  std::mutex mutex;
  std::vector<uint64_t> heard;
  store_->OnCommit([&](uint64_t revision) {
    const std::lock_guard lock(mutex);
    heard.push_back(revision);
  });
  ASSERT_OK(Write(
      [this](Tx& tx) { return tx.batches.EnsureBatch(*BatchId::Parse("PO-7"), clock_.Now()); }));
  EXPECT_THAT(Write(Inserting("undone", Aborted("no"))), StatusIs(StatusCode::kAborted));
  uint64_t newest = 0;
  ASSERT_OK(Write([this, &newest](Tx& tx) {
    for (const char* serial : {"a", "b"}) {
      Device device = NewDevice(serial);
      RETURN_IF_ERROR(tx.devices.Insert(&device));
      newest = device.revision;
    }
    return OkStatus();
  }));
  // The listener runs after `done`; a further job comes after both.
  ASSERT_OK(Write([](Tx&) { return OkStatus(); }));
  const std::lock_guard lock(mutex);
  EXPECT_THAT(heard, ElementsAre(newest));
}

TEST_P(StoreGroupConformance, FullQueueIsRefusedOnTheCallersThread) {
  Gate gate(store_.get());
  std::atomic<size_t> done_count = 0;
  for (size_t i = 0; i < kWriteQueueMax; ++i) {
    store_->Write([](Tx&) { return OkStatus(); },
                  [&done_count](const Status& status) { done_count += status.ok() ? 1 : 0; });
  }
  Status refusal;
  std::thread::id thread;
  store_->Write([](Tx&) { return OkStatus(); },
                [&](const Status& status) {
                  refusal = status;
                  thread = std::this_thread::get_id();
                });
  EXPECT_THAT(refusal, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(thread, std::this_thread::get_id());
  gate.Open();
  store_.reset();  // drains the queue
  EXPECT_EQ(done_count, kWriteQueueMax);
}

TEST_P(StoreGroupConformance, ManyThreadsLoseNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_OK(Write(Inserting(std::to_string(t) + "-" + std::to_string(i))));
        EXPECT_OK(All());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_OK_AND_ASSIGN(const auto devices, All());
  EXPECT_EQ(devices.size(), static_cast<size_t>(kThreads * kEach));
}

TEST_P(StoreGroupConformance, AuditChainHoldsOverManyRows) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(Write([this, i](Tx& tx) {
      return tx.audit.Record({Time(i), "users/ann", "device.start", "devices/D-1001", ""});
    }));
  }
  EXPECT_OK(ReadValue([](Tx& tx) { return tx.audit.VerifyChain(); }));
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreGroupConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
