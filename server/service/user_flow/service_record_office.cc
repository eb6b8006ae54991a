// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/service_record_office.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/limits.h"
#include "common/log/log.h"
#include "server/service/user_flow/service_record.h"

namespace preseal::server {
namespace {

// Of the newest run with the digest that was sealed; empty if it is not kept.
StatusOr<std::vector<Item>> SealedItems(Tx& tx, const Device& device) {
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device.id));
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (run->flow != Flow::kTechnician || run->profile_digest != device.sealed_plan_digest) {
      continue;
    }
    return tx.runs.Items(device.id, run->run_id.attempt());
  }
  return std::vector<Item>();
}

StatusOr<std::string> BirthCertificateOf(Tx& tx, const DeviceId& device) {
  auto found = tx.evidence.BirthCertificate(device);
  if (found.status().code() == StatusCode::kNotFound) return std::string();
  return found;
}

}  // namespace

Status ServiceRecordOffice::Make(Tx& tx, const RunId& id) const {
  // The tick before this one may have asked for it, too.
  ASSIGN_OR_RETURN(const auto due, tx.user_flow.ServiceRecordsDue(kServiceRecordsPerTick));
  if (std::find(due.begin(), due.end(), id) == due.end()) return OkStatus();
  ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id.device()));
  ASSIGN_OR_RETURN(const Run run, tx.runs.GetRun(id));
  ASSIGN_OR_RETURN(const auto items, tx.runs.Items(id.device(), id.attempt()));
  ASSIGN_OR_RETURN(const auto sealed, SealedItems(tx, device));
  ASSIGN_OR_RETURN(const std::string birth, BirthCertificateOf(tx, device.id));
  ASSIGN_OR_RETURN(const auto deployment, reports_.Deployment(tx, device, /*flow_allowed=*/true));
  const WallTime now = clock_.Now();
  const std::string payload = ServiceRecordJson({.issuer = issuer_,
                                                 .issue_time = now,
                                                 .device = device,
                                                 .run = run,
                                                 .items = items,
                                                 .sealed_items = sealed,
                                                 .state = deployment.state,
                                                 .durations = deployment.durations,
                                                 .birth_certificate = birth});
  ASSIGN_OR_RETURN(const std::string jws, signer_.SignServiceRecord(payload));
  return tx.user_flow.PutServiceRecord(id, jws, now);
}

void ServiceRecordOffice::NoteFailure(const RunId& id, const Status& status) {
  std::string failure = id.text() + ": " + ToString(status);
  {
    auto last = last_failure_.Lock();
    if (*last == failure) return;
    *last = failure;
  }
  log::Error("cannot make a service record", {{"run", id.text()}, {"error", ToString(status)}});
}

void ServiceRecordOffice::Tick() {
  std::vector<RunId> due;
  const Status read = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(due, tx.user_flow.ServiceRecordsDue(kServiceRecordsPerTick));
    return OkStatus();
  });
  if (!read.ok()) return log::Error("cannot look for due records", {{"error", ToString(read)}});
  for (const RunId& id : due) {
    store_.Write([this, id](Tx& tx) { return Make(tx, id); },
                 [this, id](const Status& status) {
                   if (status.ok()) {
                     log::Info("device is in service", {{"device", id.device().text()}});
                   } else {
                     NoteFailure(id, status);
                   }
                 });
  }
}

}  // namespace preseal::server
