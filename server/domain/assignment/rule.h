// SPDX-License-Identifier: Apache-2.0
// The rule of a device group: which facts of a device's record put it in. Pure.
//
//   rule       = all | comparison | "not" rule | rule "and" rule | rule "or" rule | "(" rule ")"
//   comparison = fact ("==" | "!=" | "startsWith" | "contains" | "matches") "text"
//              | fact "in" "[" "text" { "," "text" } "]"
//   fact       = serial | model | manufacturer | sku | group_tag | purchase_order | attributes.KEY
//
// "not" binds closest, then "and", then "or". Texts are compared without case (ASCII); in them
// \" and \\ stand for " and \. `matches` compares the whole fact, * stands for any characters, ?
// for one. A fact the record does not have is the empty text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace preseal::server {

// What rules can ask about.
struct DeviceFacts {
  std::string serial;
  std::string model;
  std::string manufacturer;
  std::string sku;
  std::string group_tag;
  std::string purchase_order;
  std::map<std::string, std::string> attributes;
};

class Rule {
 public:
  struct Mistake {
    size_t offset = 0;  // in the text, bytes from 0
    std::string message;
  };
  // At most kRuleBytesMax bytes, nested at most kRuleDepthMax deep.
  static std::variant<Rule, Mistake> Parse(std::string_view text);

  bool Matches(const DeviceFacts& facts) const;
  const std::string& text() const { return text_; }

 private:
  friend class RuleParser;
  enum class Kind { kAll, kEqual, kStartsWith, kContains, kMatches, kIn, kNot, kAnd, kOr };
  struct Node {
    Kind kind = Kind::kAll;
    std::string fact;
    std::vector<std::string> values;  // in lower case
    size_t left = 0;                  // of nodes_
    size_t right = 0;
  };
  bool Matches(const DeviceFacts& facts, const Node& node) const;

  std::string text_;
  std::vector<Node> nodes_;  // children before parents; the last is the root
};

}  // namespace preseal::server
