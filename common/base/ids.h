// SPDX-License-Identifier: Apache-2.0
// Names that must not be mixed up are types of their own, with a checked Parse. Pure values.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal {

// Shared shape of the string ids below. `Derived::Check` says what text is allowed.
template <typename Derived>
class TextId {
 public:
  // InvalidArgument names the kind of id and what is wrong.
  static StatusOr<Derived> Parse(std::string_view text) {
    RETURN_IF_ERROR(Derived::Check(text));
    Derived id;
    id.text_ = std::string(text);
    return id;
  }
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const TextId&) const = default;

 protected:
  TextId() = default;
  std::string text_;
};

// "D-1042": a device's record, given at import, printed on labels.
class DeviceId : public TextId<DeviceId> {
 public:
  DeviceId() = default;
  static Status Check(std::string_view text);
  static DeviceId FromNumber(uint64_t number);
  uint64_t number() const;  // 1042; 0 for an empty id
};

// "D-1042.2": the second run of D-1042.
class RunId : public TextId<RunId> {
 public:
  RunId() = default;
  static Status Check(std::string_view text);
  static RunId Of(const DeviceId& device, uint32_t attempt);
  DeviceId device() const;
  uint32_t attempt() const;
};

// "C-" and 32 lower-case hex digits.
class CommandId : public TextId<CommandId> {
 public:
  CommandId() = default;
  static Status Check(std::string_view text);
};

// A purchase order: 1..64 of [A-Za-z0-9._-], not starting with a dot.
class BatchId : public TextId<BatchId> {
 public:
  BatchId() = default;
  static Status Check(std::string_view text);
};

// An item of a plan: 1..kItemIdBytesMax of [a-z0-9-].
class ItemId : public TextId<ItemId> {
 public:
  ItemId() = default;
  static Status Check(std::string_view text);
};

}  // namespace preseal

template <typename T>
requires std::derived_from<T, preseal::TextId<T>>
struct std::hash<T> {
  size_t operator()(const T& id) const noexcept { return std::hash<std::string>()(id.text()); }
};
