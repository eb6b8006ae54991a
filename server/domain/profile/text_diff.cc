// SPDX-License-Identifier: Apache-2.0
#include "server/domain/profile/text_diff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace preseal::server {
namespace {

constexpr size_t kCellsMax = 4'000'000;  // of the table below, 4 bytes each
constexpr size_t kContext = 2;

using Lines = std::vector<std::string_view>;

Lines Split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

struct Entry {
  char mark = ' ';
  std::string_view line;
};

// Longest common subsequence of the middles, by the usual table.
void DiffMiddle(const Lines& a, const Lines& b, std::vector<Entry>* out) {
  if (a.size() * b.size() > kCellsMax) {
    for (const auto line : a) out->push_back({'-', line});
    for (const auto line : b) out->push_back({'+', line});
    return;
  }
  const size_t width = b.size() + 1;
  std::vector<uint32_t> common((a.size() + 1) * width);
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i * width + j] =
          a[i] == b[j] ? common[(i + 1) * width + j + 1] + 1
                       : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      out->push_back({' ', a[i]});
      ++i;
      ++j;
    } else if (j == b.size() ||
               (i < a.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      out->push_back({'-', a[i++]});
    } else {
      out->push_back({'+', b[j++]});
    }
  }
}

std::vector<std::string> WithContext(const std::vector<Entry>& entries) {
  std::vector<bool> shown(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].mark == ' ') continue;
    const size_t begin = i - std::min(i, kContext);
    const size_t end = std::min(entries.size(), i + kContext + 1);
    std::fill(shown.begin() + static_cast<ptrdiff_t>(begin),
              shown.begin() + static_cast<ptrdiff_t>(end), true);
  }
  std::vector<std::string> lines;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (shown[i]) {
      lines.push_back(std::string(1, entries[i].mark) + " " + std::string(entries[i].line));
    } else if (lines.empty() ? i == 0 : shown[i - 1]) {
      lines.emplace_back("  ...");
    }
  }
  return lines;
}

}  // namespace

std::vector<std::string> DiffLines(std::string_view before, std::string_view after) {
  if (before == after) return {};
  Lines a = Split(before);
  Lines b = Split(after);
  const auto same = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const Lines head(a.begin(), same.first);
  a.erase(a.begin(), same.first);
  b.erase(b.begin(), same.second);
  Lines tail;
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    tail.push_back(a.back());
    a.pop_back();
    b.pop_back();
  }
  std::vector<Entry> entries;
  for (const auto line : head) entries.push_back({' ', line});
  DiffMiddle(a, b, &entries);
  std::for_each(tail.rbegin(), tail.rend(), [&](auto line) { entries.push_back({' ', line}); });
  return WithContext(entries);
}

}  // namespace preseal::server
