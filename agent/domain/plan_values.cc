// SPDX-License-Identifier: Apache-2.0
// The values a plan hands to people and commands.
#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "agent/domain/plan_check.h"
#include "agent/domain/plan_parts.h"
#include "common/base/limits.h"
#include "common/pattern/pattern.h"

namespace preseal::agent {
namespace {

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// It becomes the name of an environment variable.
bool IsInputName(std::string_view name) {
  return !name.empty() && name.size() <= kInputNameBytesMax && IsUpper(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsUpper(c) || IsDigit(c) || c == '_'; });
}

Status CheckInteger(const StepInput& input) {
  int64_t value = 0;
  const char* end = input.value.data() + input.value.size();
  const auto parsed = std::from_chars(input.value.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return InvalidArgument("value must be a whole number");
  }
  if (input.minimum > input.maximum) return InvalidArgument("minimum is over maximum");
  if (input.minimum == input.maximum) return OkStatus();
  if (value < input.minimum || value > input.maximum) {
    return InvalidArgument("value must be " + std::to_string(input.minimum) + ".." +
                           std::to_string(input.maximum));
  }
  return OkStatus();
}

Status CheckChoice(const StepInput& input) {
  if (input.choices.empty() || input.choices.size() > kPromptChoicesMax) {
    return InvalidArgument("choices must be 1..32");
  }
  if (std::find(input.choices.begin(), input.choices.end(), input.value) == input.choices.end()) {
    return InvalidArgument("value is none of its choices");
  }
  return OkStatus();
}

Status CheckValue(const StepInput& input) {
  if (input.value.size() > kEventTextBytesMax) return InvalidArgument("value over 4096 bytes");
  // The environment would end there.
  if (input.value.find('\0') != std::string::npos) return InvalidArgument("value holds a NUL");
  if (input.type != StepInput::Type::kChoice && !input.choices.empty()) {
    return InvalidArgument("choices are for the type choice only");
  }
  switch (input.type) {
    case StepInput::Type::kString:
      return OkStatus();
    case StepInput::Type::kInteger:
      return CheckInteger(input);
    case StepInput::Type::kBoolean:
      return input.value == "true" || input.value == "false"
                 ? OkStatus()
                 : InvalidArgument("value must be \"true\" or \"false\"");
    case StepInput::Type::kChoice:
      return CheckChoice(input);
    case StepInput::Type::kPath:
      RETURN_IF_ERROR_CTX(CheckTargetPath(input.value), "value");
      return OkStatus();
  }
  return InvalidArgument("type unknown");
}

}  // namespace

Status CheckInputs(const std::vector<StepInput>& inputs) {
  if (inputs.size() > kStepInputsMax) return InvalidArgument("inputs must be at most 64");
  std::set<std::string> names;
  for (const StepInput& input : inputs) {
    const std::string where = "input " + EscapeForLog(input.name, kInputNameBytesMax);
    if (!IsInputName(input.name)) {
      return InvalidArgument(where + ": name must be [A-Z][A-Z0-9_]{0,63}");
    }
    if (!names.insert(input.name).second) return InvalidArgument(where + ": name is used twice");
    RETURN_IF_ERROR_CTX(CheckValue(input), where);
  }
  return OkStatus();
}

Status CheckPattern(std::string_view pattern) {
  if (pattern.size() > kPromptPatternBytesMax) return InvalidArgument("over 512 bytes");
  return pattern::Check(pattern);
}

Status CheckDeviceName(std::string_view name) {
  const auto allowed = [](char c) { return IsUpper(c) || IsLower(c) || IsDigit(c) || c == '-'; };
  const bool good = !name.empty() && name.size() <= kDeviceNameCharsMax && name.front() != '-' &&
                    name.back() != '-' && std::all_of(name.begin(), name.end(), allowed) &&
                    !std::all_of(name.begin(), name.end(), IsDigit);
  return good ? OkStatus()
              : InvalidArgument(
                    "device_name must be 1..15 letters, digits or inner hyphens, not only digits");
}

}  // namespace preseal::agent
