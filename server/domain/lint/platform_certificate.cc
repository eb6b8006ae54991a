// SPDX-License-Identifier: Apache-2.0
#include "server/domain/lint/platform_certificate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "common/base/limits.h"
#include "common/tpmwire/der.h"

namespace preseal::server {
namespace {

namespace der = tpmwire::der;

constexpr uint8_t kBoolean = 0x01;
constexpr uint8_t kOctetString = 0x04;
constexpr uint8_t kGeneralizedTime = 0x18;
constexpr uint8_t kContext0 = 0xA0;
constexpr uint8_t kContext1 = 0xA1;
constexpr uint8_t kContext2 = 0xA2;
constexpr uint8_t kDirectoryName = 0xA4;
constexpr uint8_t kVersion2 = 1;
constexpr std::string_view kSubjectAltName = "2.5.29.17";
// certificatePolicies, authorityKeyIdentifier, subjectAltName, targetInformation, noRevAvail,
// authorityInfoAccess.
constexpr std::string_view kKnownExtensions[] = {"2.5.29.32", "2.5.29.35", kSubjectAltName,
                                                 "2.5.29.55", "2.5.29.56", "1.3.6.1.5.5.7.1.1"};

StatusOr<std::string> OidText(ByteView content) {
  if (content.empty() || (content.back() & 0x80) != 0) return InvalidArgument("OID: cut off");
  std::string text;
  uint64_t arc = 0;
  for (const uint8_t byte : content) {
    if (arc > (UINT64_MAX >> 7)) return InvalidArgument("OID: arc too large");
    arc = arc << 7 | (byte & 0x7F);
    if ((byte & 0x80) != 0) continue;
    if (text.empty()) {
      const uint64_t first = std::min<uint64_t>(arc / 40, 2);
      text = fmt::format("{}.{}", first, arc - 40 * first);
    } else {
      text += fmt::format(".{}", arc);
    }
    arc = 0;
  }
  return text;
}

StatusOr<std::string> TakeOid(ByteView& bytes) {
  ASSIGN_OR_RETURN(const der::Element oid, der::Take(bytes, der::kOid));
  return OidText(oid.content);
}

Status End(ByteView rest, std::string_view what) {
  return rest.empty() ? OkStatus() : InvalidArgument(fmt::format("{}: bytes after the end", what));
}

StatusOr<Bytes> TakeSerial(ByteView& bytes) {
  ASSIGN_OR_RETURN(const der::Element serial, der::Take(bytes, der::kInteger));
  const ByteView content = serial.content;
  if (content.empty()) return InvalidArgument("serial number: empty");
  const bool padded = content.size() > 1 && ((content[0] == 0x00 && content[1] < 0x80) ||
                                             (content[0] == 0xFF && content[1] >= 0x80));
  if (padded) return InvalidArgument("serial number: not minimal");
  return ToBytes(content);
}

// The one directoryName in GeneralNames.
StatusOr<Bytes> DirectoryName(ByteView names) {
  ASSIGN_OR_RETURN(const der::Element name, der::Take(names, kDirectoryName));
  RETURN_IF_ERROR(End(names, "general names"));
  ByteView inner = name.content;
  ASSIGN_OR_RETURN(const der::Element rdns, der::Take(inner, der::kSequence));
  RETURN_IF_ERROR(End(inner, "directoryName"));
  return ToBytes(rdns.whole);
}

// Holder ::= SEQUENCE { [0] IssuerSerial, [1] GeneralNames, [2] ObjectDigestInfo }, each optional.
Status ReadHolder(ByteView bytes, PlatformCertificate& out) {
  bool any = false;
  uint8_t last = 0;
  while (!bytes.empty()) {
    ASSIGN_OR_RETURN(const der::Element part, der::Take(bytes));
    const bool ordered = part.tag > last && part.tag >= kContext0 && part.tag <= kContext2;
    if (!ordered) return InvalidArgument("holder: unexpected part");
    last = part.tag;
    any = true;
    out.holder_is_digest = out.holder_is_digest || part.tag == kContext2;
    if (part.tag != kContext0) continue;
    ByteView fields = part.content;
    ASSIGN_OR_RETURN(const der::Element names, der::Take(fields, der::kSequence));
    ASSIGN_OR_RETURN(out.holder_issuer_der, DirectoryName(names.content));
    ASSIGN_OR_RETURN(out.holder_serial, TakeSerial(fields));
    if (!fields.empty()) {  // issuerUID
      RETURN_IF_ERROR(der::Take(fields, der::kBitString).status());
      RETURN_IF_ERROR(End(fields, "holder"));
    }
  }
  return any ? OkStatus() : InvalidArgument("holder: names nobody");
}

// AttCertIssuer: [0] V2Form whose issuerName is one directoryName.
Status ReadIssuer(ByteView& bytes, PlatformCertificate& out) {
  ASSIGN_OR_RETURN(const der::Element form, der::Take(bytes, kContext0));
  ByteView fields = form.content;
  ASSIGN_OR_RETURN(const der::Element names, der::Take(fields, der::kSequence));
  ASSIGN_OR_RETURN(out.issuer_der, DirectoryName(names.content));
  return End(fields, "issuer");
}

// "20181006210933Z" (RFC 5755: seconds, UTC, no fractions).
StatusOr<WallTime> TakeTime(ByteView& bytes) {
  ASSIGN_OR_RETURN(const der::Element time, der::Take(bytes, kGeneralizedTime));
  const std::string_view text = AsText(time.content);
  constexpr size_t kDigits = 14;
  const bool shaped =
      text.size() == kDigits + 1 && text.back() == 'Z' &&
      std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
  if (!shaped) return InvalidArgument("validity: not YYYYMMDDHHMMSSZ");
  const auto number = [&](size_t at, size_t size) {
    int value = 0;
    for (size_t i = at; i < at + size; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  namespace chr = std::chrono;
  const chr::year_month_day day{chr::year(number(0, 4)),
                                chr::month(static_cast<unsigned>(number(4, 2))),
                                chr::day(static_cast<unsigned>(number(6, 2)))};
  if (!day.ok() || number(8, 2) > 23 || number(10, 2) > 59 || number(12, 2) > 59) {
    return InvalidArgument("validity: no such time");
  }
  constexpr int kLastYear = 2261;  // nanoseconds since 1970 fit 64 bits until 2262
  if (number(0, 4) > kLastYear) return WallTime::max();
  return WallTime(chr::sys_days(day)) + chr::hours(number(8, 2)) + chr::minutes(number(10, 2)) +
         chr::seconds(number(12, 2));
}

Status ReadValidity(ByteView& bytes, PlatformCertificate& out) {
  ASSIGN_OR_RETURN(const der::Element validity, der::Take(bytes, der::kSequence));
  ByteView fields = validity.content;
  ASSIGN_OR_RETURN(out.not_before, TakeTime(fields));
  ASSIGN_OR_RETURN(out.not_after, TakeTime(fields));
  RETURN_IF_ERROR(End(fields, "validity"));
  return out.not_before <= out.not_after ? OkStatus() : InvalidArgument("validity: ends first");
}

Status AddOnce(std::vector<std::string>& list, const std::string& oid, std::string_view what) {
  if (std::find(list.begin(), list.end(), oid) != list.end()) {
    return InvalidArgument(fmt::format("{} {} twice", what, oid));
  }
  list.push_back(oid);
  return OkStatus();
}

Status ReadAttributes(ByteView& bytes, PlatformCertificate& out) {
  ASSIGN_OR_RETURN(const der::Element attributes, der::Take(bytes, der::kSequence));
  for (ByteView rest = attributes.content; !rest.empty();) {
    ASSIGN_OR_RETURN(const der::Element attribute, der::Take(rest, der::kSequence));
    ByteView fields = attribute.content;
    ASSIGN_OR_RETURN(const std::string oid, TakeOid(fields));
    ASSIGN_OR_RETURN(const der::Element values, der::Take(fields, der::kSet));
    RETURN_IF_ERROR(End(fields, "attribute"));
    for (ByteView value = values.content; !value.empty();) {
      RETURN_IF_ERROR_CTX(der::Take(value).status(), "attribute " + oid);
    }
    RETURN_IF_ERROR(AddOnce(out.attributes, oid, "attribute"));
  }
  return OkStatus();
}

// platformManufacturerStr, platformModel and platformVersion, in the profile's old and new numbers.
std::string* FieldOf(std::string_view oid, PlatformCertificate& out) {
  if (oid == "2.23.133.5.1.1" || oid == "2.23.133.2.4") return &out.manufacturer;
  if (oid == "2.23.133.5.1.4" || oid == "2.23.133.2.5") return &out.model;
  if (oid == "2.23.133.5.1.5" || oid == "2.23.133.2.6") return &out.version;
  return nullptr;
}

Status ReadSubjectAltName(ByteView value, PlatformCertificate& out) {
  ASSIGN_OR_RETURN(const der::Element names, der::Take(value, der::kSequence));
  for (ByteView rest = names.content; !rest.empty();) {
    ASSIGN_OR_RETURN(const der::Element name, der::Take(rest));
    if (name.tag != kDirectoryName) continue;
    ByteView inner = name.content;
    ASSIGN_OR_RETURN(const der::Element rdns, der::Take(inner, der::kSequence));
    for (ByteView sets = rdns.content; !sets.empty();) {
      ASSIGN_OR_RETURN(const der::Element set, der::Take(sets, der::kSet));
      for (ByteView pairs = set.content; !pairs.empty();) {
        ASSIGN_OR_RETURN(const der::Element pair, der::Take(pairs, der::kSequence));
        ByteView fields = pair.content;
        ASSIGN_OR_RETURN(const std::string oid, TakeOid(fields));
        ASSIGN_OR_RETURN(const der::Element text, der::Take(fields));
        if (std::string* field = FieldOf(oid, out)) *field = ToString(text.content);
      }
    }
  }
  return OkStatus();
}

Status ReadExtension(ByteView fields, PlatformCertificate& out) {
  ASSIGN_OR_RETURN(const std::string oid, TakeOid(fields));
  bool critical = false;
  if (!fields.empty() && fields[0] == kBoolean) {
    ASSIGN_OR_RETURN(const der::Element flag, der::Take(fields, kBoolean));
    if (flag.content.size() != 1) return InvalidArgument("extension: critical is no flag");
    critical = flag.content[0] != 0;
  }
  ASSIGN_OR_RETURN(const der::Element value, der::Take(fields, kOctetString));
  RETURN_IF_ERROR(End(fields, "extension"));
  RETURN_IF_ERROR(AddOnce(out.extensions, oid, "extension"));
  const bool known = std::find(std::begin(kKnownExtensions), std::end(kKnownExtensions), oid) !=
                     std::end(kKnownExtensions);
  if (critical && !known) out.unknown_critical.push_back(oid);
  if (oid != kSubjectAltName) return OkStatus();
  RETURN_IF_ERROR_CTX(ReadSubjectAltName(value.content, out), "subjectAltName");
  return OkStatus();
}

Status ReadExtensions(ByteView bytes, PlatformCertificate& out) {
  if (!bytes.empty() && bytes[0] == der::kBitString) {  // issuerUniqueID
    RETURN_IF_ERROR(der::Take(bytes, der::kBitString).status());
  }
  if (bytes.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const der::Element extensions, der::Take(bytes, der::kSequence));
  RETURN_IF_ERROR(End(bytes, "attribute certificate info"));
  for (ByteView rest = extensions.content; !rest.empty();) {
    ASSIGN_OR_RETURN(const der::Element extension, der::Take(rest, der::kSequence));
    RETURN_IF_ERROR(ReadExtension(extension.content, out));
  }
  return OkStatus();
}

StatusOr<ByteView> ReadInfo(ByteView bytes, PlatformCertificate& out) {
  ASSIGN_OR_RETURN(const der::Element version, der::Take(bytes, der::kInteger));
  if (version.content.size() != 1 || version.content[0] != kVersion2) {
    return InvalidArgument("version: not 2");
  }
  ASSIGN_OR_RETURN(const der::Element holder, der::Take(bytes, der::kSequence));
  RETURN_IF_ERROR(ReadHolder(holder.content, out));
  RETURN_IF_ERROR(ReadIssuer(bytes, out));
  ASSIGN_OR_RETURN(const der::Element algorithm, der::Take(bytes, der::kSequence));
  ASSIGN_OR_RETURN(out.serial, TakeSerial(bytes));
  RETURN_IF_ERROR(ReadValidity(bytes, out));
  RETURN_IF_ERROR(ReadAttributes(bytes, out));
  RETURN_IF_ERROR(ReadExtensions(bytes, out));
  return algorithm.whole;
}

}  // namespace

StatusOr<PlatformCertificate> ParsePlatformCertificate(ByteView bytes) {
  if (bytes.size() > kCertificateBytesMax) {
    return InvalidArgument(fmt::format("{} bytes, at most {}", bytes.size(), kCertificateBytesMax));
  }
  PlatformCertificate out;
  ASSIGN_OR_RETURN(const der::Element outer, der::Take(bytes, der::kSequence));
  RETURN_IF_ERROR(End(bytes, "attribute certificate"));
  ByteView fields = outer.content;
  ASSIGN_OR_RETURN(const der::Element info, der::Take(fields, der::kSequence));
  out.signed_bytes = ToBytes(info.whole);
  ASSIGN_OR_RETURN(const ByteView inner_algorithm, ReadInfo(info.content, out));
  ASSIGN_OR_RETURN(const der::Element algorithm, der::Take(fields, der::kSequence));
  if (!std::equal(algorithm.whole.begin(), algorithm.whole.end(), inner_algorithm.begin(),
                  inner_algorithm.end())) {
    return InvalidArgument("signature algorithm: differs inside and outside");
  }
  ByteView oid = algorithm.content;
  ASSIGN_OR_RETURN(out.signature_algorithm, TakeOid(oid));
  ASSIGN_OR_RETURN(const der::Element signature, der::Take(fields, der::kBitString));
  RETURN_IF_ERROR(End(fields, "attribute certificate"));
  if (signature.content.size() < 2 || signature.content[0] != 0) {
    return InvalidArgument("signature: no whole bytes");
  }
  out.signature = ToBytes(signature.content.subspan(1));
  return out;
}

}  // namespace preseal::server
