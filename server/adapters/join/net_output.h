// SPDX-License-Identifier: Apache-2.0
// Inside server/adapters/join only: what Samba's `net` said.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server {

// What an unsuccessful `net` calls for; its exit codes are cut to eight bits and mean nothing.
// Unavailable when nobody answered; otherwise FailedPrecondition with what a person can do.
// `domain` and `ou` stand in the messages.
Status FromNetOutput(std::string_view output, std::string_view domain, std::string_view ou);

// The distinguished name in the output of `net ads search FILTER distinguishedName`, nothing for no
// match. Internal: not such an output, or several matches.
StatusOr<std::optional<std::string>> DnOfReply(std::string_view output);

// The NetBIOS name of the domain in the output of `net ads workgroup`. Internal: not such an
// output.
StatusOr<std::string> WorkgroupOfReply(std::string_view output);

// Equal as distinguished names (RFC 4514) as far as plain names go: without case, and without
// spaces around commas and equals signs. Escapes are compared as they stand.
bool SameDn(std::string_view a, std::string_view b);

}  // namespace preseal::server
