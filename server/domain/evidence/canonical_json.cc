// SPDX-License-Identifier: Apache-2.0
#include "server/domain/evidence/canonical_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/crypto/encoding.h"

namespace preseal::server {
namespace {

using Json = nlohmann::json;

constexpr int64_t kIntegerMax = (int64_t{1} << 53) - 1;  // what every JSON reader keeps exactly

// Numbers are ours to check; a text's encoding is checked by dump.
bool NumbersFit(const Json& value) {
  if (value.is_number_float()) return false;
  if (value.is_number_unsigned()) return value.get<uint64_t>() <= uint64_t{kIntegerMax};
  if (value.is_number_integer()) {
    return value.get<int64_t>() >= -kIntegerMax && value.get<int64_t>() <= kIntegerMax;
  }
  return !value.is_structured() || std::all_of(value.begin(), value.end(), NumbersFit);
}

const Json& EmptyJson() {
  static const Json kEmpty;
  return kEmpty;
}

}  // namespace

StatusOr<std::string> CanonicalText(const Json& value) {
  if (!NumbersFit(value)) {
    return InvalidArgument("a number does not fit canonical JSON");
  }
  try {
    return value.dump();  // nlohmann sorts names; ours are ASCII, so bytes sort as UTF-16 does
  } catch (const Json::exception&) {
    return InvalidArgument("a text is not UTF-8");
  }
}

std::string BytesText(ByteView bytes) { return crypto::Base64UrlEncode(bytes); }

Json BytesList(const std::vector<Bytes>& list) {
  Json out = Json::array();
  for (const Bytes& bytes : list) out.push_back(BytesText(bytes));
  return out;
}

void MemberReader::Fail(std::string_view what) {
  if (status_.ok()) status_ = InvalidArgument(what);
}

const Json* MemberReader::Find(std::string_view name) {
  if (!status_.ok()) return nullptr;
  const auto found = object_.find(name);
  if (found != object_.end()) return &*found;
  Fail(fmt::format("{} is missing", name));
  return nullptr;
}

bool MemberReader::Has(std::string_view name) const {
  return status_.ok() && object_.find(name) != object_.end();
}

std::string MemberReader::Text(std::string_view name) {
  const Json* value = Find(name);
  if (value != nullptr && value->is_string()) return value->get<std::string>();
  Fail(fmt::format("{} is not a text", name));
  return {};
}

Bytes MemberReader::Binary(std::string_view name) {
  auto bytes = crypto::Base64UrlDecode(Text(name));
  if (bytes.ok()) return *std::move(bytes);
  Fail(fmt::format("{} is not base64url", name));
  return {};
}

crypto::Digest256 MemberReader::Digest(std::string_view name) {
  crypto::Digest256 digest{};
  const Bytes bytes = Binary(name);
  if (bytes.size() == digest.size()) {
    std::copy(bytes.begin(), bytes.end(), digest.begin());
  } else {
    Fail(fmt::format("{} is not 32 bytes", name));
  }
  return digest;
}

std::vector<Bytes> MemberReader::BinaryList(std::string_view name, size_t count_max) {
  std::vector<Bytes> out;
  for (const Json& item : Array(name, count_max)) {
    auto bytes = item.is_string() ? crypto::Base64UrlDecode(item.get_ref<const std::string&>())
                                  : StatusOr<Bytes>(InvalidArgument("not a text"));
    if (!bytes.ok()) {
      Fail(fmt::format("{} holds something else than base64url", name));
      return {};
    }
    out.push_back(*std::move(bytes));
  }
  return out;
}

std::vector<std::string> MemberReader::TextList(std::string_view name, size_t count_max) {
  std::vector<std::string> out;
  for (const Json& item : Array(name, count_max)) {
    if (item.is_string()) {
      out.push_back(item.get<std::string>());
    } else {
      Fail(fmt::format("{} holds something else than text", name));
    }
  }
  return out;
}

int64_t MemberReader::Integer(std::string_view name) {
  const Json* value = Find(name);
  if (value != nullptr && value->is_number_integer() && NumbersFit(*value)) {
    return value->get<int64_t>();
  }
  Fail(fmt::format("{} is not a whole number below 2^53", name));
  return 0;
}

uint64_t MemberReader::Unsigned(std::string_view name) {
  const int64_t value = Integer(name);
  if (value < 0) Fail(fmt::format("{} is negative", name));
  return value < 0 ? 0 : static_cast<uint64_t>(value);
}

WallTime MemberReader::Time(std::string_view name) {
  // system_clock counts nanoseconds: 9.2e15 microseconds would overflow it.
  constexpr int64_t kMicrosMax = INT64_MAX / 1000;
  const int64_t micros = Integer(name);
  if (micros > kMicrosMax || micros < -kMicrosMax) {
    Fail(fmt::format("{} is out of range", name));
    return {};
  }
  return FromMicros(micros);
}

bool MemberReader::Flag(std::string_view name) {
  const Json* value = Find(name);
  if (value != nullptr && value->is_boolean()) return value->get<bool>();
  Fail(fmt::format("{} is neither true nor false", name));
  return false;
}

const Json& MemberReader::Object(std::string_view name) {
  const Json* value = Find(name);
  if (value != nullptr && value->is_object()) return *value;
  Fail(fmt::format("{} is not an object", name));
  return EmptyJson();
}

const Json& MemberReader::Array(std::string_view name, size_t count_max) {
  const Json* value = Find(name);
  if (value != nullptr && value->is_array() && value->size() <= count_max) return *value;
  Fail(fmt::format("{} is not a list of at most {}", name, count_max));
  return EmptyJson();
}

}  // namespace preseal::server
