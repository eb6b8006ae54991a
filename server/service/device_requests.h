// SPDX-License-Identifier: Apache-2.0
// What a device asks over its stream beside events, and what it is told; the wire forms are in
// preseal.device.v1. Each port belongs to DeviceStream, which checks form and limits first.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/device_actions.h"
#include "server/domain/profile/deployment_profile.h"

namespace preseal::server {

// TokenState.
struct TokenAnswer {
  std::string token;
  std::string item_id;
  bool granted = false;
  uint32_t place = 0;                                 // while waiting: 1 is next
  std::optional<std::chrono::milliseconds> estimate;  // until granted
  std::chrono::milliseconds lease{0};
};
// ActionResult.
struct ActionAnswer {
  std::string request_id;
  bool accepted = false;
  std::string message;
};
// SignInState.
struct SignInAnswer {
  // Values equal preseal.device.v1.SignInState.State; never renumber.
  enum class State { kPending = 1, kSignedIn = 2, kRefused = 3 };
  std::string request_id;
  State state = State::kRefused;
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;
  std::chrono::seconds expires_in{0};
  std::string username;
  std::string message;
  uint32_t attempts_left = 0;
};
// The part of the landing card that only the user flow shows.
struct UserFlowFacts {
  OutOfBox out_of_box;
  Mode mode = Mode::kUserDriven;
  bool one_time_code = false;
  bool device_authorization = false;
  bool signed_in = false;
};
// Landing, but for the device's id and the QR text.
struct LandingFacts {
  std::string organisation;
  std::string profile;
  std::string assigned_user;
  std::string serial_number;
  bool lab = false;
  bool quarantined = false;
  std::string device_name;
  std::vector<DeviceAction> actions;  // that are allowed at the device now
  std::string join;                   // join provider, empty: none
  std::optional<UserFlowFacts> user_flow;
  std::string error_message;
  bool show_progress = true;
  std::string notice;  // what else the person should know, such as the age of the seal
};
using DeviceAnswer = std::variant<TokenAnswer, ActionAnswer, SignInAnswer, LandingFacts>;

struct SignInAsk {
  struct OneTimeCode {
    std::string username;
    std::string code;  // a secret
  };
  struct StartDeviceAuthorization {};
  struct FirstBoot {};
  std::string request_id;
  std::variant<OneTimeCode, StartDeviceAuthorization, FirstBoot> method;
  std::string language;
  std::string keyboard;
  bool licence_accepted = false;
};

// Tokens for heavy work. Thread-safe; no call blocks. Answers go down the device's stream
// (LiveDevices, DeviceLink::Tell), at once and whenever a place changes.
class TokenDesk {
 public:
  virtual ~TokenDesk() = default;
  virtual void Ask(const DeviceId& device, std::string_view token, std::string_view item_id) = 0;
  virtual void Release(const DeviceId& device, std::string_view token,
                       std::string_view item_id) = 0;
  // The stream is gone, and with it what the device held or waited for.
  virtual void Gone(const DeviceId& device) = 0;
  // Every second.
  virtual void Tick() = 0;
};

// A button at the device. Thread-safe; blocks on the store.
class DeviceActions {
 public:
  virtual ~DeviceActions() = default;
  virtual ActionAnswer Act(const DeviceId& device, std::string_view request_id,
                           DeviceAction action) = 0;
};

// Who the user is. Thread-safe; blocks on the store. Answers go down the device's stream, some of
// them later.
class SignInDesk {
 public:
  virtual ~SignInDesk() = default;
  virtual void SignIn(const DeviceId& device, const SignInAsk& ask) = 0;
  // Whether sign-in at an identity provider is configured.
  virtual bool offers_device_authorization() const = 0;
};

// Who answers. A part that is absent answers nothing (tokens) or "not here" (the others).
struct RequestDesks {
  TokenDesk* tokens = nullptr;
  DeviceActions* actions = nullptr;
  SignInDesk* sign_in = nullptr;
};

}  // namespace preseal::server
