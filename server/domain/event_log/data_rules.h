// SPDX-License-Identifier: Apache-2.0
// Which bytes of an event its digests vouch for. Pure, thread-safe.
//
// Replay proves digests, not data (CVE-2022-0317) and not types. Each rule below was counted on
// real logs; data no rule ties to its digest is opaque and decides nothing.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "server/domain/event_log/event_log.h"

namespace preseal::server {

enum class DataForm {
  kNotMeasured,     // EV_NO_ACTION, or no digest we can compute
  kOpaque,          // the digest is of something else: image, blob, file
  kWhole,           // of the event data
  kVariableData,    // of a UEFI variable's content: its name is not vouched for
  kAllButLastByte,  // of the event data but its last byte: shim's authority events
  kText,            // of a boot loader's text without its prefix, with or without NUL
  kErrorSeparator,  // of 00000001: the firmware reports an error
  kMismatch,        // of none of the forms this type has: altered
};

struct DataBinding {
  DataForm form = DataForm::kOpaque;
  ByteView attested;        // borrowed from the event; empty unless a digest covers it
  std::string_view prefix;  // kText: what came before, without blanks: "grub_cmd"
};

// The form whose bytes hash to the event's digest in every bank we can compute. By type:
//   separator, driver-config variable, EFI action, GPT      whole, else kMismatch
//   boot variable                                            whole or content, else kMismatch
//   authority                                                whole or shim's form, else kMismatch
//   EV_IPL in PCR 8 and other text of a boot loader          kText, else kOpaque
//   S-CRTM version, EV_ACTION, event tag                     whole, else kOpaque
//   everything else                                          kOpaque
DataBinding BindData(const LoggedEvent& event);

// One per event, in order. Borrows from `log`.
std::vector<DataBinding> BindAll(const ParsedEventLog& log);

// True if a digest of `event` is that of `data`, in any bank.
bool AnyDigestIs(const LoggedEvent& event, ByteView data);

// Contents of separators: 00000000 and FFFFFFFF; the error mark in either byte order.
bool IsPlainSeparatorData(ByteView data);
bool CarriesSeparatorDigest(const LoggedEvent& event);

}  // namespace preseal::server
