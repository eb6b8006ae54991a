// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/data_rules.h"

#include <algorithm>
#include <array>
#include <optional>

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/guid.h"
#include "server/domain/event_log/uefi_variable.h"

namespace preseal::server {
namespace {

using Mark = std::array<uint8_t, 4>;
constexpr Mark kZeros{0, 0, 0, 0};
constexpr Mark kOnes{0xFF, 0xFF, 0xFF, 0xFF};
constexpr Mark kErrorLittle{1, 0, 0, 0};
constexpr Mark kErrorBig{0, 0, 0, 1};

constexpr uint32_t kBootLoaderTextPcr = 8;

// Every bank must agree: whoever owns one unused bank can fake its digests, but cannot make a true
// SHA-1 and a fake SHA-256 agree on the same data.
bool AllDigestsAre(const LoggedEvent& event, ByteView data) {
  bool any = false;
  for (const EventDigest& digest : event.digests) {
    if (!CanHashBank(digest.algorithm)) continue;
    if (BankHash(digest.algorithm, data) != digest.value) return false;
    any = true;
  }
  return any;
}

DataBinding WholeOr(DataForm otherwise, const LoggedEvent& event) {
  if (AllDigestsAre(event, event.data)) return {DataForm::kWhole, event.data, {}};
  return {otherwise, {}, {}};
}

DataBinding BindSeparator(const LoggedEvent& event) {
  if (AllDigestsAre(event, kErrorLittle) || AllDigestsAre(event, kErrorBig)) {
    return {DataForm::kErrorSeparator, {}, {}};
  }
  return WholeOr(DataForm::kMismatch, event);
}

DataBinding BindBootVariable(const LoggedEvent& event) {
  DataBinding whole = WholeOr(DataForm::kMismatch, event);
  if (whole.form == DataForm::kWhole) return whole;
  const auto variable = ParseUefiVariable(event.data);
  if (variable && AllDigestsAre(event, variable->data)) {
    return {DataForm::kVariableData, variable->data, {}};
  }
  return whole;
}

DataBinding BindAuthority(const LoggedEvent& event) {
  DataBinding whole = WholeOr(DataForm::kMismatch, event);
  if (whole.form == DataForm::kWhole || event.data.empty()) return whole;
  const ByteView shorter = ByteView(event.data).first(event.data.size() - 1);
  if (AllDigestsAre(event, shorter)) return {DataForm::kAllButLastByte, shorter, {}};
  return whole;
}

// GRUB measures "cmd", logs "grub_cmd: cmd" and a NUL; older ones have no colon, or measure the
// NUL; others log the bare text.
std::optional<DataBinding> BindText(const LoggedEvent& event, std::string_view prefix,
                                    std::string_view text) {
  const auto bind = [&](std::string_view form) -> std::optional<DataBinding> {
    if (!AllDigestsAre(event, AsBytes(form))) return std::nullopt;
    return DataBinding{DataForm::kText, AsBytes(form), prefix};
  };
  const size_t end = text.find_last_not_of('\0');
  const std::string_view trimmed = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (auto bound = bind(trimmed)) return bound;
  return trimmed.size() == text.size() ? std::nullopt : bind(text);
}

DataBinding BindBootLoader(const LoggedEvent& event) {
  const std::string_view text = AsText(event.data);
  for (const std::string_view prefix : {"grub_cmd", "kernel_cmdline", "module_cmdline"}) {
    if (!text.starts_with(prefix)) continue;
    const std::string_view rest = text.substr(prefix.size());
    for (const std::string_view mark : {": ", " ", ":"}) {
      if (!rest.starts_with(mark)) continue;
      if (auto bound = BindText(event, prefix, rest.substr(mark.size()))) return *bound;
    }
  }
  if (auto bound = BindText(event, {}, text)) return *bound;
  return {DataForm::kOpaque, {}, {}};
}

}  // namespace

bool AnyDigestIs(const LoggedEvent& event, ByteView data) {
  return std::any_of(event.digests.begin(), event.digests.end(), [&](const EventDigest& digest) {
    return CanHashBank(digest.algorithm) && BankHash(digest.algorithm, data) == digest.value;
  });
}

bool IsPlainSeparatorData(ByteView data) {
  return std::equal(data.begin(), data.end(), kZeros.begin(), kZeros.end()) ||
         std::equal(data.begin(), data.end(), kOnes.begin(), kOnes.end());
}

bool CarriesSeparatorDigest(const LoggedEvent& event) {
  return AnyDigestIs(event, kZeros) || AnyDigestIs(event, kOnes) ||
         AnyDigestIs(event, kErrorLittle) || AnyDigestIs(event, kErrorBig);
}

DataBinding BindData(const LoggedEvent& event) {
  switch (event.type) {
    case kEvNoAction:
      return {DataForm::kNotMeasured, {}, {}};
    case kEvSeparator:
      return BindSeparator(event);
    case kEvEfiVariableDriverConfig:
    case kEvEfiAction:
    case kEvEfiGptEvent:
      return WholeOr(DataForm::kMismatch, event);
    case kEvEfiVariableBoot:
    case kEvEfiVariableBoot2:
      return BindBootVariable(event);
    case kEvEfiVariableAuthority:
      return BindAuthority(event);
    case kEvSCrtmVersion:
    case kEvAction:
    case kEvEventTag:
      return WholeOr(DataForm::kOpaque, event);
    case kEvIpl:
      return event.pcr == kBootLoaderTextPcr ? BindBootLoader(event)
                                             : DataBinding{DataForm::kOpaque, {}, {}};
    default:
      return {DataForm::kOpaque, {}, {}};
  }
}

std::vector<DataBinding> BindAll(const ParsedEventLog& log) {
  std::vector<DataBinding> bindings;
  bindings.reserve(log.events.size());
  for (const LoggedEvent& event : log.events) bindings.push_back(BindData(event));
  return bindings;
}

}  // namespace preseal::server
