// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/ek_certificate_facts.h"

#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/tpmwire/der.h"

namespace preseal::server {
namespace {

namespace der = tpmwire::der;

constexpr std::string_view kOidSubjectAltName = "2.5.29.17";
constexpr std::string_view kOidSubjectDirectoryAttributes = "2.5.29.9";
constexpr uint8_t kDirectoryNameTag = 0xA4;  // [4], constructed
// 2.23.133.2.x
constexpr std::array<uint8_t, 5> kTcgAttribute = {0x67, 0x81, 0x05, 0x02, 0x00};
constexpr uint8_t kTpmManufacturer = 1;
constexpr uint8_t kTpmModel = 2;
constexpr uint8_t kTpmVersion = 3;
constexpr uint8_t kTpmSpecification = 16;

// The last arc if `oid` is 2.23.133.2.x.
std::optional<uint8_t> TcgAttribute(ByteView oid) {
  if (oid.size() != kTcgAttribute.size() ||
      !std::equal(oid.begin(), oid.end() - 1, kTcgAttribute.begin())) {
    return std::nullopt;
  }
  return oid.back();
}

StatusOr<std::string> TextOf(const der::Element& element) {
  constexpr uint8_t kTextTags[] = {der::kUtf8String, 0x13 /* Printable */, 0x14 /* Teletex */,
                                   0x16 /* IA5 */};
  if (std::find(std::begin(kTextTags), std::end(kTextTags), element.tag) == std::end(kTextTags)) {
    return InvalidArgument("subjectAltName: attribute is no text");
  }
  return ToString(element.content);
}

Status ReadAttribute(ByteView bytes, EkCertificateFacts& facts) {
  ASSIGN_OR_RETURN(const der::Element oid, der::Take(bytes, der::kOid));
  ASSIGN_OR_RETURN(const der::Element value, der::Take(bytes));
  if (!bytes.empty()) return InvalidArgument("subjectAltName: attribute with several values");
  const auto kind = TcgAttribute(oid.content);
  if (!kind) return OkStatus();
  std::vector<std::string>* target = *kind == kTpmManufacturer ? &facts.manufacturers
                                     : *kind == kTpmModel      ? &facts.models
                                     : *kind == kTpmVersion    ? &facts.versions
                                                               : nullptr;
  if (target == nullptr) return OkStatus();
  ASSIGN_OR_RETURN(std::string text, TextOf(value));
  target->push_back(std::move(text));
  return OkStatus();
}

// Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }.
Status ReadName(ByteView bytes, EkCertificateFacts& facts) {
  ASSIGN_OR_RETURN(const der::Element name, der::Take(bytes, der::kSequence));
  if (!bytes.empty()) return InvalidArgument("subjectAltName: bytes after a directoryName");
  for (ByteView rdns = name.content; !rdns.empty();) {
    ASSIGN_OR_RETURN(const der::Element rdn, der::Take(rdns, der::kSet));
    for (ByteView attributes = rdn.content; !attributes.empty();) {
      ASSIGN_OR_RETURN(const der::Element attribute, der::Take(attributes, der::kSequence));
      RETURN_IF_ERROR(ReadAttribute(attribute.content, facts));
    }
  }
  return OkStatus();
}

Status ReadSubjectAltName(ByteView bytes, EkCertificateFacts& facts) {
  ASSIGN_OR_RETURN(const der::Element names, der::Take(bytes, der::kSequence));
  if (!bytes.empty()) return InvalidArgument("subjectAltName: bytes after the end");
  for (ByteView rest = names.content; !rest.empty();) {
    ASSIGN_OR_RETURN(const der::Element name, der::Take(rest));
    if (name.tag != kDirectoryNameTag) continue;
    ++facts.directory_names;
    RETURN_IF_ERROR(ReadName(name.content, facts));
  }
  return OkStatus();
}

// TPMSpecification ::= SEQUENCE { family UTF8String, level INTEGER, revision INTEGER }.
Status ReadSpecification(ByteView bytes, EkCertificateFacts& facts) {
  ASSIGN_OR_RETURN(const der::Element values, der::Take(bytes, der::kSet));
  ByteView set = values.content;
  ASSIGN_OR_RETURN(const der::Element specification, der::Take(set, der::kSequence));
  ByteView fields = specification.content;
  ASSIGN_OR_RETURN(const der::Element family, der::Take(fields));
  ASSIGN_OR_RETURN(facts.spec_family, TextOf(family));
  return OkStatus();
}

Status ReadDirectoryAttributes(ByteView bytes, EkCertificateFacts& facts) {
  ASSIGN_OR_RETURN(const der::Element attributes, der::Take(bytes, der::kSequence));
  for (ByteView rest = attributes.content; !rest.empty();) {
    ASSIGN_OR_RETURN(const der::Element attribute, der::Take(rest, der::kSequence));
    ByteView fields = attribute.content;
    ASSIGN_OR_RETURN(const der::Element oid, der::Take(fields, der::kOid));
    if (TcgAttribute(oid.content) == kTpmSpecification) {
      RETURN_IF_ERROR(ReadSpecification(fields, facts));
    }
  }
  return OkStatus();
}

std::string KeyAlgorithm(const X509* x509) {
  ASN1_OBJECT* algorithm = nullptr;  // borrowed
  if (X509_PUBKEY_get0_param(&algorithm, nullptr, nullptr, nullptr, X509_get_X509_PUBKEY(x509)) !=
      1) {
    return "";
  }
  char text[64] = "";
  const int size = OBJ_obj2txt(text, sizeof(text), algorithm, /*no_name=*/1);
  return size > 0 && size < static_cast<int>(sizeof(text)) ? text : "";
}

}  // namespace

StatusOr<EkCertificateFacts> ReadEkCertificateFacts(const crypto::Certificate& certificate) {
  EkCertificateFacts facts;
  facts.version = static_cast<int>(X509_get_version(certificate.handle())) + 1;
  facts.key_algorithm = KeyAlgorithm(certificate.handle());
  if (const auto* extension = certificate.FindExtension(kOidSubjectAltName)) {
    RETURN_IF_ERROR_CTX(ReadSubjectAltName(extension->value, facts), "subjectAltName");
  }
  if (const auto* extension = certificate.FindExtension(kOidSubjectDirectoryAttributes)) {
    RETURN_IF_ERROR_CTX(ReadDirectoryAttributes(extension->value, facts),
                        "subjectDirectoryAttributes");
  }
  return facts;
}

std::optional<uint32_t> ParseTpmId(std::string_view text) {
  constexpr std::string_view kPrefix = "id:";
  constexpr size_t kDigits = 8;
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + kDigits) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int SignatureSecurityBits(const crypto::Certificate& certificate) {
  int bits = 0;
  uint32_t flags = 0;
  if (X509_get_signature_info(certificate.handle(), nullptr, nullptr, &bits, &flags) != 1) return 0;
  return bits;
}

}  // namespace preseal::server
