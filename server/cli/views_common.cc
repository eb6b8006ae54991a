// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <nlohmann/json.hpp>

#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

Tone ToneOf(lifecycle_v1::DeviceState state) {
  switch (state) {
    case lifecycle_v1::DEVICE_STATE_REGISTERED:
    case lifecycle_v1::DEVICE_STATE_RETIRED:
      return Tone::kDim;
    case lifecycle_v1::DEVICE_STATE_PRESENT:
    case lifecycle_v1::DEVICE_STATE_PROVISIONING:
    case lifecycle_v1::DEVICE_STATE_SEALING:
    case lifecycle_v1::DEVICE_STATE_USER_SETUP:
      return Tone::kBusy;
    case lifecycle_v1::DEVICE_STATE_ENROLLED:  // not green: nothing is provisioned yet
      return Tone::kPlain;
    case lifecycle_v1::DEVICE_STATE_READY_TO_SEAL:
    case lifecycle_v1::DEVICE_STATE_SEALED:
    case lifecycle_v1::DEVICE_STATE_IN_SERVICE:
      return Tone::kGood;
    case lifecycle_v1::DEVICE_STATE_FAILED:
    case lifecycle_v1::DEVICE_STATE_BLOCKED:
      return Tone::kBad;
    default:  // proto enums are open: a newer server may know more
      return Tone::kWarn;
  }
}

}  // namespace

std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string StateName(lifecycle_v1::DeviceState state) {
  const std::string& full = lifecycle_v1::DeviceState_Name(state);
  constexpr size_t kPrefix = sizeof("DEVICE_STATE_") - 1;
  return full.size() > kPrefix ? full.substr(kPrefix) : "UNKNOWN";
}

Cell StateCell(lifecycle_v1::DeviceState state) {
  std::string text = StateName(state);
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  return {text, ToneOf(state), true};
}

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  // Only a timestamp outside the years 1 to 9999 gets here.
  if (!status.ok()) return "{}";
  return json;
}

std::string JsonQuoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  // ToString aborts outside the years 1 to 9999.
  using google::protobuf::util::TimeUtil;
  if (time.seconds() < TimeUtil::kTimestampMinSeconds ||
      time.seconds() > TimeUtil::kTimestampMaxSeconds) {
    return "invalid";
  }
  google::protobuf::Timestamp whole_seconds;
  whole_seconds.set_seconds(time.seconds());
  return google::protobuf::util::TimeUtil::ToString(whole_seconds);
}

}  // namespace preseal::server::cli
