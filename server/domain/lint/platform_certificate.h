// SPDX-License-Identifier: Apache-2.0
// A platform's attribute certificate (RFC 5755, AttributeCertificate; TCG "Platform Certificate
// Profile", "Platform Attribute Certificate"), read strictly. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/status/status.h"

namespace preseal::server {

struct PlatformCertificate {
  Bytes holder_issuer_der;  // Name of the EK certificate's issuer; empty: named by entity only
  Bytes holder_serial;      // magnitude of the EK certificate's serial number
  bool holder_is_digest = false;  // objectDigestInfo: of the EK certificate or its key
  Bytes issuer_der;               // Name
  Bytes serial;                   // INTEGER content
  WallTime not_before;
  WallTime not_after;
  std::string signature_algorithm;  // dotted
  Bytes signed_bytes;               // acinfo as it lies there
  Bytes signature;
  std::vector<std::string> attributes;  // OIDs, in order
  std::vector<std::string> extensions;  // OIDs, in order
  std::vector<std::string> unknown_critical;
  std::string manufacturer;  // platformManufacturerStr; not escaped
  std::string model;
  std::string version;
};

// Reads exactly one, at most kCertificateBytesMax. InvalidArgument names what is wrong: a length
// that does not fit, bytes after the end, another version than 2, no holder or no issuer, dates out
// of order or not GeneralizedTime, algorithms inside and outside that differ, an attribute or
// extension twice, an attribute whose values are no SET.
// Does NOT check the signature.
StatusOr<PlatformCertificate> ParsePlatformCertificate(ByteView der);

}  // namespace preseal::server
