// SPDX-License-Identifier: Apache-2.0
#include "server/service/diagnostics/diagnostics_office.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

constexpr size_t kSha256Bytes = 32;
constexpr std::chrono::hours kSweepEvery{24};
// An upload that has rested so long will not go on: the device makes a new bundle.
constexpr std::chrono::hours kUnfinishedLife{48};
// Of a journal; what went wrong stands near its end.
constexpr uint64_t kJournalLinesLookedAt = 5000;

Status CheckDigest(ByteView sha256) {
  if (sha256.size() == kSha256Bytes) return OkStatus();
  return InvalidArgument("sha256 must have 32 bytes");
}

// Empty, or a run of this device.
Status CheckRun(const DeviceId& device, const std::string& text) {
  if (text.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const RunId run, RunId::Parse(text));
  if (run.device() == device) return OkStatus();
  return InvalidArgument(fmt::format("{} is no run of {}", text, device.text()));
}

Status CheckOffer(const DeviceId& device, const BundleOffer& offer) {
  RETURN_IF_ERROR(CheckDigest(offer.sha256));
  RETURN_IF_ERROR(CheckRun(device, offer.run_id));
  if (offer.reason.size() > kReasonBytesMax) return InvalidArgument("the reason is too long");
  if (offer.size == 0) return InvalidArgument("a bundle is not empty");
  if (offer.size <= kDiagnosticsBytesMax) return OkStatus();
  return ResourceExhausted(
      fmt::format("a bundle has at most {} bytes, not {}", kDiagnosticsBytesMax, offer.size));
}

Status ReadJournal(Tx& tx, CaseFile* file) {
  const uint64_t count = file->run->event_count;
  const uint64_t after = count > kJournalLinesLookedAt ? count - kJournalLinesLookedAt : 0;
  ASSIGN_OR_RETURN(
      auto rows, tx.events.List(file->run->run_id, after, static_cast<int>(kJournalLinesLookedAt)));
  for (JournalRow& row : rows) {
    file->journal.push_back({row.sequence, row.receive_time, std::move(row.kind),
                             std::move(row.item_id), std::move(row.text)});
  }
  return OkStatus();
}

}  // namespace

std::string BundleIdOf(ByteView sha256) { return "B-" + ToHex(sha256).substr(0, 32); }

StatusOr<BundleProgress> DiagnosticsOffice::Progress(const DeviceId& device,
                                                     ByteView sha256) const {
  RETURN_IF_ERROR(CheckDigest(sha256));
  return bundles_.Look(device, sha256);
}

StatusOr<std::unique_ptr<BundleIntake>> DiagnosticsOffice::Begin(const DeviceId& device,
                                                                 const BundleOffer& offer) {
  RETURN_IF_ERROR(CheckOffer(device, offer));
  RETURN_IF_ERROR(
      store_.Read([&device](Tx& tx) -> Status { return tx.devices.Get(device).status(); }));
  Bundle bundle{.device = device,
                .id = BundleIdOf(offer.sha256),
                .run_id = offer.run_id,
                .reason = offer.reason,
                .size = offer.size,
                .sha256 = offer.sha256,
                .create_time = clock_.Now()};
  if (offer.device_time) {
    bundle.clock_offset = std::chrono::duration_cast<std::chrono::milliseconds>(*offer.device_time -
                                                                                bundle.create_time);
  }
  return bundles_.Begin(bundle, offer.offset);
}

StatusOr<BundleProgress> DiagnosticsOffice::Finish(const DeviceId& device, BundleIntake& intake) {
  ASSIGN_OR_RETURN(const BundleProgress progress, intake.Finish());
  if (!progress.complete) return progress;
  log::Info("diagnostics received", {{"device", device.text()}, {"bytes", progress.offset}});
  // The device has done its part: that an old one stays is not its failure.
  const Status removed = RemoveBeyond(device, kDiagnosticsBundlesKept);
  if (!removed.ok()) log::Warning("old diagnostics stay", {{"error", ToString(removed)}});
  return progress;
}

Status DiagnosticsOffice::RemoveBeyond(const DeviceId& device, size_t kept) {
  ASSIGN_OR_RETURN(const auto bundles, bundles_.List(device));
  for (size_t i = 0; i < bundles.size(); ++i) {
    const bool over = clock_.Now() >= ExpiryOf(bundles[i]);
    if (i >= kept || over) RETURN_IF_ERROR(bundles_.Remove(bundles[i]));
  }
  return OkStatus();
}

StatusOr<std::vector<Bundle>> DiagnosticsOffice::List(const DeviceId& device) const {
  RETURN_IF_ERROR(
      store_.Read([&device](Tx& tx) -> Status { return tx.devices.Get(device).status(); }));
  ASSIGN_OR_RETURN(auto bundles, bundles_.List(device));
  std::erase_if(bundles, [this](const Bundle& bundle) { return clock_.Now() >= ExpiryOf(bundle); });
  return bundles;
}

StatusOr<Bundle> DiagnosticsOffice::Find(const DeviceId& device, std::string_view id) const {
  ASSIGN_OR_RETURN(const auto bundles, List(device));
  for (const Bundle& bundle : bundles) {
    if (bundle.id == id) return bundle;
  }
  return NotFound(fmt::format("no such bundle of {}, or its time is over", device.text()));
}

StatusOr<CaseFile> DiagnosticsOffice::CaseOf(const DeviceId& id) const {
  CaseFile file;
  file.now = clock_.Now();
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(file.device, tx.devices.Get(id));
    ASSIGN_OR_RETURN(file.items, tx.runs.Items(id, file.device.attempt));
    if (file.device.attempt == 0) return OkStatus();
    ASSIGN_OR_RETURN(file.run, tx.runs.GetRun(RunId::Of(id, file.device.attempt)));
    return ReadJournal(tx, &file);
  }));
  ASSIGN_OR_RETURN(const auto bundles, bundles_.List(id));
  if (!bundles.empty()) file.clock_offset = bundles.front().clock_offset;
  return file;
}

StatusOr<std::vector<Diagnosis>> DiagnosticsOffice::DiagnoseDevice(const DeviceId& device) const {
  ASSIGN_OR_RETURN(const CaseFile file, CaseOf(device));
  return Diagnose(file);
}

void DiagnosticsOffice::Tick() {
  const WallTime now = clock_.Now();
  {
    auto swept = swept_.Lock();
    if (*swept && now - **swept < kSweepEvery) return;
    *swept = now;
  }
  const Status status = Sweep();
  if (!status.ok()) log::Warning("diagnostics not swept", {{"error", ToString(status)}});
}

Status DiagnosticsOffice::Sweep() {
  ASSIGN_OR_RETURN(const auto devices, bundles_.Devices());
  Status first;  // one damaged folder must not keep the others from being swept
  for (const DeviceId& device : devices) {
    first.Update(RemoveBeyond(device, kDiagnosticsBundlesKept));
    first.Update(bundles_.RemoveUnfinished(device, clock_.Now() - kUnfinishedLife));
  }
  return first;
}

}  // namespace preseal::server
