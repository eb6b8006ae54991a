// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server::http {

using Query = std::map<std::string, std::string>;

// "a=1&b=x%20y" decoded; '+' means a space, as browsers send it. INVALID_ARGUMENT on a broken
// percent sequence or a name given twice.
StatusOr<Query> ParseQuery(std::string_view query);

}  // namespace preseal::server::http
