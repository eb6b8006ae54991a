// SPDX-License-Identifier: Apache-2.0
// What tests of the readers share: files by name, and mistakes as one prints them.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/adapters/profile/document_reader.h"

namespace preseal::server {

// Has "tools.deb" and "root.pem" only.
class TwoFiles final : public DocumentFiles {
 public:
  std::optional<DocumentFile> Find(std::string_view source) override {
    if (source == "tools.deb") return DocumentFile{"tools.deb", Bytes(32, 0xAB), 7};
    if (source == "root.pem") return DocumentFile{"root.pem", Bytes(32, 0xCD), 3};
    return std::nullopt;
  }
  StatusOr<Bytes> Content(const DocumentFile&, size_t) override { return ToBytes("PEM"); }
};

inline ParsedText Parse(const std::string& text) {
  TwoFiles files;
  return ReadDocuments("office.yaml", text, files);
}

// "7:9: message", one for each.
inline std::vector<std::string> MistakesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (const Mistake& mistake : Parse(text).mistakes) {
    lines.push_back(
        fmt::format("{}:{}: {}", mistake.place.line, mistake.place.column, mistake.message));
  }
  return lines;
}

inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

}  // namespace preseal::server
