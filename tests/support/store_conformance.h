// SPDX-License-Identifier: Apache-2.0
// What every implementation of the store must do. The suite's cases are in
// server/adapters/sql/*_conformance_test.cc; StoreKinds() lists who has to pass them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "server/service/ports.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::test {

struct StoreKind {
  std::string name;
  // A store whose data lives in `dir`, empty the first time. The clock outlives it.
  std::function<StatusOr<std::unique_ptr<server::Store>>(const std::string& dir, const Clock*)>
      open;
};
inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }
std::vector<StoreKind> StoreKinds();

inline std::string StoreKindName(const testing::TestParamInfo<StoreKind>& info) {
  return info.param.name;
}

// A clock that moves only when told.
class HandClock final : public Clock {
 public:
  WallTime Now() const override { return now_; }
  std::chrono::steady_clock::time_point Steady() const override { return {}; }
  void Turn(std::chrono::microseconds by) { now_ += by; }

 private:
  WallTime now_ = FromMicros(1'700'000'000'000'000);
};

class StoreConformance : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { Reopen(); }

  // Closes and opens again: what the tests see afterwards came from the file.
  void Reopen() {
    store_.reset();
    auto opened = GetParam().open(dir_.path().string(), &clock_);
    ASSERT_OK(opened);
    store_ = *std::move(opened);
  }

  Status Write(server::Store::Job job) { return store_->WriteAndWait(std::move(job)); }

  // Reads one value: `read` takes a Tx and returns StatusOr<T> or Status.
  template <typename Read>
  auto ReadValue(Read read) -> std::invoke_result_t<Read, server::Tx&> {
    std::optional<std::invoke_result_t<Read, server::Tx&>> result;
    const Status status = store_->Read([&result, &read](server::Tx& tx) {
      result = read(tx);
      return OkStatus();
    });
    if (!status.ok()) return status;
    return *std::move(result);
  }

  WallTime Time(int seconds) const { return clock_.Now() + std::chrono::seconds(seconds); }

  server::Device NewDevice(const std::string& serial, const std::string& batch = "") {
    server::Device device;
    device.serial_number = serial;
    if (!batch.empty()) device.batch = *BatchId::Parse(batch);
    device.state_time = device.create_time = clock_.Now();
    return device;
  }
  // Inserts it, with its batch.
  server::Device Add(server::Device device) {
    EXPECT_OK(Write([this, &device](server::Tx& tx) {
      if (!device.batch.empty()) {
        RETURN_IF_ERROR(tx.batches.EnsureBatch(device.batch, clock_.Now()));
      }
      return tx.devices.Insert(&device);
    }));
    return device;
  }
  Status Put(server::Device* device) {
    return Write([device](server::Tx& tx) { return tx.devices.Put(device); });
  }

  TempDir dir_;
  HandClock clock_;
  std::unique_ptr<server::Store> store_;
};

}  // namespace preseal::test
