// SPDX-License-Identifier: Apache-2.0
// Reads typed inputs and checks their values, so that a run never starts with a wrong one.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "common/base/limits.h"
#include "server/adapters/profile/reading.h"

namespace preseal::server {

namespace plv1 = plan::v1;
using yaml::MapReader;

namespace {

bool IsInputName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= kInputNameBytesMax && name[0] >= 'A' && name[0] <= 'Z' &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::optional<int64_t> Integer(std::string_view text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

// Empty: the value fits its type.
std::string ValueProblem(const plv1::Input& input) {
  const std::string& value = input.value();
  if (value.size() > kEventTextBytesMax) return "\"value\" is too long";
  // It becomes an environment variable.
  if (value.find('\0') != value.npos) return "\"value\" must not have a zero byte";
  switch (input.type()) {
    case plv1::Input::TYPE_INTEGER: {
      const auto number = Integer(value);
      if (!number) return "\"value\" must be a whole number";
      const bool limited = input.minimum() != input.maximum();
      if (!limited || (*number >= input.minimum() && *number <= input.maximum())) return "";
      return fmt::format("\"value\" must be from {} to {}", input.minimum(), input.maximum());
    }
    case plv1::Input::TYPE_BOOLEAN:
      return value == "true" || value == "false" ? "" : "\"value\" must be true or false";
    case plv1::Input::TYPE_CHOICE:
      return std::find(input.choices().begin(), input.choices().end(), value) !=
                     input.choices().end()
                 ? ""
                 : "\"value\" is none of \"choices\"";
    case plv1::Input::TYPE_PATH:
      return IsTargetPath(value) ? "" : "\"value\" must be an absolute path in the target";
    default:
      return "";
  }
}

void ReadInput(const YAML::Node& node, Reading* reading, plv1::Input* input) {
  MapReader map(node, reading->mistakes);
  map.Required("name", input->mutable_name());
  if (map.Has("name") && !IsInputName(input->name())) {
    map.Fail("name", "an input's name has capitals, digits and _, at most 64");
  }
  size_t type = 0;
  map.Choice("type", {"string", "integer", "boolean", "choice", "path"}, &type);
  input->set_type(
      static_cast<plv1::Input::Type>(plv1::Input::TYPE_STRING + static_cast<int>(type)));
  std::vector<std::string> choices;
  map.Optional("choices", &choices);
  if (!choices.empty() && input->type() != plv1::Input::TYPE_CHOICE) {
    map.Fail("choices", "\"choices\" needs \"type: choice\"");
  }
  if (choices.size() > kPromptChoicesMax) {
    map.Fail("choices", fmt::format("at most {} choices", kPromptChoicesMax));
  }
  for (std::string& choice : choices) input->add_choices(std::move(choice));
  int64_t minimum = 0;
  int64_t maximum = 0;
  map.Optional("minimum", INT64_MIN, INT64_MAX, &minimum);
  map.Optional("maximum", INT64_MIN, INT64_MAX, &maximum);
  input->set_minimum(minimum);
  input->set_maximum(maximum);
  if (minimum > maximum) map.Fail("maximum", "\"maximum\" is below \"minimum\"");
  if (!map.Has("value")) map.Fail("value", "\"value\" is missing");
  map.Optional("value", input->mutable_value());
  const std::string problem = ValueProblem(*input);
  if (map.Has("value") && !problem.empty()) map.Fail("value", problem);
  (void)map.Finish();
}

}  // namespace

void ReadInputs(MapReader& map, Reading* reading, plv1::Step* step) {
  std::set<std::string> names;
  for (const YAML::Node& node : ReadList(map, "inputs", kStepInputsMax, reading)) {
    ReadInput(node, reading, step->add_inputs());
    if (!names.insert(step->inputs(step->inputs_size() - 1).name()).second) {
      reading->Fail(node, "this input's name comes twice");
    }
  }
}

}  // namespace preseal::server
