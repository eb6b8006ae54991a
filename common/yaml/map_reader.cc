// SPDX-License-Identifier: Apache-2.0
#include "common/yaml/map_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "common/base/bytes.h"
#include "common/base/limits.h"

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

using OnMistake = std::function<void(const YAML::Node&, std::string_view)>;

// Walks a document once. Aliases let a short text name the same node over and over, so nodes are
// counted as they are met.
class Walk {
 public:
  explicit Walk(OnMistake on_mistake) : on_mistake_(std::move(on_mistake)) {}

  // yaml-cpp keeps the last of two equal keys; which one was meant nobody can tell.
  void RefuseRepeatedKeys(const YAML::Node& node) {
    too_deep_ = too_deep_ || depth_ >= kYamlDepthMax;
    if (too_deep_ || ++nodes_ > kYamlNodesMax) return;
    ++depth_;
    if (node.IsMap()) {
      std::set<std::string> seen;
      for (const auto& entry : node) {
        if (!entry.first.IsScalar()) {
          on_mistake_(entry.first, "a key must be a word");
          continue;
        }
        const std::string& key = entry.first.Scalar();
        if (!seen.insert(key).second) {
          on_mistake_(entry.first,
                      fmt::format("key \"{}\" comes twice", EscapeForLog(key, kShownBytes)));
        }
        RefuseRepeatedKeys(entry.second);
      }
    } else if (node.IsSequence()) {
      for (const auto& entry : node) RefuseRepeatedKeys(entry);
    }
    --depth_;
  }
  bool too_large() const { return nodes_ > kYamlNodesMax; }
  bool too_deep() const { return too_deep_; }

 private:
  const OnMistake on_mistake_;
  size_t nodes_ = 0;
  size_t depth_ = 0;
  bool too_deep_ = false;
};

// False after a mistake that leaves nothing to read.
bool CheckMap(const YAML::Node& node, const OnMistake& on_mistake) {
  if (!node.IsMap()) {
    on_mistake(node, "expected \"key: value\" lines");
    return false;
  }
  bool words = true;
  Walk walk([&](const YAML::Node& where, std::string_view message) {
    words = words && where.IsScalar();
    on_mistake(where, message);
  });
  walk.RefuseRepeatedKeys(node);
  if (walk.too_deep()) {
    on_mistake(node, "nested too deep, or an alias stands inside what it names");
    return false;
  }
  if (!walk.too_large()) return words;
  on_mistake(node, "too many values; aliases count each time they are used");
  return false;
}

// Bytes of the character `text` begins with, 0 if it is none (RFC 3629).
size_t CharacterLength(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
  const uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < least || byte(1) > most) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

constexpr char kNotUtf8[] = "not UTF-8: save the file in that encoding";

// Of the first byte that is not UTF-8; yaml-cpp lets it through, and no message could hold it.
std::optional<YAML::Mark> FindStrayByte(std::string_view text) {
  YAML::Mark mark;
  for (size_t at = 0; at < text.size();) {
    const size_t length = CharacterLength(text.substr(at));
    if (length == 0) return mark;
    mark.column += static_cast<int>(length);
    if (text[at] == '\n') {
      ++mark.line;
      mark.column = 0;
    }
    at += length;
  }
  return std::nullopt;
}

Status ErrorAtMark(const YAML::Mark& mark, std::string_view name, std::string_view message) {
  return InvalidArgument(
      fmt::format("{}:{}:{}: {}", name, mark.line + 1, mark.column + 1, message));
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

void Mistakes::Add(const YAML::Node& node, std::string_view message) {
  AddInside(node, 0, message);
}

void Mistakes::AddInside(const YAML::Node& node, size_t offset, std::string_view message) {
  if (list.size() >= kMistakesMax) return;
  const YAML::Mark mark = node.Mark();
  list.push_back({static_cast<uint32_t>(std::max(mark.line, 0)) + first_line,
                  static_cast<uint32_t>(std::max(mark.column, 0) + 1 + static_cast<int>(offset)),
                  std::string(message)});
}

StatusOr<YAML::Node> ParseMap(std::string_view text, std::string_view name) {
  if (const auto stray = FindStrayByte(text)) return ErrorAtMark(*stray, name, kNotUtf8);
  try {
    YAML::Node node = YAML::Load(std::string(text));
    Status first;
    CheckMap(node, [&](const YAML::Node& where, std::string_view message) {
      if (first.ok()) first = ErrorAt(where, name, message);
    });
    RETURN_IF_ERROR(first);
    return node;
  } catch (const YAML::Exception& error) {
    return ErrorAtMark(error.mark, name, error.msg);
  }
}

std::optional<YAML::Node> ParseMap(std::string_view text, Mistakes* mistakes) {
  const auto add = [mistakes](const YAML::Mark& mark, std::string message) {
    mistakes->list.push_back({static_cast<uint32_t>(std::max(mark.line, 0)) + mistakes->first_line,
                              static_cast<uint32_t>(std::max(mark.column, 0) + 1),
                              std::move(message)});
  };
  if (const auto stray = FindStrayByte(text)) {
    add(*stray, kNotUtf8);
    return std::nullopt;
  }
  try {
    YAML::Node node = YAML::Load(std::string(text));
    const bool readable =
        CheckMap(node, [mistakes](const YAML::Node& where, std::string_view message) {
          mistakes->Add(where, message);
        });
    return readable ? std::optional(node) : std::nullopt;
  } catch (const YAML::Exception& error) {
    add(error.mark, error.msg);
    return std::nullopt;
  }
}

Status ErrorAt(const YAML::Node& node, std::string_view name, std::string_view message) {
  return ErrorAtMark(node.Mark(), name, message);
}

MapReader::MapReader(const YAML::Node& node, std::string_view name) : node_(node), name_(name) {
  if (!node_.IsMap()) FailAt(node_, "expected \"key: value\" lines");
}

MapReader::MapReader(const YAML::Node& node, Mistakes* mistakes)
    : node_(node), mistakes_(mistakes) {
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
  if (mistakes_ != nullptr) return mistakes_->Add(node, message);
  if (error_.ok()) error_ = ErrorAt(node, name_, message);
}

// A slip of two letters at most; a longer guess would only mislead.
std::string MapReader::Suggest(std::string_view key) const {
  constexpr size_t kSlipMax = 2;
  const auto nearest = std::min_element(asked_.begin(), asked_.end(), [&](auto& a, auto& b) {
    return EditDistance(key, a) < EditDistance(key, b);
  });
  if (nearest == asked_.end() || EditDistance(key, *nearest) > kSlipMax) return "";
  return fmt::format(", did you mean \"{}\"?", *nearest);
}

Status MapReader::Finish() {
  if (!error_.ok() || !node_.IsMap()) return error_;
  for (const auto& entry : node_) {
    const std::string key = EscapeForLog(entry.first.Scalar(), kShownBytes);
    if (asked_.contains(entry.first.Scalar())) continue;
    FailAt(entry.first, fmt::format("unknown key \"{}\"{}; known here: {}", key, Suggest(key),
                                    fmt::join(asked_, ", ")));
  }
  return error_;
}

}  // namespace preseal::yaml
