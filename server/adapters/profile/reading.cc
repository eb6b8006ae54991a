// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/profile/reading.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::server {

using yaml::MapReader;

namespace {

constexpr char kPathRule[] =
    "a path in the target starts with / and has no empty, \".\" or \"..\" parts";
constexpr char kIdRule[] = "use 1 to 64 lower-case letters, digits, dashes";

// Code points; a stray byte counts as one.
size_t CharsOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

Place Reading::PlaceOf(const YAML::Node& node) const {
  const YAML::Mark mark = node.Mark();
  return {file_name, static_cast<uint32_t>(std::max(mark.line, 0)) + mistakes->first_line,
          static_cast<uint32_t>(std::max(mark.column, 0)) + 1};
}

void ReadId(MapReader& map, std::string_view key, std::string* out) {
  map.Required(key, out);
  if (map.Has(key) && !out->empty() && !ItemId::Parse(*out).ok()) map.Fail(key, kIdRule);
}

void ReadText(MapReader& map, std::string_view key, size_t chars_max, std::string* out) {
  map.Optional(key, out);
  if (CharsOf(*out) > chars_max) {
    map.Fail(key, fmt::format("\"{}\" has more than {} characters", key, chars_max));
  }
}

std::vector<Mention> ReadMentions(MapReader& map, std::string_view key, Reading* reading) {
  std::vector<Mention> mentions;
  for (const YAML::Node& node : ReadList(map, key, kPlanStepsMax, reading)) {
    if (!node.IsScalar() || !ItemId::Parse(node.Scalar()).ok()) {
      reading->Fail(node, kIdRule);
      continue;
    }
    mentions.push_back({node.Scalar(), reading->PlaceOf(node)});
  }
  return mentions;
}

Mention ReadMention(MapReader& map, std::string_view key, Reading* reading) {
  const auto node = map.Child(key);
  if (!node) return {};
  if (!node->IsScalar() || !ItemId::Parse(node->Scalar()).ok()) {
    reading->Fail(*node, kIdRule);
    return {};
  }
  return {node->Scalar(), reading->PlaceOf(*node)};
}

std::vector<YAML::Node> ReadList(MapReader& map, std::string_view key, size_t max,
                                 Reading* reading) {
  std::vector<YAML::Node> nodes;
  const auto list = map.Child(key);
  if (!list) return nodes;
  if (!list->IsSequence()) {
    reading->Fail(*list, fmt::format("\"{}\" must be a list", key));
    return nodes;
  }
  if (list->size() > max) {
    reading->Fail(*list, fmt::format("\"{}\" has more than {} entries", key, max));
    return nodes;
  }
  for (const auto& entry : *list) nodes.push_back(entry);
  return nodes;
}

bool IsTargetPath(std::string_view path) {
  if (!path.starts_with('/') || path.size() > kTargetPathBytesMax || HasControl(path)) return false;
  for (size_t slash = 0; slash < path.size();) {
    const size_t end = std::min(path.find('/', slash + 1), path.size());
    const std::string_view part = path.substr(slash + 1, end - slash - 1);
    if (part.empty() || part == "." || part == "..") return false;
    slash = end;
  }
  return true;
}

void ReadTargetPath(MapReader& map, std::string_view key, bool required, std::string* out) {
  if (required) {
    map.Required(key, out);
  } else {
    map.Optional(key, out);
  }
  if (!map.Has(key) || out->empty()) return;
  if (!IsTargetPath(*out)) map.Fail(key, kPathRule);
}

}  // namespace preseal::server
