// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/redact.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace preseal::agent {
namespace {

constexpr size_t kSecretBytesLeast = 4;
constexpr size_t kBase64RunLeast = 200;
constexpr std::string_view kPemBegin = "-----BEGIN ";
constexpr std::string_view kPemEnd = "-----END ";
constexpr std::string_view kPrivate = "PRIVATE KEY-----";
constexpr std::array<std::string_view, 12> kSecretNames = {
    "password", "passwd",        "passphrase", "secret",        "token",     "psk",
    "wep_key",  "one_time_code", "api_key",    "authorization", "join_blob", "private_key"};

bool IsBase64(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '=' ||
         c == '-' || c == '_';
}
bool IsSpace(char c) { return c == ' ' || c == '\t'; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// From "-----BEGIN … PRIVATE KEY-----" to the end of its last line, or of the text.
std::string WithoutKeys(std::string_view text) {
  std::string clean;
  size_t at = 0;
  while (at < text.size()) {
    const size_t begin = text.find(kPemBegin, at);
    const size_t head = begin == text.npos ? text.npos : text.find(kPrivate, begin);
    const bool is_key = head != text.npos && head - begin < 60 &&
                        text.substr(begin, head - begin).find('\n') == text.npos;
    if (begin == text.npos) return clean.append(text.substr(at));
    if (!is_key) {
      clean.append(text.substr(at, begin + kPemBegin.size() - at));
      at = begin + kPemBegin.size();
      continue;
    }
    clean.append(text.substr(at, begin - at)).append(kRemoved);
    const size_t foot = text.find(kPemEnd, head);
    const size_t last = foot == text.npos ? text.npos : text.find(kPrivate, foot);
    if (last == text.npos) return clean;
    at = last + kPrivate.size();
  }
  return clean;
}

std::string WithoutKnown(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    for (size_t at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), kRemoved);
      at += kRemoved.size();
    }
  }
  return text;
}

// Where the value of a field begins whose name ends at `at`; npos if none follows.
size_t ValueAfter(std::string_view line, size_t at) {
  while (at < line.size() && (std::isalnum(static_cast<unsigned char>(line[at])) != 0 ||
                              line[at] == '_' || line[at] == '-')) {
    ++at;  // "password_hash", "tokens"
  }
  while (at < line.size() && (line[at] == '"' || line[at] == '\'' || line[at] == '\\')) ++at;
  while (at < line.size() && IsSpace(line[at])) ++at;
  if (at >= line.size() || (line[at] != '=' && line[at] != ':')) return line.npos;
  ++at;
  while (at < line.size() && IsSpace(line[at])) ++at;
  return at < line.size() ? at : line.npos;
}

// A quoted value ends with its quote; another one with the line, for a password may hold spaces.
size_t EndOfValue(std::string_view line, size_t at) {
  const char quote = line[at];
  if (quote != '"' && quote != '\'') return line.size();
  for (size_t end = at + 1; end < line.size(); ++end) {
    if (line[end] == '\\') {
      ++end;
    } else if (line[end] == quote) {
      return end;
    }
  }
  return line.size();
}

std::string WithoutFields(std::string line) {
  std::string lower = Lower(line);
  for (const std::string_view name : kSecretNames) {
    for (size_t at = lower.find(name); at != lower.npos; at = lower.find(name, at)) {
      at += name.size();
      size_t value = ValueAfter(line, at);
      if (value == line.npos) continue;
      const size_t end = EndOfValue(line, value);
      if (line[value] == '"' || line[value] == '\'') ++value;
      line.replace(value, end - value, kRemoved);
      lower = Lower(line);
      at = value + kRemoved.size();
    }
  }
  return line;
}

std::string WithoutBlobs(std::string_view line) {
  std::string clean;
  for (size_t at = 0; at < line.size();) {
    size_t end = at;
    while (end < line.size() && IsBase64(line[end])) ++end;
    if (end - at >= kBase64RunLeast) {
      clean.append(kRemoved);
    } else {
      end = std::min(std::max(end, at + 1), line.size());
      clean.append(line.substr(at, end - at));
    }
    at = end;
  }
  return clean;
}

}  // namespace

Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase_if(secrets_,
                [](const std::string& secret) { return secret.size() < kSecretBytesLeast; });
  // One may be the beginning of another.
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& one, const auto& other) { return one.size() > other.size(); });
}

std::string Redactor::Clean(std::string_view text) const {
  const std::string whole = WithoutKnown(WithoutKeys(text), secrets_);
  std::string clean;
  for (size_t at = 0; at < whole.size();) {
    const size_t end = std::min(whole.find('\n', at), whole.size());
    clean += WithoutBlobs(WithoutFields(whole.substr(at, end - at)));
    if (end < whole.size()) clean += '\n';
    at = end + 1;
  }
  return clean;
}

}  // namespace preseal::agent
