// SPDX-License-Identifier: Apache-2.0
#include "server/cli/policy_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/yaml/map_reader.h"
#include "server/cli/input_file.h"
#include "server/domain/trust/policy_text.h"

namespace preseal::server::cli {
namespace {

struct Place {
  YAML::Node node;
  std::string file;
};
// Where each path of the JSON stood.
using Places = std::map<std::string, Place>;

// Plain true, false and whole numbers; all else, and all in quotes, is text.
nlohmann::json ScalarOf(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true") return true;
  if (text == "false") return false;
  uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = result.ec == std::errc() && result.ptr == text.data() + text.size();
  if (whole && !text.empty()) return number;
  return text;
}

StatusOr<nlohmann::json> ToJson(const YAML::Node& node, const std::string& file,
                                const std::string& path, int depth, Places* places) {
  if (depth > kJsonDepthMax) return yaml::ErrorAt(node, file, "nested too deep");
  (*places)[path] = {node, file};
  if (node.IsScalar()) return ScalarOf(node);
  nlohmann::json json = node.IsSequence() ? nlohmann::json::array() : nlohmann::json::object();
  if (node.IsSequence()) {
    for (size_t i = 0; i < node.size(); ++i) {
      ASSIGN_OR_RETURN(auto child,
                       ToJson(node[i], file, fmt::format("{}[{}]", path, i), depth + 1, places));
      json.push_back(std::move(child));
    }
    return json;
  }
  if (!node.IsMap()) return yaml::ErrorAt(node, file, "must not be empty");
  for (const auto& pair : node) {
    const std::string key = pair.first.Scalar();
    const std::string below = path.empty() ? key : path + "." + key;
    if (json.contains(key)) return yaml::ErrorAt(pair.first, file, key + ": stands twice");
    ASSIGN_OR_RETURN(json[key], ToJson(pair.second, file, below, depth + 1, places));
  }
  return json;
}

// The entries of an advisory table as the policy's firmware rules.
StatusOr<nlohmann::json> ReadTable(const std::string& file, Places* places) {
  const auto content = files::Read(file, kPolicyBytesMax);
  if (!content.ok()) return AsUsage(content.status());
  ASSIGN_OR_RETURN(const YAML::Node node, yaml::ParseMap(AsText(*content), file));
  const YAML::Node list = node["advisories"];
  if (!list || !list.IsSequence() || node.size() != 1) {
    return yaml::ErrorAt(node, file, "must hold a list \"advisories\" and nothing else");
  }
  ASSIGN_OR_RETURN(auto rules, ToJson(list, file, "firmware", 1, places));
  for (size_t i = 0; i < rules.size(); ++i) {
    auto& rule = rules[i];
    const bool sourced = rule.is_object() && rule.contains("source") &&
                         rule["source"].is_string() && rule["source"] != "";
    if (!sourced) return yaml::ErrorAt(list[i], file, "source: is missing");
    rule.erase("source");
  }
  return rules;
}

StatusOr<nlohmann::json> ReadAll(const YAML::Node& node, const std::string& name, Places* places) {
  ASSIGN_OR_RETURN(auto json, ToJson(node, name, "", 0, places));
  const auto firmware = json.find("firmware");
  if (firmware == json.end() || !firmware->is_object()) return json;
  if (firmware->size() != 1 || !firmware->contains("table") || !(*firmware)["table"].is_string()) {
    return yaml::ErrorAt(node["firmware"], name, "firmware: must be a list, or {table: FILE}");
  }
  const std::filesystem::path file =
      std::filesystem::path(name).parent_path() / (*firmware)["table"].get<std::string>();
  ASSIGN_OR_RETURN(*firmware, ReadTable(file.string(), places));
  return json;
}

// The place of the path, or of the nearest one above that stands in the file.
const Place& PlaceOf(const Places& places, std::string path) {
  for (;;) {
    const auto found = places.find(path);
    if (found != places.end()) return found->second;
    const size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
}

StatusOr<AttestationPolicy> Read(std::string_view text, const std::string& name) {
  if (text.size() > kPolicyBytesMax) return InvalidArgument(name + ": policy is too large");
  Places places;
  ASSIGN_OR_RETURN(const YAML::Node node, yaml::ParseMap(text, name));
  ASSIGN_OR_RETURN(const nlohmann::json json, ReadAll(node, name, &places));
  std::string path;
  auto policy = ReadPolicy(json, &path);
  if (policy.ok()) return policy;
  const Place& place = PlaceOf(places, path);
  return yaml::ErrorAt(place.node, place.file, MessageOf(policy.status()));
}

}  // namespace

StatusOr<AttestationPolicy> ReadPolicyFile(std::string_view text, const std::string& name) {
  try {
    return Read(text, name);
  } catch (const YAML::Exception& error) {
    return InvalidArgument(name + ": " + error.what());
  }
}

}  // namespace preseal::server::cli
