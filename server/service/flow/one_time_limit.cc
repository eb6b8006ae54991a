// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/one_time_limit.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <string>

#include "common/base/limits.h"
#include "common/log/log.h"
#include "server/domain/reports/one_time_rule.h"

namespace preseal::server {
namespace {

StatusOr<WallTime> ExpiryOf(std::optional<WallTime> asked, WallTime now) {
  const WallTime expiry = asked.value_or(now + kAllowNextLifeDefault);
  if (expiry <= now) return InvalidArgument("expire_time is past");
  if (expiry > now + kAllowNextLifeMax) {
    return InvalidArgument(
        fmt::format("expire_time is more than {} days away", kAllowNextLifeMax / 24h));
  }
  return expiry;
}

}  // namespace

StatusOr<Device> OneTimeLimit::AllowNext(const Principal& actor, const DeviceId& id,
                                         std::string_view reason,
                                         std::optional<WallTime> expire_time) {
  RETURN_IF_ERROR(RequirePerson(actor));
  RETURN_IF_ERROR(CheckReason(reason));
  Device device;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    const WallTime now = clock_.Now();
    ASSIGN_OR_RETURN(const WallTime expiry, ExpiryOf(expire_time, now));
    ASSIGN_OR_RETURN(device, tx.devices.Get(id));
    if (!OneTimeUsed(device)) {
      return FailedPrecondition(
          fmt::format("{} is {}: nothing keeps it from enrolling that this would allow", id.text(),
                      NameOf(device.state)));
    }
    device.allow_next = server::AllowNext{
        .actor = actor.name, .reason = std::string(reason), .expire_time = expiry};
    RETURN_IF_ERROR(tx.devices.Put(&device));
    const auto until = std::chrono::floor<std::chrono::seconds>(expiry);
    return tx.audit.Record(
        {.time = now,
         .actor = actor.name,
         .action = "device.allow-next",
         .subject = "devices/" + id.text(),
         .detail = fmt::format("until {:%Y-%m-%dT%H:%M:%SZ}: {}", fmt::gmtime(until), reason)});
  }));
  log::Info("next enrolment allowed", {{"device", id.text()}, {"actor", actor.name}});
  return device;
}

}  // namespace preseal::server
