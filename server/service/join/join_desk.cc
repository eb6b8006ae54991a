// SPDX-License-Identifier: Apache-2.0
#include "server/service/join/join_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

// DNS names are compared without case.
bool SameDomain(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&lower](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

// One fetch per device at a time.
class JoinDesk::Turn {
 public:
  Turn(Guarded<std::set<DeviceId>>& under_way, DeviceId device)
      : under_way_(under_way), device_(std::move(device)) {
    taken_ = under_way_.Lock()->insert(device_).second;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (taken_) under_way_.Lock()->erase(device_);
  }
  bool taken() const { return taken_; }

 private:
  Guarded<std::set<DeviceId>>& under_way_;
  const DeviceId device_;
  bool taken_ = false;
};

StatusOr<JoinBlob> JoinDesk::Fetch(const DeviceId& device, const RunId& run,
                                   std::string_view item_id) {
  ASSIGN_OR_RETURN(const JoinItem item, ItemFor(device, run, item_id));
  if (provider_ == nullptr) {
    return FailedPrecondition("no join provider is configured: set `join` in preseal.yaml");
  }
  if (!item.domain.empty() && !SameDomain(item.domain, provider_->domain())) {
    return FailedPrecondition(
        fmt::format("the plan joins {}, this server only {}", item.domain, provider_->domain()));
  }
  if (!IsComputerName(item.computer_name)) {
    return FailedPrecondition(
        "the plan gives the device no name a directory takes: set a name template");
  }
  const Turn turn(under_way_, device);
  if (!turn.taken()) return Aborted("a join of this device is under way: try again");
  auto blob = provider_->Provision({item.computer_name, device.text()}, stop_.get_token());
  if (!blob.ok()) {
    log::Warning("computer account not made", {{"device", device.text()},
                                               {"computer", item.computer_name},
                                               {"error", ToString(blob.status())}});
    return blob.status();
  }
  RETURN_IF_ERROR(Record(device, *blob, item.computer_name));
  return blob;
}

StatusOr<JoinItem> JoinDesk::ItemFor(const DeviceId& id, const RunId& run_id,
                                     std::string_view item_id) {
  Run run;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
    if (device.state != DeviceState::kProvisioning) {
      return FailedPrecondition(
          fmt::format("the device is {}: only a running technician flow may "
                      "join",
                      NameOf(device.state)));
    }
    if (run_id != RunId::Of(id, device.attempt)) {
      return FailedPrecondition(fmt::format("{} is not the device's present run", run_id.text()));
    }
    ASSIGN_OR_RETURN(run, tx.runs.GetRun(run_id));
    return OkStatus();
  }));
  if (run.outcome != RunOutcome::kRunning) return FailedPrecondition("the run has ended");
  ASSIGN_OR_RETURN(auto item, plans_.Find(run.plan, item_id));
  if (!item) return NotFound(fmt::format("{} has no such offline-join item", run_id.text()));
  return *std::move(item);
}

// Before the blob leaves: an account nobody can trace to a device must not exist unrecorded.
Status JoinDesk::Record(const DeviceId& device, const JoinBlob& blob,
                        std::string_view computer_name) {
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) {
    return tx.audit.Record({.time = clock_.Now(),
                            .actor = "devices/" + device.text(),
                            .action = "device.join",
                            .subject = "devices/" + device.text(),
                            .detail = fmt::format("computer {} in {} by {}", computer_name,
                                                  blob.domain, blob.provider)});
  }));
  log::Info("computer account made", {{"device", device.text()},
                                      {"computer", computer_name},
                                      {"domain", blob.domain},
                                      {"provider", blob.provider}});
  return OkStatus();
}

}  // namespace preseal::server
