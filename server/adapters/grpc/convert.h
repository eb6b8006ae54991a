// SPDX-License-Identifier: Apache-2.0
// Domain values to messages of the API and back; the only place where the two meet.
#pragma once

#include <optional>

#include "common/status/status.h"
#include "preseal/batch/v1/batch.pb.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "preseal/progress/v1/progress.pb.h"
#include "server/service/ports.h"
#include "server/wire/wire_time.h"

namespace preseal::server {

// Everything but run, past_runs, items and last_command, which need other rows.
void ToProto(const Device& device, fleet::v1::Device* out);
void ToProto(const Item& item, progress::v1::Item* out);
void ToProto(const Run& run, fleet::v1::Run* out);
void ToProto(const Command& command, fleet::v1::Command* out);
void ToProto(const Batch& batch, batch::v1::Batch* out);

// Checks form and limits. InvalidArgument names the field.
StatusOr<Event> ToDomain(const progress::v1::Event& event);

// InvalidArgument for UNSPECIFIED or a number this server does not know.
StatusOr<DeviceState> ToDomain(lifecycle::v1::DeviceState state);

}  // namespace preseal::server
