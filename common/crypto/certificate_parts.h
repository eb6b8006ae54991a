// SPDX-License-Identifier: Apache-2.0
// What a Certificate holds, read once when it is parsed; included by this folder's .cc files only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {

struct CertificateFields {
  std::string subject;
  std::string issuer;
  Bytes subject_der;
  Bytes issuer_der;
  std::string common_name;
  std::string serial_hex;
  WallTime not_before;
  WallTime not_after;
  Bytes spki_der;
  std::vector<Extension> extensions;
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  std::vector<std::string> ip_addresses;
  bool is_ca = false;
  std::optional<int64_t> path_length_max;
  std::optional<uint32_t> key_usage;
  std::vector<std::string> extended_key_usages;
  std::vector<std::string> policies;
};

struct Certificate::Parts : CertificateFields {
  openssl::X509Owner x509;
  Bytes der;
};

// Fills everything of `fields` from `x509`. INVALID_ARGUMENT names what is malformed.
Status ReadParts(const X509* x509, CertificateFields* fields);

// As Certificate gives subject, serial_hex and not_before; INVALID_ARGUMENT otherwise.
StatusOr<std::string> NameText(const X509_NAME* name);
StatusOr<std::string> SerialHex(const ASN1_INTEGER* serial);
StatusOr<WallTime> ReadTime(const ASN1_TIME* time);

// "1.3.6.1.5.5.7.3.2"
std::string OidText(const ASN1_OBJECT* object);

}  // namespace preseal::crypto
