// SPDX-License-Identifier: Apache-2.0
// Reading and writing the canonical JSON of evidence (RFC 8785, whole numbers only). Internal to
// server/domain/evidence. Pure.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/digest.h"
#include "common/status/status.h"

namespace preseal::server {

// Compact, names sorted. InvalidArgument: text that is no UTF-8, or a number of 2^53 or more.
StatusOr<std::string> CanonicalText(const nlohmann::json& value);
std::string BytesText(ByteView bytes);
nlohmann::json BytesList(const std::vector<Bytes>& list);

// Takes members of one object. The first wrong one is remembered, all later answers are empty; ask
// `status` once at the end.
class MemberReader {
 public:
  explicit MemberReader(const nlohmann::json& object) : object_(object) {
    if (!object.is_object()) Fail("not an object");
  }

  std::string Text(std::string_view name);
  Bytes Binary(std::string_view name);
  crypto::Digest256 Digest(std::string_view name);
  std::vector<Bytes> BinaryList(std::string_view name, size_t count_max);
  std::vector<std::string> TextList(std::string_view name, size_t count_max);
  uint64_t Unsigned(std::string_view name);
  int64_t Integer(std::string_view name);
  WallTime Time(std::string_view name);
  bool Flag(std::string_view name);
  const nlohmann::json& Object(std::string_view name);
  const nlohmann::json& Array(std::string_view name, size_t count_max);
  bool Has(std::string_view name) const;
  void Fail(std::string_view what);
  const Status& status() const { return status_; }

 private:
  const nlohmann::json* Find(std::string_view name);

  const nlohmann::json& object_;
  Status status_;
};

}  // namespace preseal::server
