// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/status/status.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "server/service/ports.h"

namespace preseal::server {

enum class DeviceDetail {
  kTile,  // with its present run and last command
  kPage,  // and all runs and items
};

// The device as the API shows it, with what its other tables add.
Status FillDevice(Tx& tx, const Device& device, DeviceDetail detail, fleet::v1::Device* out);

}  // namespace preseal::server
