// SPDX-License-Identifier: Apache-2.0
#include "common/base/ids.h"

#include <algorithm>
#include <cctype>

#include "common/base/limits.h"

namespace preseal {
namespace {

constexpr size_t kNumberDigitsMax = 15;
constexpr size_t kBatchIdBytesMax = 64;

bool AllDigits(std::string_view text, size_t digits_max) {
  return !text.empty() && text.size() <= digits_max && text[0] != '0' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsBatchCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

bool IsItemCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

Status DeviceId::Check(std::string_view text) {
  if (text.starts_with("D-") && AllDigits(text.substr(2), kNumberDigitsMax)) return OkStatus();
  return InvalidArgument("device id must look like D-1042");
}

DeviceId DeviceId::FromNumber(uint64_t number) {
  DeviceId id;
  id.text_ = "D-" + std::to_string(number);
  return id;
}

uint64_t DeviceId::number() const { return text_.empty() ? 0 : std::stoull(text_.substr(2)); }

Status RunId::Check(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot != std::string_view::npos && DeviceId::Check(text.substr(0, dot)).ok() &&
      AllDigits(text.substr(dot + 1), 4)) {
    return OkStatus();
  }
  return InvalidArgument("run id must look like D-1042.2");
}

RunId RunId::Of(const DeviceId& device, uint32_t attempt) {
  RunId id;
  id.text_ = device.text() + "." + std::to_string(attempt);
  return id;
}

DeviceId RunId::device() const { return *DeviceId::Parse(text_.substr(0, text_.find('.'))); }

uint32_t RunId::attempt() const {
  return static_cast<uint32_t>(std::stoul(text_.substr(text_.find('.') + 1)));
}

Status CommandId::Check(std::string_view text) {
  if (text.size() == 34 && text.starts_with("C-") &&
      std::all_of(text.begin() + 2, text.end(), IsLowerHex)) {
    return OkStatus();
  }
  return InvalidArgument("command id must be C- and 32 hex digits");
}

Status BatchId::Check(std::string_view text) {
  if (!text.empty() && text.size() <= kBatchIdBytesMax && text[0] != '.' &&
      std::all_of(text.begin(), text.end(), IsBatchCharacter)) {
    return OkStatus();
  }
  return InvalidArgument("batch id must be 1 to 64 letters, digits, dots, dashes or underscores");
}

Status ItemId::Check(std::string_view text) {
  if (!text.empty() && text.size() <= kItemIdBytesMax &&
      std::all_of(text.begin(), text.end(), IsItemCharacter)) {
    return OkStatus();
  }
  return InvalidArgument("item id must be 1 to 64 lower-case letters, digits or dashes");
}

}  // namespace preseal
