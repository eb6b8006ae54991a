// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/spec_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/little_endian.h"

namespace preseal::server {
namespace {

using std::string_view_literals::operator""sv;

constexpr auto kSignature = "Spec ID Event03\0"sv;
constexpr uint32_t kAlgorithmsMax = 8;
constexpr size_t kUnknownDigestBytesMax = 64;  // no registered hash is longer

SpecIdResult Wrong(std::string seen, std::string expected) {
  return {{}, std::move(seen), std::move(expected)};
}

// The header is written in the old format so that old readers skip it. A digest in it would be
// extended by them and not by us: two readers must not see two replays (GHSA-9r4w-jg96-92mv).
std::string WrongRecord(const LoggedEvent& event) {
  if (event.type != kEvNoAction) return "Spec ID event of type " + EventTypeName(event.type);
  if (event.pcr != 0) return fmt::format("Spec ID event in PCR {}", event.pcr);
  const Bytes& digest = event.digests.front().value;
  if (std::any_of(digest.begin(), digest.end(), [](uint8_t byte) { return byte != 0; })) {
    return "Spec ID event with a digest";
  }
  return {};
}

SpecIdResult ReadAlgorithms(LittleEndianReader& reader, uint32_t count) {
  SpecIdResult out;
  for (uint32_t i = 0; i < count; ++i) {
    const auto id = reader.U16();
    const auto size = reader.U16();
    if (!id || !size) return Wrong("list of algorithms cut off", "as many as counted");
    const size_t known = BankDigestBytes(*id);
    const bool fits = known != 0 ? *size == known : *size > 0 && *size <= kUnknownDigestBytesMax;
    if (!fits) {
      return Wrong(fmt::format("{} with digests of {} bytes", BankName(*id), *size),
                   known != 0 ? fmt::format("{} bytes", known) : "1 to 64 bytes");
    }
    const bool repeated = std::any_of(out.algorithms.begin(), out.algorithms.end(),
                                      [&](const LogAlgorithm& seen) { return seen.id == *id; });
    if (repeated) return Wrong(BankName(*id) + " listed twice", "distinct algorithms");
    out.algorithms.push_back({*id, *size});
  }
  return out;
}

}  // namespace

bool LooksLikeSpecId(ByteView data) {
  // Without the NUL: a damaged one must not turn the log into a legacy log.
  const std::string_view text = AsText(data);
  return text.starts_with(kSignature.substr(0, kSignature.size() - 1));
}

SpecIdResult ReadSpecId(const LoggedEvent& event) {
  if (std::string wrong = WrongRecord(event); !wrong.empty()) {
    return Wrong(std::move(wrong), "EV_NO_ACTION in PCR 0 with a digest of zeros");
  }
  LittleEndianReader reader(event.data);
  const auto signature = reader.Raw(kSignature.size());
  const auto platform_class = reader.U32();
  const auto minor = reader.U8();
  const auto major = reader.U8();
  const auto errata = reader.U8();
  const auto uintn_size = reader.U8();
  const auto count = reader.U32();
  if (!signature || !platform_class || !minor || !major || !errata || !uintn_size || !count) {
    return Wrong("Spec ID event cut off", "all its fields");
  }
  if (AsText(*signature) != kSignature) return Wrong("signature without NUL", "Spec ID Event03");
  if (*platform_class > 1)
    return Wrong(fmt::format("platform class {}", *platform_class), "0 or 1");
  if (*major != 2) return Wrong(fmt::format("version {}.{}", *major, *minor), "version 2");
  if (*uintn_size != 1 && *uintn_size != 2) {
    return Wrong(fmt::format("UINTN size {}", *uintn_size), "1 or 2");
  }
  if (*count == 0 || *count > kAlgorithmsMax) {
    return Wrong(fmt::format("{} algorithms", *count), fmt::format("1 to {}", kAlgorithmsMax));
  }
  SpecIdResult out = ReadAlgorithms(reader, *count);
  if (!out.wrong.empty()) return out;
  const auto vendor_size = reader.U8();
  if (!vendor_size || reader.remaining() != *vendor_size) {
    return Wrong(fmt::format("{} bytes of vendor data", reader.remaining()),
                 vendor_size ? fmt::format("{} bytes", *vendor_size) : "its size");
  }
  return out;
}

}  // namespace preseal::server
