// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/wire_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::agent {
namespace {

constexpr std::chrono::seconds kLongest = 24h * 366;

}  // namespace

std::chrono::milliseconds ReadDuration(const google::protobuf::Duration& duration) {
  const int64_t seconds = std::clamp<int64_t>(duration.seconds(), -1, kLongest.count());
  return std::chrono::seconds(seconds) + std::chrono::milliseconds(duration.nanos() / 1'000'000);
}

void Set(std::chrono::milliseconds value, google::protobuf::Duration* out) {
  out->set_seconds(value.count() / 1000);
  out->set_nanos(static_cast<int32_t>(value.count() % 1000) * 1'000'000);
}

StatusOr<Mode> ReadMode(plan::v1::Mode mode) {
  switch (mode) {
    case plan::v1::MODE_UNSPECIFIED:
    case plan::v1::MODE_USER_DRIVEN:
      return Mode::kUserDriven;
    case plan::v1::MODE_SELF_DEPLOYING:
      return Mode::kSelfDeploying;
    default:
      return InvalidArgument("mode unknown");
  }
}

StatusOr<OutOfBox> ReadOutOfBox(const plan::v1::OutOfBox& in) {
  RETURN_IF_ERROR(CheckLength("language", in.language(), kLanguageBytesMax));
  RETURN_IF_ERROR(CheckLength("keyboard", in.keyboard(), kKeyboardBytesMax));
  RETURN_IF_ERROR(CheckCharacters("licence_text", in.licence_text(), kErrorMessageCharsMax));
  RETURN_IF_ERROR(CheckCharacters("privacy_text", in.privacy_text(), kErrorMessageCharsMax));
  OutOfBox out;
  out.language = in.language();
  out.keyboard = in.keyboard();
  out.hide_privacy = in.hide_privacy();
  out.hide_licence = in.hide_licence();
  out.standard_user = in.standard_user();
  out.skip_keyboard = in.skip_keyboard();
  out.skip_network = in.skip_network();
  out.licence_text = in.licence_text();
  out.privacy_text = in.privacy_text();
  return out;
}

Status CheckLength(std::string_view field, std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return OkStatus();
  return InvalidArgument(fmt::format("{} has {} bytes, at most {}", field, text.size(), bytes_max));
}

Status CheckCharacters(std::string_view field, std::string_view text, size_t characters_max) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  const auto count =
      text.size() - static_cast<size_t>(std::count_if(text.begin(), text.end(), continues));
  if (count <= characters_max) return OkStatus();
  return InvalidArgument(
      fmt::format("{} has {} characters, at most {}", field, count, characters_max));
}

}  // namespace preseal::agent
