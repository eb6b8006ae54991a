// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "common/base/bytes.h"
#include "server/domain/event_log/boot_facts.h"

namespace preseal::server {

// Reads the attested bytes of an EV_EFI_VARIABLE_AUTHORITY event; event and pcr stay 0. The content
// is an EFI_SIGNATURE_DATA (owner, then certificate or hash), or, from shim, a bare certificate or
// something else: "SbatLevel" is a text. Nothing if it is no UEFI variable. Pure.
std::optional<AuthorityFact> ReadAuthority(ByteView attested);

}  // namespace preseal::server
