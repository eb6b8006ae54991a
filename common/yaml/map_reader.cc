// SPDX-License-Identifier: Apache-2.0
#include "common/yaml/map_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/bytes.h"

namespace preseal::yaml {
namespace {

constexpr size_t kShownBytes = 60;

std::optional<int64_t> ParseNumber(std::string_view text) {
  int base = 10;
  if (text.starts_with("0o")) {
    text.remove_prefix(2);
    base = 8;
  } else if (text.size() > 1 && text.starts_with("0")) {
    base = 8;
  }
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    int64_t milliseconds;
  };
  constexpr std::array<Unit, 4> kUnits = {
      {{"ms", 1}, {"min", 60'000}, {"s", 1000}, {"h", 3'600'000}}};
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto number = ParseNumber(text.substr(0, text.size() - unit.suffix.size()));
    if (!number || *number < 0 || *number > INT64_MAX / unit.milliseconds) return std::nullopt;
    return std::chrono::milliseconds(*number * unit.milliseconds);
  }
  return std::nullopt;
}

// yaml-cpp keeps the last of two equal keys; which one was meant nobody can tell.
Status RefuseRepeatedKeys(const YAML::Node& node, std::string_view name) {
  if (node.IsMap()) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return ErrorAt(entry.first, name, "a key must be a word");
      if (!seen.insert(entry.first.Scalar()).second) {
        return ErrorAt(
            entry.first, name,
            fmt::format("key \"{}\" comes twice", EscapeForLog(entry.first.Scalar(), 60)));
      }
      RETURN_IF_ERROR(RefuseRepeatedKeys(entry.second, name));
    }
  } else if (node.IsSequence()) {
    for (const auto& entry : node) RETURN_IF_ERROR(RefuseRepeatedKeys(entry, name));
  }
  return OkStatus();
}

}  // namespace

StatusOr<YAML::Node> ParseMap(std::string_view text, std::string_view name) {
  try {
    YAML::Node node = YAML::Load(std::string(text));
    if (!node.IsMap()) return ErrorAt(node, name, "expected \"key: value\" lines");
    RETURN_IF_ERROR(RefuseRepeatedKeys(node, name));
    return node;
  } catch (const YAML::Exception& error) {
    return InvalidArgument(
        fmt::format("{}:{}:{}: {}", name, error.mark.line + 1, error.mark.column + 1, error.msg));
  }
}

Status ErrorAt(const YAML::Node& node, std::string_view name, std::string_view message) {
  const YAML::Mark mark = node.Mark();
  return InvalidArgument(
      fmt::format("{}:{}:{}: {}", name, mark.line + 1, mark.column + 1, message));
}

MapReader::MapReader(const YAML::Node& node, std::string_view name) : node_(node), name_(name) {
  if (!node_.IsMap()) FailAt(node_, "expected \"key: value\" lines");
}

const YAML::Node* MapReader::Take(std::string_view key) {
  asked_.emplace(key);
  if (!node_.IsMap()) return nullptr;
  for (const auto& entry : node_) {
    if (entry.first.Scalar() != key) continue;
    taken_.reset(entry.second);
    return &taken_;
  }
  return nullptr;
}

bool MapReader::TakeScalar(std::string_view key, bool required, std::string* out) {
  const YAML::Node* value = Take(key);
  if (value == nullptr) {
    if (required) FailAt(node_, fmt::format("\"{}\" is missing", key));
    return false;
  }
  if (!value->IsScalar()) {
    FailAt(*value, fmt::format("\"{}\" must be one value", key));
    return false;
  }
  *out = value->Scalar();
  return true;
}

void MapReader::Required(std::string_view key, std::string* out) {
  if (TakeScalar(key, true, out) && out->empty()) {
    FailAt(taken_, fmt::format("\"{}\" must not be empty", key));
  }
}

void MapReader::Optional(std::string_view key, std::string* out) { TakeScalar(key, false, out); }

void MapReader::Optional(std::string_view key, bool* out) {
  std::string text;
  if (!TakeScalar(key, false, &text)) return;
  if (text == "true" || text == "false") {
    *out = text == "true";
  } else {
    FailAt(taken_, fmt::format("\"{}\" must be true or false", key));
  }
}

void MapReader::Optional(std::string_view key, std::vector<std::string>* out) {
  const YAML::Node* value = Take(key);
  if (value == nullptr) return;
  const bool list =
      value->IsSequence() &&
      std::all_of(value->begin(), value->end(), [](const auto& entry) { return entry.IsScalar(); });
  if (!list) return FailAt(*value, fmt::format("\"{}\" must be a list of words", key));
  out->clear();
  for (const auto& entry : *value) out->push_back(entry.Scalar());
}

void MapReader::Optional(std::string_view key, int64_t min, int64_t max, int64_t* out) {
  std::string text;
  if (!TakeScalar(key, false, &text)) return;
  const auto number = ParseNumber(text);
  if (!number || *number < min || *number > max) {
    return FailAt(taken_, fmt::format("\"{}\" must be a number from {} to {}", key, min, max));
  }
  *out = *number;
}

void MapReader::Required(std::string_view key, int64_t min, int64_t max, int64_t* out) {
  if (!Has(key)) {
    asked_.emplace(key);
    return FailAt(node_, fmt::format("\"{}\" is missing", key));
  }
  Optional(key, min, max, out);
}

void MapReader::Optional(std::string_view key, std::chrono::milliseconds max,
                         std::chrono::milliseconds* out) {
  std::string text;
  if (!TakeScalar(key, false, &text)) return;
  const auto duration = ParseDuration(text);
  if (!duration || duration->count() == 0 || *duration > max) {
    return FailAt(taken_, fmt::format("\"{}\" must be a time such as 90s, 5min or 2h, at most {} s",
                                      key, max.count() / 1000));
  }
  *out = *duration;
}

void MapReader::Choice(std::string_view key, const std::vector<std::string_view>& choices,
                       size_t* out) {
  std::string text;
  if (!TakeScalar(key, false, &text)) return;
  const auto it = std::find(choices.begin(), choices.end(), text);
  if (it == choices.end()) {
    return FailAt(taken_, fmt::format("\"{}\" must be one of: {}", key, fmt::join(choices, ", ")));
  }
  *out = static_cast<size_t>(it - choices.begin());
}

std::optional<YAML::Node> MapReader::Child(std::string_view key) {
  const YAML::Node* value = Take(key);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

void MapReader::Fail(std::string_view key, std::string_view message) {
  const YAML::Node* value = Take(key);
  FailAt(value == nullptr ? node_ : *value, message);
}

bool MapReader::Has(std::string_view key) const {
  if (!node_.IsMap()) return false;
  return std::any_of(node_.begin(), node_.end(),
                     [&](const auto& entry) { return entry.first.Scalar() == key; });
}

void MapReader::FailAt(const YAML::Node& node, std::string_view message) {
  if (error_.ok()) error_ = ErrorAt(node, name_, message);
}

Status MapReader::Finish() {
  if (!error_.ok() || !node_.IsMap()) return error_;
  for (const auto& entry : node_) {
    if (asked_.contains(entry.first.Scalar())) continue;
    return ErrorAt(
        entry.first, name_,
        fmt::format("unknown key \"{}\"; known here: {}",
                    EscapeForLog(entry.first.Scalar(), kShownBytes), fmt::join(asked_, ", ")));
  }
  return OkStatus();
}

}  // namespace preseal::yaml
