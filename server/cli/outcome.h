// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "preseal/fleet/v1/fleet.pb.h"
#include "server/cli/commands.h"

namespace preseal::server::cli {

// How an asked-for command came out for one device.
struct Outcome {
  bool good = false;
  std::string text;  // one line for a person
};

// Whether `device` shows how `command` came out; nullopt while it is under way. A state counts only
// if it was entered after the command was given: the FAILED a retry starts from is not its result.
// Pure.
//   start, retry  good at READY_TO_SEAL or beyond; retry of a refused attestation at ENROLLED
//   reseal        good at SEALED; back at READY_TO_SEAL, or unconfirmed, is not
std::optional<Outcome> JudgeOutcome(Verb verb, const preseal::fleet::v1::Command& command,
                                    const preseal::fleet::v1::Device& device);

// Why the device cannot be resealed now, empty if it can. Pure.
std::string WhyNotSealable(const preseal::fleet::v1::Device& device);

}  // namespace preseal::server::cli
