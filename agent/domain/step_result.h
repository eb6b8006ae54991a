// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "agent/domain/item_code.h"

namespace preseal::agent {

// How one call of a step's executor ended.
struct StepResult {
  enum class Kind {
    kDone,        // applied; or: it is in place
    kNotInPlace,  // detect and verify only; `message` says what is missing
    kFailed,
    kStopped,  // the stop token was used; what was done is unknown
  };
  Kind kind = Kind::kDone;
  ItemCode code = ItemCode::kAgentError;  // kFailed
  std::string message;                    // one plain sentence
  std::optional<int> exit_code;
  bool final = false;  // kFailed: another attempt cannot help
  bool fatal = false;  // kFailed: nor can anything else in this run
  enum class Reboot { kNone, kLater, kNow };
  Reboot reboot = Reboot::kNone;  // kDone: it counts once the device has been restarted
};

}  // namespace preseal::agent
