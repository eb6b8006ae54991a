// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/certificate_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace preseal::crypto {
namespace {

// A decoded standard extension: null if absent; INVALID_ARGUMENT if malformed or repeated.
template <typename T, auto free_function>
StatusOr<openssl::Owner<T, free_function>> Decode(const X509* x509, int nid) {
  int critical = 0;
  openssl::Owner<T, free_function> value(
      static_cast<T*>(X509_get_ext_d2i(x509, nid, &critical, nullptr)));
  if (!value && critical != -1) {  // -1 is "absent"
    return openssl::BadInput(fmt::format("extension {} is malformed or repeated", OBJ_nid2sn(nid)));
  }
  return value;
}

}  // namespace

StatusOr<std::string> NameText(const X509_NAME* name) {
  const openssl::BioOwner bio(BIO_new(BIO_s_mem()));
  // RFC 4514 with UTF-8 left readable.
  constexpr unsigned long kFlags =
      XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, kFlags) < 0) {
    return openssl::BadInput("name does not print");
  }
  return preseal::ToString(openssl::Contents(bio.get()));
}

namespace {

StatusOr<std::string> CommonName(const X509_NAME* name) {
  int last = -1;
  for (int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) {
    last = i;
  }
  if (last < 0) return std::string();
  unsigned char* text = nullptr;
  const int length =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
  if (length < 0) return openssl::BadInput("common name is not text");
  const openssl::MemoryOwner owner(text);
  std::string out(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
  // "admin\0.example" must not be read as "admin" by anyone further on.
  if (out.find('\0') != std::string::npos) return InvalidArgument("common name has a NUL");
  return out;
}

}  // namespace

StatusOr<std::string> SerialHex(const ASN1_INTEGER* serial) {
  const openssl::BignumOwner number(ASN1_INTEGER_to_BN(serial, nullptr));
  if (!number) return openssl::BadInput("serial number");
  Bytes magnitude(static_cast<size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), magnitude.data());
  std::string hex = ToHex(magnitude);
  if (hex.empty()) return std::string("0");
  hex.erase(0, hex[0] == '0' ? 1 : 0);
  return BN_is_negative(number.get()) != 0 ? "-" + hex : hex;
}

StatusOr<WallTime> ReadTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return openssl::BadInput("validity does not parse");
  using std::chrono::seconds;
  const std::chrono::year_month_day date{
      std::chrono::year(parts.tm_year + 1900),
      std::chrono::month(static_cast<unsigned>(parts.tm_mon) + 1),
      std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
  const std::chrono::sys_seconds at = std::chrono::sys_days(date) +
                                      std::chrono::hours(parts.tm_hour) +
                                      std::chrono::minutes(parts.tm_min) + seconds(parts.tm_sec);
  // A nanosecond clock ends in 2262; RFC 5280's "no expiry" is 9999, years may start at 0.
  const auto latest = std::chrono::floor<seconds>(WallTime::max());
  const auto earliest = std::chrono::ceil<seconds>(WallTime::min());
  return WallTime(
      std::clamp(at, std::chrono::sys_seconds(earliest), std::chrono::sys_seconds(latest)));
}

namespace {

std::string IpText(ByteView address) {
  if (address.size() == 4) {
    return fmt::format("{}.{}.{}.{}", address[0], address[1], address[2], address[3]);
  }
  uint16_t groups[8];
  for (size_t i = 0; i < 8; ++i) {
    groups[i] = static_cast<uint16_t>(address[2 * i] << 8 | address[2 * i + 1]);
  }
  // The first longest run of at least two zero groups becomes "::" (RFC 5952).
  size_t run_start = 8;
  size_t run_length = 1;
  for (size_t i = 0; i < 8; ++i) {
    size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > run_length) {
      run_start = i;
      run_length = end - i;
    }
  }
  std::string out;
  for (size_t i = 0; i < 8; ++i) {
    if (i == run_start) {
      out += "::";
      i += run_length - 1;
      continue;
    }
    out += fmt::format("{}{:x}", out.empty() || out.back() == ':' ? "" : ":", groups[i]);
  }
  return out;
}

Status ReadAlternativeName(const GENERAL_NAME* name, CertificateFields* fields) {
  if (name->type == GEN_DNS || name->type == GEN_URI) {
    const ASN1_IA5STRING* value = name->d.ia5;
    const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                           static_cast<size_t>(ASN1_STRING_length(value)));
    // A NUL or a line break inside would be read differently further on.
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
      return InvalidArgument("subjectAltName has an unprintable character");
    }
    (name->type == GEN_DNS ? fields->dns_names : fields->uris).push_back(text);
  }
  if (name->type == GEN_IPADD) {
    const ByteView address(ASN1_STRING_get0_data(name->d.ip),
                           static_cast<size_t>(ASN1_STRING_length(name->d.ip)));
    if (address.size() != 4 && address.size() != 16) {
      return InvalidArgument("subjectAltName has an IP address of odd length");
    }
    fields->ip_addresses.push_back(IpText(address));
  }
  return OkStatus();
}

Status ReadAlternativeNames(const X509* x509, CertificateFields* fields) {
  ASSIGN_OR_RETURN(const auto names,
                   (Decode<GENERAL_NAMES, GENERAL_NAMES_free>(x509, NID_subject_alt_name)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    RETURN_IF_ERROR(ReadAlternativeName(sk_GENERAL_NAME_value(names.get(), i), fields));
  }
  return OkStatus();
}

Status ReadConstraintsAndUsage(const X509* x509, CertificateFields* fields) {
  ASSIGN_OR_RETURN(const auto constraints, (Decode<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>(
                                               x509, NID_basic_constraints)));
  if (constraints) {
    fields->is_ca = constraints->ca != 0;
    if (constraints->pathlen != nullptr) {
      int64_t length = 0;
      if (ASN1_INTEGER_get_int64(&length, constraints->pathlen) != 1 || length < 0) {
        return openssl::BadInput("path length does not parse");
      }
      fields->path_length_max = length;
    }
  }
  ASSIGN_OR_RETURN(const auto usage,
                   (Decode<ASN1_BIT_STRING, ASN1_BIT_STRING_free>(x509, NID_key_usage)));
  if (usage) {
    uint32_t bits = 0;
    for (int i = 0; i < 9; ++i) {
      if (ASN1_BIT_STRING_get_bit(usage.get(), i) == 1) bits |= 1u << i;
    }
    fields->key_usage = bits;
  }
  return OkStatus();
}

Status ReadPurposes(const X509* x509, CertificateFields* fields) {
  ASSIGN_OR_RETURN(const auto usages,
                   (Decode<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>(x509, NID_ext_key_usage)));
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    fields->extended_key_usages.push_back(OidText(sk_ASN1_OBJECT_value(usages.get(), i)));
  }
  ASSIGN_OR_RETURN(const auto policies, (Decode<CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free>(
                                            x509, NID_certificate_policies)));
  for (int i = 0; i < sk_POLICYINFO_num(policies.get()); ++i) {
    fields->policies.push_back(OidText(sk_POLICYINFO_value(policies.get(), i)->policyid));
  }
  return OkStatus();
}

void ReadExtensions(const X509* x509, CertificateFields* fields) {
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
    const ByteView bytes(ASN1_STRING_get0_data(value),
                         static_cast<size_t>(ASN1_STRING_length(value)));
    fields->extensions.push_back({OidText(X509_EXTENSION_get_object(extension)),
                                  X509_EXTENSION_get_critical(extension) == 1, ToBytes(bytes)});
  }
}

}  // namespace

std::string OidText(const ASN1_OBJECT* object) {
  const int length = OBJ_obj2txt(nullptr, 0, object, 1);
  if (length <= 0) return {};
  std::string text(static_cast<size_t>(length), '\0');
  OBJ_obj2txt(text.data(), length + 1, object, 1);
  return text;
}

Status ReadParts(const X509* x509, CertificateFields* fields) {
  const X509_NAME* subject = X509_get_subject_name(x509);
  const X509_NAME* issuer = X509_get_issuer_name(x509);
  ASSIGN_OR_RETURN(fields->subject, NameText(subject));
  ASSIGN_OR_RETURN(fields->issuer, NameText(issuer));
  fields->subject_der = openssl::EncodeDer(subject, i2d_X509_NAME);
  fields->issuer_der = openssl::EncodeDer(issuer, i2d_X509_NAME);
  ASSIGN_OR_RETURN(fields->common_name, CommonName(subject));
  ASSIGN_OR_RETURN(fields->serial_hex, SerialHex(X509_get0_serialNumber(x509)));
  ASSIGN_OR_RETURN(fields->not_before, ReadTime(X509_get0_notBefore(x509)));
  ASSIGN_OR_RETURN(fields->not_after, ReadTime(X509_get0_notAfter(x509)));
  fields->spki_der = openssl::EncodeDer(X509_get_X509_PUBKEY(x509), i2d_X509_PUBKEY);
  ReadExtensions(x509, fields);
  RETURN_IF_ERROR(ReadAlternativeNames(x509, fields));
  RETURN_IF_ERROR(ReadConstraintsAndUsage(x509, fields));
  return ReadPurposes(x509, fields);
}

}  // namespace preseal::crypto
