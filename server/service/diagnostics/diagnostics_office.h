// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/status/status.h"
#include "server/domain/diagnosis/diagnosis.h"
#include "server/service/diagnostics/bundle_store.h"
#include "server/service/ports.h"

namespace preseal::server {

// What a device announces.
struct BundleOffer {
  Bytes sha256;
  uint64_t size = 0;
  uint64_t offset = 0;
  std::string run_id;  // empty: none
  std::string reason;
  std::optional<WallTime> device_time;
};

// Takes bundles of diagnostics in, keeps them for their time, and says what the rules make of a
// device. Thread-safe; blocks on the disk and the store.
class DiagnosticsOffice {
 public:
  DiagnosticsOffice(BundleStore& bundles, Store& store, const Clock& clock, std::chrono::hours life)
      : bundles_(bundles), store_(store), clock_(clock), life_(life) {}

  // InvalidArgument: `sha256` has not 32 bytes.
  StatusOr<BundleProgress> Progress(const DeviceId& device, ByteView sha256) const;
  // InvalidArgument: digest, a run of another device, a reason beyond kReasonBytesMax.
  // ResourceExhausted: beyond kDiagnosticsBytesMax. NotFound: no such device. As
  // BundleStore::Begin.
  StatusOr<std::unique_ptr<BundleIntake>> Begin(const DeviceId& device, const BundleOffer& offer);
  // Ends what Begin began; a complete bundle may push out the device's oldest one.
  StatusOr<BundleProgress> Finish(const DeviceId& device, BundleIntake& intake);

  // Those whose time is not over, newest first. NotFound: no such device.
  StatusOr<std::vector<Bundle>> List(const DeviceId& device) const;
  // NotFound: no such bundle, or its time is over.
  StatusOr<Bundle> Find(const DeviceId& device, std::string_view id) const;
  WallTime ExpiryOf(const Bundle& bundle) const { return bundle.create_time + life_; }

  // What the rules see now, most likely first. NotFound: no such device.
  StatusOr<std::vector<Diagnosis>> DiagnoseDevice(const DeviceId& device) const;

  // Often; sweeps once a day.
  void Tick();
  // Removes what is over its time.
  Status Sweep();

 private:
  StatusOr<CaseFile> CaseOf(const DeviceId& device) const;
  Status RemoveBeyond(const DeviceId& device, size_t kept);

  BundleStore& bundles_;
  Store& store_;
  const Clock& clock_;
  const std::chrono::hours life_;
  Guarded<std::optional<WallTime>> swept_;
};

}  // namespace preseal::server
