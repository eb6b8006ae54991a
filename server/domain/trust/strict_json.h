// SPDX-License-Identifier: Apache-2.0
// One description of a structure that both reads and writes its JSON, so that the two cannot drift
// apart. Inside server/domain/trust only.
//
//   template <typename Codec> void Describe(Codec& codec, LineRule& line) {
//     codec.Text("name", line.name, kNameBytesMax);
//   }
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace preseal::server {

template <typename E>
struct EnumName {
  E value;
  std::string_view name;
};

// Where the first problem lies ("firmware[2].model"), and what it is.
struct JsonFault {
  std::string path;
  std::string problem;

  Status ToStatus() const {
    if (problem.empty()) return OkStatus();
    return InvalidArgument(path.empty() ? problem : path + ": " + problem);
  }
};

// Writes every field that is not at its default: absent and default mean the same.
class JsonWriter {
 public:
  void Text(const char* key, std::string& value, size_t) {
    if (!value.empty()) json_[key] = value;
  }
  void Flag(const char* key, bool& value) {
    if (value) json_[key] = true;
  }
  void Number(const char* key, uint32_t& value, uint32_t) { json_[key] = value; }
  void Texts(const char* key, std::vector<std::string>& values, size_t, size_t) {
    if (!values.empty()) json_[key] = values;
  }
  template <typename E, size_t n>
  void Enum(const char* key, E& value, const EnumName<E> (&names)[n]) {
    for (const auto& name : names) {
      if (name.value == value) json_[key] = name.name;
    }
  }
  // A value with a text form of its own: to_text(value), parse(text) -> StatusOr<T>.
  template <typename T, typename ToText, typename Parse>
  void As(const char* key, T& value, const T& absent, ToText to_text, Parse) {
    if (!(value == absent)) json_[key] = to_text(value);
  }
  template <typename T, typename ToText, typename Parse>
  void Each(const char* key, std::vector<T>& values, size_t, ToText to_text, Parse) {
    if (values.empty()) return;
    auto& list = json_[key] = nlohmann::json::array();
    for (T& value : values) list.push_back(to_text(value));
  }
  template <typename T, typename Describe>
  void List(const char* key, std::vector<T>& values, size_t, Describe describe) {
    if (values.empty()) return;
    auto& list = json_[key] = nlohmann::json::array();
    for (T& value : values) {
      JsonWriter child;
      describe(child, value);
      list.push_back(std::move(child.json_));
    }
  }

  template <typename T, typename Describe>
  void Map(const char* key, T& value, Describe describe) {
    JsonWriter child;
    describe(child, value);
    if (!child.json_.empty()) json_[key] = std::move(child.json_);
  }

  // Keys sorted, no white space, bytes beyond ASCII as they are.
  std::string Dump() const {
    return json_.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

 private:
  nlohmann::json json_ = nlohmann::json::object();
};

// Reads fields; keeps the first fault. An absent field leaves its value alone.
class JsonReader {
 public:
  JsonReader(const nlohmann::json& json, std::string path, JsonFault* fault)
      : json_(json), path_(std::move(path)), fault_(*fault) {
    if (!json.is_object()) Fail("", "must be a map");
  }

  void Text(const char* key, std::string& value, size_t bytes_max) {
    if (const auto* node = Take(key)) ReadText(*node, key, bytes_max, &value);
  }
  void Flag(const char* key, bool& value) {
    const auto* node = Take(key);
    if (node == nullptr) return;
    if (!node->is_boolean()) return Fail(key, "must be true or false");
    value = node->template get<bool>();
  }
  void Number(const char* key, uint32_t& value, uint32_t max) {
    const auto* node = Take(key);
    if (node == nullptr) return;
    if (!node->is_number_unsigned() || node->template get<uint64_t>() > max) {
      return Fail(key, fmt::format("must be a number from 0 to {}", max));
    }
    value = node->template get<uint32_t>();
  }
  void Texts(const char* key, std::vector<std::string>& values, size_t count_max,
             size_t bytes_max) {
    Each(
        key, values, count_max, [](std::string& text) { return text; },
        [bytes_max](const std::string& text) -> StatusOr<std::string> {
          if (text.empty() || text.size() > bytes_max) {
            return InvalidArgument(fmt::format("must have 1 to {} bytes", bytes_max));
          }
          return text;
        });
  }
  template <typename E, size_t n>
  void Enum(const char* key, E& value, const EnumName<E> (&names)[n]) {
    std::string text;
    const auto* node = Take(key);
    if (node == nullptr || !ReadText(*node, key, kEnumBytesMax, &text)) return;
    std::string known;
    for (const auto& name : names) {
      if (name.name == text) {
        value = name.value;
        return;
      }
      known += (known.empty() ? "" : ", ") + std::string(name.name);
    }
    Fail(key, "must be one of " + known);
  }
  template <typename T, typename ToText, typename Parse>
  void As(const char* key, T& value, const T&, ToText, Parse parse) {
    std::string text;
    const auto* node = Take(key);
    if (node == nullptr || !ReadText(*node, key, kScalarBytesMax, &text)) return;
    auto parsed = parse(text);
    if (!parsed.ok()) return Fail(key, MessageOf(parsed.status()));
    value = *std::move(parsed);
  }
  template <typename T, typename ToText, typename Parse>
  void Each(const char* key, std::vector<T>& values, size_t count_max, ToText, Parse parse) {
    ForEach(
        key, count_max,
        [&](const nlohmann::json& node, const std::string& at) {
          if (!node.is_string()) return FailAt(at, "must be text");
          auto parsed = parse(node.get_ref<const std::string&>());
          if (!parsed.ok()) return FailAt(at, MessageOf(parsed.status()));
          values.push_back(*std::move(parsed));
        },
        [&values] { values.clear(); });
  }
  template <typename T, typename Describe>
  void List(const char* key, std::vector<T>& values, size_t count_max, Describe describe) {
    ForEach(
        key, count_max,
        [&](const nlohmann::json& node, const std::string& at) {
          JsonReader child(node, at, &fault_);
          T value;
          describe(child, value);
          child.Finish();
          values.push_back(std::move(value));
        },
        [&values] { values.clear(); });
  }

  template <typename T, typename Describe>
  void Map(const char* key, T& value, Describe describe) {
    const auto* node = Take(key);
    if (node == nullptr) return;
    JsonReader child(*node, PathOf(key), &fault_);
    describe(child, value);
    child.Finish();
  }

  // A key nobody asked for is a fault.
  void Finish() {
    if (!fault_.problem.empty() || !json_.is_object()) return;
    for (const auto& [key, value] : json_.items()) {
      if (!asked_.contains(key)) return Fail(key, "is not known");
    }
  }

 private:
  static constexpr size_t kEnumBytesMax = 64;
  static constexpr size_t kScalarBytesMax = 4096;

  const nlohmann::json* Take(const std::string& key) {
    asked_.insert(key);
    if (!fault_.problem.empty()) return nullptr;
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }
  bool ReadText(const nlohmann::json& node, const std::string& key, size_t bytes_max,
                std::string* out) {
    if (!node.is_string()) {
      Fail(key, "must be text (in quotes, if it looks like a number)");
      return false;
    }
    *out = node.get<std::string>();
    if (out->size() <= bytes_max) return true;
    Fail(key, fmt::format("must have at most {} bytes", bytes_max));
    return false;
  }
  template <typename One, typename Clear>
  void ForEach(const std::string& key, size_t count_max, One one, Clear clear) {
    const auto* list = Take(key);
    if (list == nullptr) return;
    if (!list->is_array()) return Fail(key, "must be a list");
    if (list->size() > count_max) return Fail(key, fmt::format("has more than {}", count_max));
    clear();
    for (size_t i = 0; i < list->size() && fault_.problem.empty(); ++i) {
      one((*list)[i], fmt::format("{}[{}]", PathOf(key), i));
    }
  }
  std::string PathOf(const std::string& key) const {
    if (key.empty()) return path_;
    return path_.empty() ? key : path_ + "." + key;
  }
  void Fail(const std::string& key, std::string_view problem) { FailAt(PathOf(key), problem); }
  void FailAt(const std::string& path, std::string_view problem) {
    if (fault_.problem.empty()) fault_ = {path, std::string(problem)};
  }

  const nlohmann::json& json_;
  const std::string path_;
  JsonFault& fault_;
  std::set<std::string> asked_;
};

// Parses without exceptions; INVALID_ARGUMENT if it is no JSON or a key is repeated.
StatusOr<nlohmann::json> ParseStrictJson(std::string_view text);

}  // namespace preseal::server
