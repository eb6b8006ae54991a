// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/join_blob.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"

namespace preseal::agent::steps {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

StatusOr<json> ParseFormat(ByteView bytes) {
  const json parsed = json::parse(AsText(bytes), nullptr, false);
  const bool fits = parsed.is_object() && parsed.contains("format") &&
                    parsed["format"].is_number_integer() && parsed["format"] == kFormat;
  if (!fits) return InvalidArgument("not of format 1");
  return parsed;
}

StatusOr<std::string> Text(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return InvalidArgument(std::string(key) + " is missing");
  }
  return found->get<std::string>();
}

StatusOr<std::string> Name(const json& object, const char* key, size_t bytes_max) {
  ASSIGN_OR_RETURN(std::string text, Text(object, key));
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  };
  const bool fits = !text.empty() && text.size() <= bytes_max && text.front() != '-' &&
                    std::all_of(text.begin(), text.end(), allowed);
  if (!fits) return InvalidArgument(std::string(key) + " is no name");
  return text;
}

StatusOr<Membership> MembershipOf(const json& object) {
  Membership membership;
  ASSIGN_OR_RETURN(membership.domain, Name(object, "domain", kNameBytesMax));
  ASSIGN_OR_RETURN(membership.workgroup, Name(object, "workgroup", kDeviceNameCharsMax));
  ASSIGN_OR_RETURN(membership.computer_name, Name(object, "computer_name", kDeviceNameCharsMax));
  return membership;
}

}  // namespace

StatusOr<SambaJoinBlob> ParseSambaJoinBlob(ByteView bytes) {
  ASSIGN_OR_RETURN(const json object, ParseFormat(bytes));
  ASSIGN_OR_RETURN(const std::string provider, Text(object, "provider"));
  if (provider != kSambaProvider) return InvalidArgument("made by another provider");
  SambaJoinBlob blob;
  ASSIGN_OR_RETURN(blob.membership, MembershipOf(object));
  ASSIGN_OR_RETURN(const std::string encoded, Text(object, "odj"));
  ASSIGN_OR_RETURN(const std::string digest, Text(object, "odj_sha256"));
  ASSIGN_OR_RETURN(Bytes odj, crypto::Base64Decode(encoded));
  if (odj.empty() || ToHex(crypto::Sha256(odj)) != digest) return InvalidArgument("damaged");
  blob.odj = Secret(std::move(odj));
  return blob;
}

std::string JoinedNote(const Membership& membership) {
  const json note = {{"format", kFormat},
                     {"domain", membership.domain},
                     {"workgroup", membership.workgroup},
                     {"computer_name", membership.computer_name}};
  return note.dump(2) + "\n";
}

StatusOr<Membership> ParseJoinedNote(ByteView bytes) {
  ASSIGN_OR_RETURN(const json object, ParseFormat(bytes));
  return MembershipOf(object);
}

bool SameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&lower](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace preseal::agent::steps
