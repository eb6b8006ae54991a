// SPDX-License-Identifier: Apache-2.0
// Answers of the API as reports. Pure. States show as words with a tone; times as RFC 3339 in UTC.
#pragma once

#include <string>
#include <vector>

#include "preseal/auth/v1/auth.pb.h"
#include "preseal/batch/v1/batch.pb.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "server/cli/report.h"

namespace preseal::server::cli {

namespace auth_v1 = ::preseal::auth::v1;
namespace batch_v1 = ::preseal::batch::v1;
namespace fleet_v1 = ::preseal::fleet::v1;
namespace lifecycle_v1 = ::preseal::lifecycle::v1;
namespace progress_v1 = ::preseal::progress::v1;

// "D-1042" of "devices/D-1042": what follows the last slash.
std::string IdOf(const std::string& name);
// "READY TO SEAL".
Cell StateCell(lifecycle_v1::DeviceState state);
// "READY_TO_SEAL", for CSV and --state.
std::string StateName(lifecycle_v1::DeviceState state);
// proto3 JSON, compact, default values included so that the shape is stable.
std::string ToJson(const google::protobuf::Message& message);
// Escapes and quotes as a JSON string.
std::string JsonQuoted(const std::string& text);
// "2026-11-22T03:00:00Z", empty if unset.
std::string TimeText(const google::protobuf::Timestamp& time);

Report DevicesReport(const fleet_v1::ListDevicesResponse& response);
// One device with everything: facts, items, attempts.
Report DeviceReport(const fleet_v1::Device& device);
// One change in a series of them, for watching where there is no screen.
Report DeviceChangeReport(const fleet_v1::Device& device,
                          const google::protobuf::Timestamp& server_time);
Report EventsReport(const fleet_v1::ListEventsResponse& response);

Report BatchesReport(const batch_v1::ListBatchesResponse& response);
Report BatchReport(const batch_v1::Batch& batch);
Report BatchChangeReport(const batch_v1::Batch& batch);

Report PrincipalReport(const auth_v1::Principal& principal, const std::string& server);
Report TokensReport(const auth_v1::ListApiTokensResponse& response);

}  // namespace preseal::server::cli
