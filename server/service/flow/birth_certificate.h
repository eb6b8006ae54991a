// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "server/domain/command.h"
#include "server/domain/device.h"
#include "server/domain/progress.h"
#include "server/service/ports.h"

namespace preseal::server {

// What a birth certificate says; docs/formats.md "Birth certificate".
struct BirthFacts {
  std::string_view issuer;
  WallTime issue_time;
  const Device& device;
  const Run& run;
  std::span<const Item> items;
  const Command& command;
  const AttestationRecord& attestation;
  ByteView ak_name;
  ByteView seal_quote_attest;
};

// The payload as JSON, keys in alphabetical order, no white space.
std::string BirthCertificateJson(const BirthFacts& facts);

}  // namespace preseal::server
