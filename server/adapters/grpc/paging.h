// SPDX-License-Identifier: Apache-2.0
// Page sizes, page tokens and field lengths of requests. InvalidArgument names the field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server {

// 0 becomes `fallback`; more than kPageSizeMax becomes that; negative is refused.
StatusOr<int> PageSize(int requested, int fallback);
// "" is 0.
StatusOr<uint64_t> ParseNumberToken(std::string_view page_token);
Status CheckLength(std::string_view field, std::string_view value, size_t bytes_max);

}  // namespace preseal::server
