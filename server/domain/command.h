// SPDX-License-Identifier: Apache-2.0
// A command a person gave to a device. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"

namespace preseal::server {

// Values are stored and equal preseal.fleet.v1.Command; never renumber.
enum class CommandKind {
  kStart = 1,
  kRetry = 2,
  kReseal = 3,
  kHold = 4,
  kResume = 5,
  kWaive = 6,
  kAnswerPrompt = 7,
  kDiagnostics = 8,
  kExtend = 9,
  kReset = 10,
  kRestart = 11,
  kContinue = 12,
  kSignIn = 13,
};
enum class CommandState {
  kQueued = 1,
  kDelivered = 2,
  kAccepted = 3,
  kDone = 4,
  kVerified = 5,
  kFailed = 6,
};

// Where a reseal stands between its two device steps.
enum class SealStep { kNone = 0, kQuoting = 1, kGranted = 2, kArmed = 3 };

struct Command {
  CommandId command_id;
  DeviceId device_id;
  CommandKind kind = CommandKind::kStart;
  CommandState state = CommandState::kQueued;
  std::string code;
  std::string message;
  WallTime create_time;
  WallTime update_time;
  std::string actor;
  std::string request_id;       // empty if none was given
  std::optional<RunId> run_id;  // absent only for a retry of a refused attestation
  SealStep seal_step = SealStep::kNone;
  Bytes nonce;                      // reseal: the second quote's qualifying data, kNonceBytes
  std::string item_id;              // waive, answer, extend; empty: none, or the run
  std::string text;                 // a reason or an answer
  std::chrono::milliseconds by{0};  // extend
};

inline bool IsOpen(CommandState state) {
  return state != CommandState::kVerified && state != CommandState::kFailed;
}

}  // namespace preseal::server
