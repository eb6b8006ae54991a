// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/envelope.h"

namespace preseal::server::http {
namespace {

constexpr size_t kPrefixBytes = 5;

uint8_t ByteAt(std::string_view text, size_t index) { return static_cast<uint8_t>(text[index]); }

}  // namespace

std::string MakeEnvelope(uint8_t flags, std::string_view message) {
  const auto size = static_cast<uint32_t>(message.size());
  std::string envelope;
  envelope.reserve(kPrefixBytes + message.size());
  envelope.push_back(static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) {
    envelope.push_back(static_cast<char>((size >> shift) & 0xff));
  }
  envelope.append(message);
  return envelope;
}

StatusOr<std::string_view> OnlyMessage(std::string_view body) {
  if (body.size() < kPrefixBytes) return InvalidArgument("body holds no enveloped message");
  const uint8_t flags = ByteAt(body, 0);
  if (flags == kEnvelopeCompressed) return Unimplemented("compressed messages are not supported");
  if (flags != 0) return InvalidArgument("unknown flags on the enveloped message");
  uint32_t size = 0;
  for (size_t i = 1; i < kPrefixBytes; ++i) size = (size << 8) | ByteAt(body, i);
  const std::string_view message = body.substr(kPrefixBytes);
  if (message.size() != size) {
    return InvalidArgument("body is not exactly one enveloped message");
  }
  return message;
}

}  // namespace preseal::server::http
