// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/grpc only: small values that several messages hold.
#pragma once

#include <chrono>
#include <string_view>

#include "agent/domain/plan.h"
#include "agent/service/status_display.h"
#include "preseal/device/v1/device.pb.h"
#include "preseal/plan/v1/plan.pb.h"

namespace preseal::agent {

// Cut to -1 s .. 366 days and below the millisecond: a huge value must be refused by whoever knows
// its limit, not overflow here.
std::chrono::milliseconds ReadDuration(const google::protobuf::Duration& duration);
void Set(std::chrono::milliseconds value, google::protobuf::Duration* out);

// InvalidArgument for a value this agent does not know. Unspecified is user-driven.
StatusOr<Mode> ReadMode(plan::v1::Mode mode);
// InvalidArgument for a text over kErrorMessageCharsMax characters.
StatusOr<OutOfBox> ReadOutOfBox(const plan::v1::OutOfBox& in);

// InvalidArgument, naming `field`, if `text` holds more bytes.
Status CheckLength(std::string_view field, std::string_view text, size_t bytes_max);
// The same for a text limited in characters of UTF-8.
Status CheckCharacters(std::string_view field, std::string_view text, size_t characters_max);

}  // namespace preseal::agent
