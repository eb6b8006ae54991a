// SPDX-License-Identifier: Apache-2.0
// Strict reading of YAML maps: a key nobody asked for, a wrong type or a value out of range is an
// error that names file, line and column. Wraps yaml-cpp, whose exceptions end here.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace preseal::yaml {

// Mistakes of one text, for readers that go on after the first.
struct Mistake {
  uint32_t line = 0;    // from 1
  uint32_t column = 0;  // from 1
  std::string message;
};
struct Mistakes {
  uint32_t first_line = 1;    // of the text, in the file it was cut out of
  std::vector<Mistake> list;  // at most kMistakesMax; the others are dropped

  void Add(const YAML::Node& node, std::string_view message);
  // `offset` is bytes into the one line a scalar stands on.
  void AddInside(const YAML::Node& node, size_t offset, std::string_view message);
};

// One document whose top is a map. InvalidArgument: not YAML (with the place), no map, a key twice.
// `name` stands in messages.
StatusOr<YAML::Node> ParseMap(std::string_view text, std::string_view name);
// Likewise; every repeated key is a mistake, after any other there is no node.
std::optional<YAML::Node> ParseMap(std::string_view text, Mistakes* mistakes);

// "config.yaml:12:3: message".
Status ErrorAt(const YAML::Node& node, std::string_view name, std::string_view message);

// Reads one map field by field; the first error is kept and given by Finish, or all are gathered in
// `mistakes` and Finish is always OK. Not thread-safe.
//   MapReader map(node, "config.yaml");
//   map.Required("organisation", &config.organisation);
//   RETURN_IF_ERROR(map.Finish());
class MapReader {
 public:
  MapReader(const YAML::Node& node, std::string_view name);
  MapReader(const YAML::Node& node, Mistakes* mistakes);  // which outlives the reader

  void Required(std::string_view key, std::string* out);
  void Optional(std::string_view key, std::string* out);
  void Optional(std::string_view key, bool* out);
  void Optional(std::string_view key, std::vector<std::string>* out);
  // A whole number from `min` to `max`; octal with a leading 0o or 0.
  void Optional(std::string_view key, int64_t min, int64_t max, int64_t* out);
  void Required(std::string_view key, int64_t min, int64_t max, int64_t* out);
  // "90s", "5min", "2h", "1500ms"; above 0, at most `max`.
  void Optional(std::string_view key, std::chrono::milliseconds max,
                std::chrono::milliseconds* out);
  // One of `choices`; gives its index.
  void Choice(std::string_view key, const std::vector<std::string_view>& choices, size_t* out);
  // The child, marked as read; nothing if absent.
  std::optional<YAML::Node> Child(std::string_view key);

  // For checks of the caller's own.
  void Fail(std::string_view key, std::string_view message);
  bool Has(std::string_view key) const;

  // The first error, or the first key nobody asked for, with the known key it resembles.
  Status Finish();

 private:
  const YAML::Node* Take(std::string_view key);
  bool TakeScalar(std::string_view key, bool required, std::string* out);
  void FailAt(const YAML::Node& node, std::string_view message);
  std::string Suggest(std::string_view key) const;

  const YAML::Node node_;
  const std::string name_;
  std::set<std::string, std::less<>> asked_;
  YAML::Node taken_;
  Status error_;
  Mistakes* const mistakes_ = nullptr;
};

}  // namespace preseal::yaml
