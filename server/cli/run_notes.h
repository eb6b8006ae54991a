// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "preseal/fleet/v1/fleet.pb.h"
#include "preseal/progress/v1/progress.pb.h"

namespace preseal::server::cli {

// What holds a run up, in a few words for a list: "hold asked", "on hold", "resume asked", "needs
// an answer"; empty if nothing does that a person should know of, or no run is under way. A hold is
// the device's own word; until it has given it, what was asked of it is told.
std::string RunNote(const preseal::fleet::v1::Device& device);

// "an answer: the person at the device, since 2026-11-22T03:00:00Z, at most 10 min 00 s".
std::string WaitText(const preseal::progress::v1::Wait& wait);

// What is to be said of an item: who let it pass, what it waits for, or its own message.
std::string ItemText(const preseal::progress::v1::Item& item);

}  // namespace preseal::server::cli
