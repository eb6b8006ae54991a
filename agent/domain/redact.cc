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
constexpr std::string_view kPemDashes = "-----";
constexpr size_t kPemLabelBytesMax = 60;
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

// Behind the first marker of a private key ("-----END EC PRIVATE KEY-----") of the kind `opening`
// ("-----END ") from `at` on; `begin` is where it starts. npos if there is none.
size_t AfterMarker(std::string_view text, std::string_view opening, size_t at, size_t* begin) {
  for (*begin = text.find(opening, at); *begin != text.npos;
       *begin = text.find(opening, *begin + opening.size())) {
    const std::string_view rest = text.substr(*begin + opening.size(), kPemLabelBytesMax);
    const std::string_view label = rest.substr(0, rest.find(kPemDashes));
    if (label.size() == rest.size() || label.find('\n') != label.npos) continue;
    if (label.find("PRIVATE KEY") == label.npos) continue;
    return *begin + opening.size() + label.size() + kPemDashes.size();
  }
  return text.npos;
}

// Without what stands from "-----BEGIN … PRIVATE KEY-----" to the end of its last line, or of the
// text.
std::string WithoutKeys(std::string_view text, bool& inside) {
  std::string clean;
  size_t at = 0;
  while (true) {
    size_t begin = at;
    if (!inside) {
      const size_t head = AfterMarker(text, kPemBegin, at, &begin);
      clean.append(text.substr(at, begin - at));
      if (head == text.npos) return clean;
      at = head;
      inside = true;
    }
    clean.append(kRemoved);
    at = AfterMarker(text, kPemEnd, at, &begin);
    if (at == text.npos) return clean;
    inside = false;
  }
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
      lower.replace(value, end - value, kRemoved);
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

// The lines of a text of several; of another one nothing.
std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  if (text.find('\n') == text.npos) return lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  for (size_t i = 0, count = secrets_.size(); i < count; ++i) {
    for (std::string& line : LinesOf(secrets_[i])) secrets_.push_back(std::move(line));
  }
  std::erase_if(secrets_,
                [](const std::string& secret) { return secret.size() < kSecretBytesLeast; });
  // One may be the beginning of another.
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& one, const auto& other) { return one.size() > other.size(); });
}

std::string Redactor::Clean(std::string_view text) const {
  bool inside_key = false;
  return Clean(text, inside_key);
}

std::string Redactor::Clean(std::string_view text, bool& inside_key) const {
  const std::string whole = WithoutKnown(WithoutKeys(text, inside_key), secrets_);
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
