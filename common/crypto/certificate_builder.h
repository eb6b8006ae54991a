// SPDX-License-Identifier: Apache-2.0
// One certificate in the making; included by this folder's .cc files only. DER of the extensions
// is written by hand: it is shorter than OpenSSL's structures and leaves no half-owned handles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/issue.h"
#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {

namespace der {

inline constexpr uint8_t kBoolean = 0x01;
inline constexpr uint8_t kInteger = 0x02;
inline constexpr uint8_t kBitString = 0x03;
inline constexpr uint8_t kOctetString = 0x04;
inline constexpr uint8_t kUtf8String = 0x0C;
inline constexpr uint8_t kSequence = 0x30;
// Context tags [n], primitive and constructed.
constexpr uint8_t Context(uint8_t number) { return static_cast<uint8_t>(0x80 | number); }
constexpr uint8_t ContextConstructed(uint8_t number) { return static_cast<uint8_t>(0xA0 | number); }

// Tag, length and content (less than 16 MiB); `Constructed` joins encoded parts.
Bytes Primitive(uint8_t tag, ByteView content);
Bytes Constructed(uint8_t tag, const std::vector<Bytes>& parts);
// OBJECT IDENTIFIER from dotted text, which must be one of oids.h.
StatusOr<Bytes> Oid(std::string_view dotted);

}  // namespace der

inline constexpr size_t kNameTextBytesMax = 64;  // RFC 5280 ub-common-name, ub-organization-name
// INVALID_ARGUMENT naming `what` unless `text` is 1 to kNameTextBytesMax printable characters.
Status CheckNameText(std::string_view what, std::string_view text);

// AlgorithmIdentifier ecdsa-with-SHA256 (RFC 5758), and SEQUENCE { `to_be_signed`, that algorithm,
// signature by `key` over `to_be_signed` }: the frame of certificates and revocation lists.
Bytes EcdsaSha256Algorithm();
StatusOr<Bytes> SignStructure(const Bytes& to_be_signed, const PrivateKey& key);

// What subjectKeyIdentifier and authorityKeyIdentifier say of the certificate's key.
Bytes KeyIdOf(const Certificate& certificate);
// FAILED_PRECONDITION: no CA, or the key of another certificate.
Status CheckIssuerKey(const IssuerRef& issuer);

class CertificateBuilder {
 public:
  // Version 3, random serial, validity, key and subjectKeyIdentifier are set.
  static StatusOr<CertificateBuilder> Start(const Validity& validity, const PublicKey& key);

  // Appends a UTF8String to the subject, a PrintableString for serialNumber.
  Status AddSubject(int nid, const std::string& value);
  // The whole subject of `other`.
  Status CopySubject(const Certificate& other);
  Status AddExtension(std::string_view oid, bool critical, const Bytes& value);
  Status AddBasicConstraints(bool is_ca);
  // `bits` of KeyUsageBit, within the first octet.
  Status AddKeyUsage(uint32_t bits);
  Status AddExtendedKeyUsage(std::string_view oid);
  Status AddPolicies(const std::vector<std::string_view>& oids);
  Status AddAlternativeNames(const std::vector<Bytes>& general_names);

  StatusOr<Certificate> SelfSign(const PrivateKey& key);
  StatusOr<Certificate> Sign(const IssuerRef& issuer);

 private:
  explicit CertificateBuilder(openssl::X509Owner x509) : x509_(std::move(x509)) {}
  StatusOr<Certificate> Finish(const X509_NAME* issuer, const Bytes& issuer_key_id,
                               const PrivateKey& key);
  openssl::X509Owner x509_;
  Bytes key_id_;
};

}  // namespace preseal::crypto
