// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/bytes.h"
#include "server/domain/event_log/boot_facts.h"

namespace preseal::server {

// Adds the items of one event's tagged records {tag u32, size u32, data} to `facts`; a tag with the
// container bit holds records itself. Deeper than kEventTagDepthMax is said, not followed. Pure.
void CountEventTags(ByteView data, EventTagFacts& facts);

}  // namespace preseal::server
