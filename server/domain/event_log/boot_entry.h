// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "common/base/bytes.h"
#include "server/domain/event_log/boot_facts.h"

namespace preseal::server {

// Reads a boot variable's event data: name, and for Boot#### the description and file path of its
// EFI_LOAD_OPTION (UEFI Specification, "Load Options", "Device Path Protocol"). At most
// kDevicePathNodesMax nodes; a node shorter than its header, which would loop, ends it as not
// well-formed. Nothing if it is no UEFI variable. Pure.
std::optional<BootEntryFact> ReadBootEntry(ByteView data);

}  // namespace preseal::server
