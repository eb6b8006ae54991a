// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server::http {

// Converts between protobuf's binary and JSON forms ("ProtoJSON") for every message type linked
// into the process, by full name ("preseal.fleet.v1.Device"). Thread-safe.
class JsonCodec {
 public:
  JsonCodec();
  ~JsonCodec();

  // Stricter than protobuf's own parser: RFC 8259 JSON only, no duplicate keys, no unknown fields,
  // at most kJsonDepthMax levels. INVALID_ARGUMENT saying what and where otherwise. Empty input
  // means an empty message.
  StatusOr<std::string> ToBinary(const std::string& message_type, std::string_view json) const;

  // Zero values are left out, 64-bit integers are strings. `binary` comes from our own handlers:
  // what is no such message gives INTERNAL or the JSON of what could be read.
  StatusOr<std::string> ToJson(const std::string& message_type, std::string_view binary) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace preseal::server::http
