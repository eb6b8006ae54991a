// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/crl.h"

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "common/crypto/certificate_builder.h"

namespace preseal::crypto {
namespace {

constexpr uint8_t kVersion2[] = {1};
constexpr size_t kSerialBytesLimit = 20;  // RFC 5280
constexpr char kOidCrlNumber[] = "2.5.29.20";
constexpr char kOidAuthorityKeyId[] = "2.5.29.35";

// INTEGER of a magnitude: no needless zero in front, but one before a set high bit.
Bytes UnsignedInteger(ByteView magnitude) {
  const auto first =
      std::find_if(magnitude.begin(), magnitude.end(), [](uint8_t byte) { return byte != 0; });
  Bytes content(first, magnitude.end());
  if (content.empty() || (content.front() & 0x80) != 0) content.insert(content.begin(), 0);
  return der::Primitive(der::kInteger, content);
}

StatusOr<Bytes> Serial(const std::string& hex) {
  const auto bytes = FromHex(hex.size() % 2 == 0 ? hex : "0" + hex);
  if (!bytes.ok() || bytes->empty() || bytes->size() > kSerialBytesLimit) {
    return InvalidArgument("revoked serial number must be 1 to 20 bytes in hex");
  }
  return UnsignedInteger(*bytes);
}

// UTCTime until 2049, then GeneralizedTime, as RFC 5280 asks.
StatusOr<Bytes> Time(WallTime time) {
  const openssl::Owner<ASN1_TIME, ASN1_TIME_free> encoded(
      ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time)));
  if (!encoded) return openssl::Failure("encode a time");
  return openssl::EncodeDer(encoded.get(), i2d_ASN1_TIME);
}

StatusOr<Bytes> Extension(std::string_view oid, const Bytes& value) {
  ASSIGN_OR_RETURN(const Bytes id, der::Oid(oid));
  return der::Constructed(der::kSequence, {id, der::Primitive(der::kOctetString, value)});
}

StatusOr<Bytes> Extensions(uint64_t number, const Certificate& issuer) {
  Bytes magnitude(sizeof number);
  for (size_t i = 0; i < sizeof number; ++i) {
    magnitude[sizeof number - 1 - i] = static_cast<uint8_t>(number >> (8 * i));
  }
  const Bytes key_id = der::Primitive(der::Context(0), KeyIdOf(issuer));
  ASSIGN_OR_RETURN(const Bytes authority,
                   Extension(kOidAuthorityKeyId, der::Constructed(der::kSequence, {key_id})));
  ASSIGN_OR_RETURN(const Bytes crl_number, Extension(kOidCrlNumber, UnsignedInteger(magnitude)));
  return der::Constructed(der::ContextConstructed(0),
                          {der::Constructed(der::kSequence, {authority, crl_number})});
}

StatusOr<std::vector<Bytes>> Entries(const std::vector<RevokedSerial>& revoked) {
  std::vector<Bytes> entries;
  std::set<Bytes> seen;
  for (const RevokedSerial& one : revoked) {
    ASSIGN_OR_RETURN(const Bytes serial, Serial(one.serial_hex));
    if (!seen.insert(serial).second) continue;
    ASSIGN_OR_RETURN(const Bytes time, Time(one.time));
    entries.push_back(der::Constructed(der::kSequence, {serial, time}));
  }
  return entries;
}

Status Check(const CrlSpec& spec, const IssuerRef& issuer) {
  if (spec.next_update <= spec.this_update) {
    return InvalidArgument("revocation list would end before it begins");
  }
  if (spec.revoked.size() > kCrlEntriesMax) {
    return ResourceExhausted("too many certificates for one revocation list");
  }
  return CheckIssuerKey(issuer);
}

}  // namespace

StatusOr<Bytes> IssueCrl(const CrlSpec& spec, const IssuerRef& issuer) {
  RETURN_IF_ERROR(Check(spec, issuer));
  ASSIGN_OR_RETURN(const Bytes this_update, Time(spec.this_update));
  ASSIGN_OR_RETURN(const Bytes next_update, Time(spec.next_update));
  ASSIGN_OR_RETURN(const std::vector<Bytes> entries, Entries(spec.revoked));
  ASSIGN_OR_RETURN(const Bytes extensions, Extensions(spec.number, issuer.certificate));
  std::vector<Bytes> fields = {der::Primitive(der::kInteger, kVersion2), EcdsaSha256Algorithm(),
                               issuer.certificate.subject_der(), this_update, next_update};
  // An empty list of entries must be left out.
  if (!entries.empty()) fields.push_back(der::Constructed(der::kSequence, entries));
  fields.push_back(extensions);
  return SignStructure(der::Constructed(der::kSequence, fields), issuer.key);
}

}  // namespace preseal::crypto
