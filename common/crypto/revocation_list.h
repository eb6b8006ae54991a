// SPDX-License-Identifier: Apache-2.0
// Certificate revocation lists as read from outside (RFC 5280 section "CRL and CRL Extensions
// Profile"). Pure. Our own are made in crl.h.
//
// A RevocationList is immutable and cheap to copy; any number of threads may use it. It makes no
// statement about trust: who uses it asks IsSignedBy first.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"
#include "common/status/status.h"

namespace preseal::crypto {

class RevocationList {
 public:
  // Exactly one complete list in DER, at most kCrlBytesMax and kRevocationEntriesMax entries.
  // INVALID_ARGUMENT: does not parse, bytes follow, or it says less than it seems to: a delta or
  // indirect list, one for some reasons only, or with a critical extension unknown to us.
  // RESOURCE_EXHAUSTED: too large or too many entries.
  static StatusOr<RevocationList> FromDer(ByteView der);
  // DER, or PEM with one "X509 CRL" block (RFC 7468). Errors as FromDer.
  static StatusOr<RevocationList> Parse(ByteView der_or_pem);

  const Bytes& der() const;
  // RFC 4514 text, control characters escaped.
  const std::string& issuer() const;
  // cRLNumber in lower-case hex without leading zeros; empty if absent.
  const std::string& number_hex() const;
  WallTime this_update() const;
  // Nothing if the list names no end: it then counts as current for no moment.
  std::optional<WallTime> next_update() const;
  size_t size() const;
  // SHA-256 of der().
  Digest256 fingerprint() const;

  // thisUpdate <= now <= nextUpdate.
  bool IsCurrentAt(WallTime now) const;
  // Whether the list speaks of authorities' certificates, of others'; a distribution point may
  // narrow it to one kind.
  bool Covers(bool authorities) const;
  // By `issuer`'s name, its cRLSign where key usage is stated, and its key. SHA-1 and weaker count
  // as no signature unless `allow_sha1`. Checks no time.
  bool IsSignedBy(const Certificate& issuer, bool allow_sha1 = false) const;
  //   serial_hex  as Certificate::serial_hex
  bool Revokes(std::string_view serial_hex) const;

 private:
  struct Parts;
  explicit RevocationList(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace preseal::crypto
