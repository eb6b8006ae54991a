// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::agent {

// Where a prompt's answer goes: a file of the system being provisioned. Thread-safe.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  // Replaces `path` atomically with `text` and a line end, mode 0644; missing folders are made.
  //   path  accepted by CheckTargetPath;   text  at most kPromptAnswerBytesMax
  // Repeating it is harmless. ResourceExhausted: the target is full, nothing changed.
  // FailedPrecondition: the path leads nowhere it may. InvalidArgument: over the limit.
  virtual Status WriteAnswer(const std::string& path, std::string_view text) = 0;
};

}  // namespace preseal::agent
