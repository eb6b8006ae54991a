// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>

#include "common/base/clock.h"

namespace preseal::server {

// To the microsecond, as everything is stored.
void SetTime(WallTime time, google::protobuf::Timestamp* out);
WallTime ToWallTime(const google::protobuf::Timestamp& time);
void SetDuration(std::chrono::microseconds duration, google::protobuf::Duration* out);

}  // namespace preseal::server
