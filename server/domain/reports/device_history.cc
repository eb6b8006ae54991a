// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/device_history.h"

namespace preseal::server {
namespace {

bool HasBegun(DeviceState state) {
  return state != DeviceState::kRegistered && state != DeviceState::kBlocked &&
         state != DeviceState::kRetired;
}

// Evidence that does not go on with what was there: the device was released, or sealed before.
bool BeginsAnew(const Deployment& deployment, DeviceState before, DeviceState state) {
  if (state != DeviceState::kPresent || before == DeviceState::kPresent) return false;
  return !deployment.start || deployment.seal_time.has_value() || !HasBegun(before);
}

}  // namespace

Deployment LatestDeployment(std::span<const DeviceMark> marks) {
  Deployment found;
  DeviceState before = DeviceState::kRegistered;
  for (const DeviceMark& mark : marks) {
    const DeviceState state = mark.state;
    const bool moved = state != before;
    if (moved && state == DeviceState::kRegistered) found = {};
    if (BeginsAnew(found, before, state)) found = {};
    if (!found.start && HasBegun(state)) found.start = mark.time;
    if (state == DeviceState::kSealed && !found.seal_time) found.seal_time = mark.time;
    if (state == DeviceState::kUserSetup && !found.user_time) found.user_time = mark.time;
    const bool ends = state == DeviceState::kInService || state == DeviceState::kBlocked ||
                      state == DeviceState::kRetired;
    if (ends && found.start && !found.end) found.end = mark.time;
    before = state;
  }
  return found;
}

}  // namespace preseal::server
