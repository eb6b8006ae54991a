// SPDX-License-Identifier: Apache-2.0
// X.509 certificates as read from outside. Pure.
//
// A Certificate is immutable and cheap to copy; any number of threads may use it. It makes no
// statement about trust: chain.h does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/digest.h"
#include "common/crypto/key.h"
#include "common/status/status.h"

struct x509_st;

namespace preseal::crypto {

// Bits of Certificate::key_usage (RFC 5280 section "Key Usage").
enum KeyUsageBit : uint32_t {
  kDigitalSignature = 1u << 0,
  kNonRepudiation = 1u << 1,
  kKeyEncipherment = 1u << 2,
  kDataEncipherment = 1u << 3,
  kKeyAgreement = 1u << 4,
  kKeyCertSign = 1u << 5,
  kCrlSign = 1u << 6,
};

struct Extension {
  std::string oid;  // dotted decimal
  bool critical = false;
  Bytes value;  // DER inside the OCTET STRING
};

class Certificate {
 public:
  // Exactly one certificate, at most kCertificateBytesMax. INVALID_ARGUMENT if it does not parse,
  // if bytes follow, or if a standard extension is malformed or repeated (what cannot be read
  // must not count as absent).
  static StatusOr<Certificate> FromDer(ByteView der);
  // Exactly one "CERTIFICATE" block (RFC 7468); text before it is ignored.
  static StatusOr<Certificate> FromPem(std::string_view pem);

  const Bytes& der() const;
  std::string ToPem() const;

  // RFC 4514 text, control characters escaped; "" for an empty name.
  const std::string& subject() const;
  const std::string& issuer() const;
  // DER of the Name, for exact comparison.
  const Bytes& subject_der() const;
  const Bytes& issuer_der() const;
  // The most specific commonName as UTF-8, not escaped; "" if there is none.
  const std::string& common_name() const;
  // Magnitude in lower-case hex without leading zeros, "-" before a negative one.
  const std::string& serial_hex() const;
  // Years past 2262 (99991231235959Z, "no end") saturate to WallTime::max().
  WallTime not_before() const;
  WallTime not_after() const;

  // subjectAltName; otherName and directoryName only through FindExtension.
  const std::vector<std::string>& dns_names() const;
  const std::vector<std::string>& uris() const;
  const std::vector<std::string>& ip_addresses() const;  // "10.0.0.7", "2001:db8::1"
  // basicConstraints says CA.
  bool is_ca() const;
  std::optional<int64_t> path_length_max() const;
  // KeyUsageBits; absent means the certificate does not restrict use.
  std::optional<uint32_t> key_usage() const;
  // Dotted OIDs, in the certificate's order; empty if the extension is absent.
  const std::vector<std::string>& extended_key_usages() const;
  const std::vector<std::string>& policies() const;
  // Every extension in the certificate's order, and the one with `oid`, null if absent.
  const std::vector<Extension>& extensions() const;
  const Extension* FindExtension(std::string_view oid) const;

  // INVALID_ARGUMENT for an algorithm OpenSSL cannot decode (old EK certificates use
  // id-RSAES-OAEP; their key is still in spki_der).
  StatusOr<PublicKey> public_key() const;
  const Bytes& spki_der() const;
  Digest256 spki_sha256() const;
  // SHA-256 of der().
  Digest256 fingerprint() const;

  // True if `issuer`'s subject is our issuer, its key usage, where stated, allows signing
  // certificates, and its key made our signature. Checks no time, no CA flag, no trust.
  bool IsSignedBy(const Certificate& issuer) const;
  bool operator==(const Certificate& other) const { return der() == other.der(); }

  // For other OpenSSL wrappers; borrowed, never null.
  x509_st* handle() const;

 private:
  struct Parts;
  explicit Certificate(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

// Every "CERTIFICATE" block of `pem` (at most kPemBundleBytesMax bytes), in order; other text
// between blocks is ignored, other kinds of block are not. INVALID_ARGUMENT names the block that
// is wrong; a bundle without any certificate is an error.
StatusOr<std::vector<Certificate>> ParsePemBundle(std::string_view pem);
std::string ToPemBundle(const std::vector<Certificate>& certificates);

}  // namespace preseal::crypto
