// SPDX-License-Identifier: Apache-2.0
#include "server/domain/assignment/rule.h"

#include <algorithm>

namespace preseal::server {
namespace {

constexpr std::string_view kAttributes = "attributes.";

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

std::string FactOf(const DeviceFacts& facts, std::string_view name) {
  if (name == "serial") return facts.serial;
  if (name == "model") return facts.model;
  if (name == "manufacturer") return facts.manufacturer;
  if (name == "sku") return facts.sku;
  if (name == "group_tag") return facts.group_tag;
  if (name == "purchase_order") return facts.purchase_order;
  const auto it = facts.attributes.find(std::string(name.substr(kAttributes.size())));
  return it == facts.attributes.end() ? "" : it->second;
}

// Goes back to the last star only, so the time is the product of the lengths at worst.
bool GlobMatches(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

bool Rule::Matches(const DeviceFacts& facts) const { return Matches(facts, nodes_.back()); }

bool Rule::Matches(const DeviceFacts& facts, const Node& node) const {
  switch (node.kind) {
    case Kind::kAll:
      return true;
    case Kind::kNot:
      return !Matches(facts, nodes_[node.left]);
    case Kind::kAnd:
      return Matches(facts, nodes_[node.left]) && Matches(facts, nodes_[node.right]);
    case Kind::kOr:
      return Matches(facts, nodes_[node.left]) || Matches(facts, nodes_[node.right]);
    case Kind::kEqual:
    case Kind::kIn:
    case Kind::kStartsWith:
    case Kind::kContains:
    case Kind::kMatches:
      break;
  }
  const std::string fact = Lower(FactOf(facts, node.fact));
  return std::any_of(node.values.begin(), node.values.end(), [&](const std::string& value) {
    if (node.kind == Kind::kStartsWith) return fact.starts_with(value);
    if (node.kind == Kind::kContains) return fact.find(value) != fact.npos;
    if (node.kind == Kind::kMatches) return GlobMatches(value, fact);
    return fact == value;
  });
}

}  // namespace preseal::server
