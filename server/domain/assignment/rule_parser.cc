// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/limits.h"
#include "server/domain/assignment/rule.h"

namespace preseal::server {
namespace {

constexpr std::array<std::string_view, 6> kFacts = {"serial", "model",     "manufacturer",
                                                    "sku",    "group_tag", "purchase_order"};
constexpr std::string_view kAttributes = "attributes.";

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

bool IsFact(std::string_view word) {
  if (word.starts_with(kAttributes)) {
    const size_t key = word.size() - kAttributes.size();
    return key > 0 && key <= kAttributeKeyBytesMax;
  }
  return std::find(kFacts.begin(), kFacts.end(), word) != kFacts.end();
}

}  // namespace

// Recursive descent; the first mistake ends it.
class RuleParser {
 public:
  explicit RuleParser(std::string_view text) : text_(text) {}

  std::variant<Rule, Rule::Mistake> Run() {
    if (text_.size() > kRuleBytesMax) {
      return Rule::Mistake{0, fmt::format("a rule has at most {} bytes", kRuleBytesMax)};
    }
    Next();
    ParseOr(0);
    if (!mistake_ && !token_.empty()) Fail(fmt::format("unexpected {}", Shown()));
    if (mistake_) return *mistake_;
    rule_.text_ = text_;
    return std::move(rule_);
  }

 private:
  using Kind = Rule::Kind;

  // Token: "" at the end, a word, a sign, or a text, which begins with a quote.
  void Next() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_ + token_.size()), text_.size());
    token_ = {};
    if (at_ == text_.size()) return;
    const std::string_view rest = text_.substr(at_);
    size_t size = 1;
    if (rest.front() == '"') {
      size = TextSize(rest);
      if (size == 0) return Fail("this text does not end");
    } else if (rest.starts_with("==") || rest.starts_with("!=")) {
      size = 2;
    } else if (IsWordChar(rest.front())) {
      size = static_cast<size_t>(std::find_if_not(rest.begin(), rest.end(), IsWordChar) -
                                 rest.begin());
    }
    token_ = rest.substr(0, size);
  }

  static size_t TextSize(std::string_view rest) {
    for (size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == '\\') {
        ++i;
      } else if (rest[i] == '"') {
        return i + 1;
      }
    }
    return 0;
  }

  size_t Add(Rule::Node node) {
    rule_.nodes_.push_back(std::move(node));
    return rule_.nodes_.size() - 1;
  }

  size_t ParseOr(int depth) {
    size_t left = ParseAnd(depth);
    while (!mistake_ && token_ == "or") {
      Next();
      const size_t right = ParseAnd(depth);
      left = Add({Kind::kOr, "", {}, left, right});
    }
    return left;
  }

  size_t ParseAnd(int depth) {
    size_t left = ParseNot(depth);
    while (!mistake_ && token_ == "and") {
      Next();
      const size_t right = ParseNot(depth);
      left = Add({Kind::kAnd, "", {}, left, right});
    }
    return left;
  }

  size_t ParseNot(int depth) {
    if (mistake_) return 0;
    if (depth > kRuleDepthMax) {
      Fail(fmt::format("nested more than {} deep", kRuleDepthMax));
      return 0;
    }
    if (token_ == "not") {
      Next();
      const size_t inner = ParseNot(depth + 1);
      return Add({Kind::kNot, "", {}, inner, 0});
    }
    if (token_ == "(") {
      Next();
      const size_t inner = ParseOr(depth + 1);
      Expect(")");
      // The root must be the last node, also of "(a)": the inner one is, as nothing came after it.
      return inner;
    }
    if (token_ == "all") {
      Next();
      return Add({Kind::kAll, "", {}, 0, 0});
    }
    return ParseComparison();
  }

  size_t ParseComparison() {
    if (!IsFact(token_)) {
      Fail(fmt::format("expected one of {}, attributes.KEY, all, not or \"(\", found {}",
                       fmt::join(kFacts, ", "), Shown()));
      return 0;
    }
    Rule::Node node{.fact = std::string(token_)};
    Next();
    const std::string_view sign = token_;
    if (sign == "==" || sign == "!=") {
      node.kind = Kind::kEqual;
    } else if (sign == "startsWith") {
      node.kind = Kind::kStartsWith;
    } else if (sign == "contains") {
      node.kind = Kind::kContains;
    } else if (sign == "matches") {
      node.kind = Kind::kMatches;
    } else if (sign == "in") {
      node.kind = Kind::kIn;
    } else {
      Fail(fmt::format("expected ==, !=, in, startsWith, contains or matches, found {}", Shown()));
      return 0;
    }
    Next();
    if (node.kind == Kind::kIn) {
      ParseList(&node);
    } else {
      TakeText(&node);
    }
    const size_t made = Add(std::move(node));
    return sign == "!=" ? Add({Kind::kNot, "", {}, made, 0}) : made;
  }

  void ParseList(Rule::Node* node) {
    Expect("[");
    TakeText(node);
    while (!mistake_ && token_ == ",") {
      Next();
      TakeText(node);
    }
    Expect("]");
  }

  void TakeText(Rule::Node* node) {
    if (mistake_) return;
    if (!token_.starts_with('"'))
      return Fail(fmt::format("expected a \"text\", found {}", Shown()));
    std::string value;
    for (size_t i = 1; i + 1 < token_.size(); ++i) {
      if (token_[i] == '\\') ++i;
      const char c = token_[i];
      value += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    node->values.push_back(std::move(value));
    Next();
  }

  void Expect(std::string_view sign) {
    if (mistake_) return;
    if (token_ != sign) return Fail(fmt::format("expected \"{}\", found {}", sign, Shown()));
    Next();
  }

  std::string Shown() const {
    constexpr size_t kShownMax = 40;
    return token_.empty() ? "the end" : fmt::format("{}", token_.substr(0, kShownMax));
  }

  void Fail(std::string message) {
    if (!mistake_) mistake_ = Rule::Mistake{at_, std::move(message)};
  }

  const std::string_view text_;
  size_t at_ = 0;
  std::string_view token_;
  Rule rule_;
  std::optional<Rule::Mistake> mistake_;
};

std::variant<Rule, Rule::Mistake> Rule::Parse(std::string_view text) {
  return RuleParser(text).Run();
}

}  // namespace preseal::server
