// SPDX-License-Identifier: Apache-2.0
// What an EK certificate says that ordinary certificates do not (TCG "EK Credential Profile for TPM
// Family 2.0", "EK Certificate"). Reading only; no judgement. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/status/status.h"

namespace preseal::server {

struct EkCertificateFacts {
  int version = 0;                         // 3 for X.509v3
  std::string key_algorithm;               // dotted OID of the SubjectPublicKeyInfo
  size_t directory_names = 0;              // directoryName entries in subjectAltName
  std::vector<std::string> manufacturers;  // 2.23.133.2.1, e.g. "id:53544D20"
  std::vector<std::string> models;         // 2.23.133.2.2
  std::vector<std::string> versions;       // 2.23.133.2.3
  std::optional<std::string> spec_family;  // 2.23.133.2.16, "2.0"
};

// InvalidArgument if subjectAltName or subjectDirectoryAttributes are there but malformed. Several
// RDNs and one multi-valued RDN, sorted or not, are read alike.
StatusOr<EkCertificateFacts> ReadEkCertificateFacts(const crypto::Certificate& certificate);

// The number in "id:53544D20"; nothing unless it is "id:" and exactly eight hex digits.
std::optional<uint32_t> ParseTpmId(std::string_view text);

// Security strength of the certificate's signature algorithm (NIST SP 800-57); 0 if unknown.
int SignatureSecurityBits(const crypto::Certificate& certificate);

}  // namespace preseal::server
