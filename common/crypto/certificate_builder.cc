// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/certificate_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "common/crypto/random.h"

namespace preseal::crypto {
namespace {

constexpr size_t kSerialNumberBytes = 16;
constexpr size_t kKeyIdBytes = 20;

constexpr char kOidSubjectKeyId[] = "2.5.29.14";
constexpr char kOidKeyUsage[] = "2.5.29.15";
constexpr char kOidAlternativeName[] = "2.5.29.17";
constexpr char kOidBasicConstraints[] = "2.5.29.19";
constexpr char kOidPolicies[] = "2.5.29.32";
constexpr char kOidAuthorityKeyId[] = "2.5.29.35";
constexpr char kOidExtendedKeyUsage[] = "2.5.29.37";

Status SetSerial(X509* x509) {
  ASSIGN_OR_RETURN(Bytes serial, RandomBytes(kSerialNumberBytes));
  // Positive, and never shorter than 16 bytes: 126 random bits remain.
  serial[0] = static_cast<uint8_t>((serial[0] & 0x3F) | 0x40);
  const openssl::BignumOwner number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) == nullptr) {
    return openssl::Failure("set a serial number");
  }
  return OkStatus();
}

Status SetValidity(const Validity& validity, X509* x509) {
  if (validity.not_after <= validity.not_before) {
    return InvalidArgument("certificate would end before it begins");
  }
  using std::chrono::system_clock;
  if (ASN1_TIME_set(X509_getm_notBefore(x509), system_clock::to_time_t(validity.not_before)) ==
          nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(x509), system_clock::to_time_t(validity.not_after)) ==
          nullptr) {
    return openssl::Failure("set a validity");
  }
  return OkStatus();
}

// First 160 bits of SHA-256 over the key (RFC 7093 section "Additional Methods", method 1).
Bytes KeyId(const X509* x509) {
  const ASN1_BIT_STRING* key = X509_get0_pubkey_bitstr(x509);
  const Digest256 digest =
      Sha256({ASN1_STRING_get0_data(key), static_cast<size_t>(ASN1_STRING_length(key))});
  return Bytes(digest.begin(), digest.begin() + kKeyIdBytes);
}

Status CheckIssuer(const IssuerRef& issuer, const X509* subject) {
  RETURN_IF_ERROR(CheckIssuerKey(issuer));
  const Certificate& ca = issuer.certificate;
  // A leaf that outlives its CA would be refused later, in the field, without a hint why.
  if (ASN1_TIME_compare(X509_get0_notBefore(subject), X509_get0_notBefore(ca.handle())) < 0 ||
      ASN1_TIME_compare(X509_get0_notAfter(subject), X509_get0_notAfter(ca.handle())) > 0) {
    return FailedPrecondition("certificate's validity leaves its issuer's");
  }
  return OkStatus();
}

Bytes EncodeToBeSigned(X509* x509) {
  return openssl::EncodeDer(x509, [x509](const X509* /*same*/, unsigned char** out) {
    return i2d_re_X509_tbs(x509, out);
  });
}

}  // namespace

namespace der {

Bytes Primitive(uint8_t tag, ByteView content) {
  const size_t length = content.size();
  Bytes out = {tag};
  if (length > 0xFFFF) {
    out.push_back(0x83);
    out.push_back(static_cast<uint8_t>(length >> 16));
    out.push_back(static_cast<uint8_t>(length >> 8));
  } else if (length > 0xFF) {
    out.push_back(0x82);
    out.push_back(static_cast<uint8_t>(length >> 8));
  } else if (length > 0x7F) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<uint8_t>(length));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes Constructed(uint8_t tag, const std::vector<Bytes>& parts) {
  Bytes content;
  for (const Bytes& part : parts) content.insert(content.end(), part.begin(), part.end());
  return Primitive(tag, content);
}

StatusOr<Bytes> Oid(std::string_view dotted) {
  const openssl::ObjectOwner object(OBJ_txt2obj(std::string(dotted).c_str(), 1));
  if (!object) return openssl::Failure("encode an object identifier");
  return openssl::EncodeDer(object.get(), i2d_ASN1_OBJECT);
}

}  // namespace der

Status CheckNameText(std::string_view what, std::string_view text) {
  const bool printable = std::none_of(text.begin(), text.end(),
                                      [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
  if (text.empty() || text.size() > kNameTextBytesMax || !printable) {
    return InvalidArgument(
        fmt::format("{} must be 1 to {} printable characters", what, kNameTextBytesMax));
  }
  return OkStatus();
}

Bytes EcdsaSha256Algorithm() {
  // 1.2.840.10045.4.3.2, without parameters.
  return {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
}

StatusOr<Bytes> SignStructure(const Bytes& to_be_signed, const PrivateKey& key) {
  ASSIGN_OR_RETURN(Bytes signature, key.SignDer(to_be_signed));
  signature.insert(signature.begin(), 0);  // no unused bits
  return der::Constructed(der::kSequence, {to_be_signed, EcdsaSha256Algorithm(),
                                           der::Primitive(der::kBitString, signature)});
}

Bytes KeyIdOf(const Certificate& certificate) { return KeyId(certificate.handle()); }

Status CheckIssuerKey(const IssuerRef& issuer) {
  if (!issuer.certificate.is_ca()) return FailedPrecondition("issuer is not a CA");
  ASSIGN_OR_RETURN(const PublicKey ca_key, issuer.certificate.public_key());
  if (!ca_key.Equals(issuer.key.public_key())) {
    return FailedPrecondition("issuer's key does not belong to its certificate");
  }
  return OkStatus();
}

StatusOr<CertificateBuilder> CertificateBuilder::Start(const Validity& validity,
                                                       const PublicKey& key) {
  openssl::X509Owner x509(X509_new());
  if (!x509 || X509_set_version(x509.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(x509.get(), key.handle()) != 1) {
    return openssl::Failure("start a certificate");
  }
  RETURN_IF_ERROR(SetSerial(x509.get()));
  RETURN_IF_ERROR(SetValidity(validity, x509.get()));
  CertificateBuilder builder(std::move(x509));
  builder.key_id_ = KeyId(builder.x509_.get());
  RETURN_IF_ERROR(builder.AddExtension(kOidSubjectKeyId, false,
                                       der::Primitive(der::kOctetString, builder.key_id_)));
  return builder;
}

Status CertificateBuilder::AddSubject(int nid, const std::string& value) {
  const int type = nid == NID_serialNumber ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
  if (X509_NAME_add_entry_by_NID(X509_get_subject_name(x509_.get()), nid, type,
                                 reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) != 1) {
    return openssl::Failure("add to the subject");
  }
  return OkStatus();
}

Status CertificateBuilder::CopySubject(const Certificate& other) {
  if (X509_set_subject_name(x509_.get(), X509_get_subject_name(other.handle())) != 1) {
    return openssl::Failure("copy a subject");
  }
  return OkStatus();
}

Status CertificateBuilder::AddExtension(std::string_view oid, bool critical, const Bytes& value) {
  const openssl::ObjectOwner object(OBJ_txt2obj(std::string(oid).c_str(), 1));
  const openssl::Owner<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> content(ASN1_OCTET_STRING_new());
  if (!object || !content ||
      ASN1_OCTET_STRING_set(content.get(), value.data(), static_cast<int>(value.size())) != 1) {
    return openssl::Failure("make an extension");
  }
  const openssl::ExtensionOwner extension(
      X509_EXTENSION_create_by_OBJ(nullptr, object.get(), critical ? 1 : 0, content.get()));
  if (!extension || X509_add_ext(x509_.get(), extension.get(), -1) != 1) {
    return openssl::Failure("add an extension");
  }
  return OkStatus();
}

Status CertificateBuilder::AddBasicConstraints(bool is_ca) {
  // A CA of ours issues leaves only: path length 0. DER leaves the default, "no CA", out.
  std::vector<Bytes> fields;
  if (is_ca) {
    constexpr uint8_t kTrue[] = {0xFF};
    constexpr uint8_t kZero[] = {0x00};
    fields = {der::Primitive(der::kBoolean, kTrue), der::Primitive(der::kInteger, kZero)};
  }
  return AddExtension(kOidBasicConstraints, true, der::Constructed(der::kSequence, fields));
}

Status CertificateBuilder::AddKeyUsage(uint32_t bits) {
  // BIT STRING numbers bits from the most significant; trailing zero bits are not sent.
  uint8_t octet = 0;
  for (uint32_t bit = 0; bit < 8; ++bit) {
    if ((bits >> bit & 1) != 0) octet = static_cast<uint8_t>(octet | 0x80 >> bit);
  }
  const uint8_t content[] = {static_cast<uint8_t>(std::countr_zero(octet)), octet};
  return AddExtension(kOidKeyUsage, true, der::Primitive(der::kBitString, content));
}

Status CertificateBuilder::AddExtendedKeyUsage(std::string_view oid) {
  ASSIGN_OR_RETURN(const Bytes usage, der::Oid(oid));
  return AddExtension(kOidExtendedKeyUsage, false, der::Constructed(der::kSequence, {usage}));
}

Status CertificateBuilder::AddPolicies(const std::vector<std::string_view>& oids) {
  std::vector<Bytes> policies;
  for (const std::string_view oid : oids) {
    ASSIGN_OR_RETURN(const Bytes policy, der::Oid(oid));
    policies.push_back(der::Constructed(der::kSequence, {policy}));
  }
  return AddExtension(kOidPolicies, false, der::Constructed(der::kSequence, policies));
}

Status CertificateBuilder::AddAlternativeNames(const std::vector<Bytes>& general_names) {
  return AddExtension(kOidAlternativeName, false, der::Constructed(der::kSequence, general_names));
}

StatusOr<Certificate> CertificateBuilder::SelfSign(const PrivateKey& key) {
  return Finish(X509_get_subject_name(x509_.get()), key_id_, key);
}

StatusOr<Certificate> CertificateBuilder::Sign(const IssuerRef& issuer) {
  RETURN_IF_ERROR(CheckIssuer(issuer, x509_.get()));
  return Finish(X509_get_subject_name(issuer.certificate.handle()), KeyIdOf(issuer.certificate),
                issuer.key);
}

StatusOr<Certificate> CertificateBuilder::Finish(const X509_NAME* issuer,
                                                 const Bytes& issuer_key_id,
                                                 const PrivateKey& key) {
  const Bytes key_id = der::Primitive(der::Context(0), issuer_key_id);
  RETURN_IF_ERROR(
      AddExtension(kOidAuthorityKeyId, false, der::Constructed(der::kSequence, {key_id})));
  // The algorithm is set by hand and the signature put around the encoded part, because the key may
  // lie in a token: OpenSSL would sign only with a key it holds. Its setter wants the field
  // writable, but lends it read-only.
  auto* algorithm = const_cast<X509_ALGOR*>(X509_get0_tbs_sigalg(x509_.get()));
  if (X509_set_issuer_name(x509_.get(), issuer) != 1 ||
      X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_ecdsa_with_SHA256), V_ASN1_UNDEF, nullptr) != 1) {
    return openssl::Failure("complete a certificate");
  }
  const Bytes to_be_signed = EncodeToBeSigned(x509_.get());
  if (to_be_signed.empty()) return openssl::Failure("encode a certificate");
  ASSIGN_OR_RETURN(const Bytes certificate, SignStructure(to_be_signed, key));
  return Certificate::FromDer(certificate);
}

}  // namespace preseal::crypto
