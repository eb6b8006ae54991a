// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/user_code_office.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "common/log/log.h"
#include "server/service/user_flow/user_code.h"

namespace preseal::server {
namespace {

Status CheckMayHaveACode(const Device& device) {
  if (device.state != DeviceState::kSealed && device.state != DeviceState::kUserSetup) {
    return FailedPrecondition(fmt::format("{} is {}: a code is issued once it is sealed",
                                          device.id.text(), NameOf(device.state)));
  }
  if (!device.assigned_user.empty()) return OkStatus();
  return FailedPrecondition(
      fmt::format("nobody is assigned to {}: run preseal update-device {} --assigned-user NAME",
                  device.id.text(), device.id.text()));
}

}  // namespace

StatusOr<IssuedUserCode> UserCodeOffice::Issue(const Principal& actor, const DeviceId& id) {
  ASSIGN_OR_RETURN(const Bytes random, crypto::RandomBytes(kUserCodeRandomBytes));
  IssuedUserCode issued{.code = FormatUserCode(random)};
  const auto digits = ParseUserCode(issued.code);
  if (!digits) return Internal("a new user code is none");
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
    RETURN_IF_ERROR(CheckMayHaveACode(device));
    const WallTime now = clock_.Now();
    issued.username = device.assigned_user;
    issued.expire_time = now + kUserCodeLife;
    RETURN_IF_ERROR(tx.user_flow.PutUserCode({.device_id = id,
                                              .username = device.assigned_user,
                                              .code_sha256 = UserCodeDigest(id, *digits),
                                              .create_time = now,
                                              .expire_time = issued.expire_time,
                                              .attempts_left = kUserCodeAttemptsMax}));
    return tx.audit.Record({.time = now,
                            .actor = actor.name,
                            .action = "device.user-code",
                            .subject = "devices/" + id.text(),
                            .detail = device.assigned_user});
  }));
  log::Info("user code issued", {{"device", id.text()}, {"actor", actor.name}});
  landing_.Push(id);
  return issued;
}

}  // namespace preseal::server
