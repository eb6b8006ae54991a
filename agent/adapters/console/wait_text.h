// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agent/domain/item.h"

namespace preseal::agent {

// "waiting for the server's queue for download, place 3, since 0:42, at most 60 min". Pure.
std::string WaitText(const Wait& wait, std::chrono::seconds waited);

// "token": what is waited for, for machines.
std::string_view NameOf(Wait::Kind kind);

}  // namespace preseal::agent
