// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/issue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "common/base/limits.h"
#include "common/crypto/certificate_builder.h"
#include "common/crypto/oids.h"

namespace preseal::crypto {
namespace {

constexpr size_t kDnsLabelBytesMax = 63;
constexpr std::string_view kStationUriPrefix = "preseal:station/";
constexpr std::string_view kDeviceUriPrefix = "preseal:device/";
constexpr char kOidCrlDistributionPoints[] = "2.5.29.31";
constexpr char kLabUnit[] = "LAB - not for production";

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

Status CheckDnsName(std::string_view name) {
  if (name.empty() || name.size() > kDnsNameBytesMax) {
    return InvalidArgument("host name must be 1 to 253 characters");
  }
  for (size_t start = 0; start <= name.size();) {
    const size_t end = std::min(name.find('.', start), name.size());
    const std::string_view label = name.substr(start, end - start);
    const bool good = !label.empty() && label.size() <= kDnsLabelBytesMax &&
                      IsAlphanumeric(label.front()) && IsAlphanumeric(label.back()) &&
                      std::all_of(label.begin(), label.end(),
                                  [](char c) { return IsAlphanumeric(c) || c == '-'; });
    if (!good) return InvalidArgument("host name has a bad label");
    start = end + 1;
  }
  return OkStatus();
}

bool IsStationName(std::string_view name) {
  return !name.empty() && name.size() <= kNameTextBytesMax &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

// What every leaf shares.
StatusOr<CertificateBuilder> StartLeaf(const Validity& validity, const PublicKey& key,
                                       std::string_view extended_key_usage) {
  ASSIGN_OR_RETURN(auto builder, CertificateBuilder::Start(validity, key));
  RETURN_IF_ERROR(builder.AddBasicConstraints(false));
  RETURN_IF_ERROR(builder.AddKeyUsage(kDigitalSignature));
  RETURN_IF_ERROR(builder.AddExtendedKeyUsage(extended_key_usage));
  return builder;
}

Bytes DnsName(std::string_view name) { return der::Primitive(der::Context(2), AsBytes(name)); }
Bytes UriName(std::string_view uri) { return der::Primitive(der::Context(6), AsBytes(uri)); }

StatusOr<Bytes> IpName(const std::string& address) {
  const openssl::Owner<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> parsed(
      a2i_IPADDRESS(address.c_str()));
  if (!parsed) return openssl::BadInput("IP address does not parse");
  const ByteView bytes(ASN1_STRING_get0_data(parsed.get()),
                       static_cast<size_t>(ASN1_STRING_length(parsed.get())));
  return der::Primitive(der::Context(7), bytes);
}

// OtherName { type-id, [0] EXPLICIT value }
StatusOr<Bytes> OtherName(std::string_view type, const Bytes& value) {
  ASSIGN_OR_RETURN(const Bytes oid, der::Oid(type));
  return der::Constructed(der::ContextConstructed(0),
                          {oid, der::Constructed(der::ContextConstructed(0), {value})});
}

// HardwareModuleName { hwType, hwSerialNum } (RFC 4108 section "hardwareModuleName")
StatusOr<Bytes> HardwareModuleName(std::string_view serial) {
  ASSIGN_OR_RETURN(const Bytes type, der::Oid(kOidTcgTpm20));
  return OtherName(
      kOidHardwareModuleName,
      der::Constructed(der::kSequence, {type, der::Primitive(der::kOctetString, AsBytes(serial))}));
}

// PermanentIdentifier { identifierValue, assigner } (RFC 4043). RFC 4043 leaves the value to the
// assigner; the TCG's is hex in UTF-8 of SHA-256 over the EK certificate's DER ("TPM 2.0 Keys for
// Device Identity and Attestation", section on DevID certificates). A key alone is named under an
// assigner of ours, so that nobody looks for a certificate with that digest.
StatusOr<Bytes> PermanentIdentifier(const DeviceSpec& spec) {
  ASSIGN_OR_RETURN(const Bytes assigner, der::Oid(spec.has_ek_certificate ? kOidTcgEkPermIdSha256
                                                                          : kOidEkKeyPermIdSha256));
  const Bytes value = der::Primitive(der::kUtf8String, AsBytes(ToHex(spec.ek_sha256)));
  return OtherName(kOidPermanentIdentifier, der::Constructed(der::kSequence, {value, assigner}));
}

std::string_view PolicyOf(TrustModel model) {
  switch (model) {
    case TrustModel::kEkPub:
      return kOidTrustEkPub;
    case TrustModel::kEkCert:
      return kOidTrustEkCert;
    case TrustModel::kToken:
      return kOidTrustToken;
  }
  return {};
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Status CheckCrlUrl(std::string_view url) {
  if (url.empty()) return OkStatus();
  const bool http = url.starts_with("http://") || url.starts_with("https://");
  const bool spaced = url.find(' ') != std::string_view::npos;
  if (http && IsPrintable(url) && !spaced && url.size() <= kUrlBytesMax) return OkStatus();
  return InvalidArgument("CRL address must be an http or https URL");
}

Status CheckDevice(const DeviceSpec& spec) {
  if (spec.device.empty()) return InvalidArgument("device id is missing");
  if (spec.serial.empty() || spec.serial.size() > kSerialBytesMax || !IsPrintable(spec.serial)) {
    return InvalidArgument("device serial must be 1 to 128 printable characters");
  }
  if (spec.hardware_serial.size() > kHardwareSerialBytesMax || !IsPrintable(spec.hardware_serial)) {
    return InvalidArgument("TPM serial must be at most 256 printable characters");
  }
  RETURN_IF_ERROR(CheckCrlUrl(spec.crl_url));
  // A certificate without a reason for trust must not exist.
  if (spec.trust_models.empty()) return InvalidArgument("no trust model passed");
  return OkStatus();
}

// X.520 allows serialNumber 1 to 64 characters of PrintableString.
bool FitsSerialNumber(std::string_view serial) {
  constexpr std::string_view kMarks = " '()+,-./:=?";
  return serial.size() <= kNameTextBytesMax &&
         std::all_of(serial.begin(), serial.end(), [&](char c) {
           return IsAlphanumeric(c) || kMarks.find(c) != std::string_view::npos;
         });
}

Status AddDeviceSubject(const DeviceSpec& spec, CertificateBuilder* builder) {
  if (spec.lab) RETURN_IF_ERROR(builder->AddSubject(NID_organizationalUnitName, kLabUnit));
  if (FitsSerialNumber(spec.serial)) {
    RETURN_IF_ERROR(builder->AddSubject(NID_serialNumber, spec.serial));
  }
  return builder->AddSubject(NID_commonName, spec.device.text());
}

Status AddDeviceNames(const DeviceSpec& spec, CertificateBuilder* builder) {
  const bool known = !spec.hardware_serial.empty();
  ASSIGN_OR_RETURN(const Bytes module_name,
                   HardwareModuleName(known ? spec.hardware_serial : spec.serial));
  ASSIGN_OR_RETURN(const Bytes permanent, PermanentIdentifier(spec));
  return builder->AddAlternativeNames({UriName(DeviceUri(spec.device)), module_name, permanent});
}

Status AddDevicePolicies(const DeviceSpec& spec, CertificateBuilder* builder) {
  std::vector<std::string_view> policies = {kOidTcgVerifiedTpmFixed};
  for (const TrustModel model : spec.trust_models) {
    const std::string_view policy = PolicyOf(model);
    // RFC 5280 forbids the same policy twice.
    if (std::find(policies.begin(), policies.end(), policy) == policies.end()) {
      policies.push_back(policy);
    }
  }
  if (spec.quarantine) policies.push_back(kOidQuarantine);
  if (spec.lab) policies.push_back(kOidTrustLab);
  return builder->AddPolicies(policies);
}

// CRLDistributionPoints: one DistributionPoint { [0] { [0] fullName { URI } } } (RFC 5280).
Status AddCrlUrl(std::string_view url, CertificateBuilder* builder) {
  const Bytes full_name = der::Constructed(der::ContextConstructed(0), {UriName(url)});
  const Bytes name = der::Constructed(der::ContextConstructed(0), {full_name});
  const Bytes point = der::Constructed(der::kSequence, {name});
  return builder->AddExtension(kOidCrlDistributionPoints, false,
                               der::Constructed(der::kSequence, {point}));
}

// keyIdentifier [0] of an AuthorityKeyIdentifier, in hex; "" if there is none.
std::string AuthorityKeyIdHex(const Certificate& certificate) {
  const openssl::Owner<AUTHORITY_KEYID, AUTHORITY_KEYID_free> id(static_cast<AUTHORITY_KEYID*>(
      X509_get_ext_d2i(certificate.handle(), NID_authority_key_identifier, nullptr, nullptr)));
  if (!id || id->keyid == nullptr) return {};
  return ToHex(ByteView(ASN1_STRING_get0_data(id->keyid),
                        static_cast<size_t>(ASN1_STRING_length(id->keyid))));
}

}  // namespace

std::string StationUri(std::string_view station) {
  return fmt::format("{}{}", kStationUriPrefix, station);
}

std::string DeviceUri(const DeviceId& device) {
  return fmt::format("{}{}", kDeviceUriPrefix, device.text());
}

std::optional<std::string> StationOfUri(std::string_view uri) {
  if (!uri.starts_with(kStationUriPrefix)) return std::nullopt;
  const std::string_view name = uri.substr(kStationUriPrefix.size());
  if (!IsStationName(name)) return std::nullopt;
  return std::string(name);
}

std::optional<DeviceId> DeviceOfUri(std::string_view uri) {
  if (!uri.starts_with(kDeviceUriPrefix)) return std::nullopt;
  auto device = DeviceId::Parse(uri.substr(kDeviceUriPrefix.size()));
  if (!device.ok()) return std::nullopt;
  return *std::move(device);
}

std::string TpmHardwareSerial(std::string_view manufacturer, const Certificate& ek) {
  return fmt::format("{}:{}:{}", manufacturer, AuthorityKeyIdHex(ek), ek.serial_hex());
}

StatusOr<Certificate> IssueServer(const ServerNames& names, const Validity& validity,
                                  const PublicKey& key, const IssuerRef& issuer) {
  std::vector<Bytes> alternative_names;
  for (const std::string& name : names.dns) {
    RETURN_IF_ERROR_CTX(CheckDnsName(name), name);
    alternative_names.push_back(DnsName(name));
  }
  for (const std::string& address : names.ip_addresses) {
    ASSIGN_OR_RETURN_CTX(auto name, IpName(address), address);
    alternative_names.push_back(std::move(name));
  }
  if (alternative_names.empty()) return InvalidArgument("server needs a host name or IP address");
  const std::string& first = names.dns.empty() ? names.ip_addresses[0] : names.dns[0];
  ASSIGN_OR_RETURN(auto builder, StartLeaf(validity, key, kOidServerAuth));
  RETURN_IF_ERROR(builder.AddSubject(NID_commonName,
                                     first.size() <= kNameTextBytesMax ? first : "preseal-server"));
  RETURN_IF_ERROR(builder.AddAlternativeNames(alternative_names));
  return builder.Sign(issuer);
}

StatusOr<Certificate> IssueStation(const std::string& station, const Validity& validity,
                                   const PublicKey& key, const IssuerRef& issuer) {
  if (!IsStationName(station)) {
    return InvalidArgument("station name must be 1 to 64 of letters, digits, '.', '_' and '-'");
  }
  ASSIGN_OR_RETURN(auto builder, StartLeaf(validity, key, kOidClientAuth));
  RETURN_IF_ERROR(builder.AddSubject(NID_commonName, station));
  RETURN_IF_ERROR(builder.AddAlternativeNames({UriName(StationUri(station))}));
  return builder.Sign(issuer);
}

StatusOr<Certificate> IssueDevice(const DeviceSpec& spec, const Validity& validity,
                                  const PublicKey& key, const IssuerRef& issuer) {
  RETURN_IF_ERROR(CheckDevice(spec));
  if (key.kind() != KeyKind::kP256) return InvalidArgument("device key is not a P-256 key");
  ASSIGN_OR_RETURN(auto builder, StartLeaf(validity, key, kOidClientAuth));
  RETURN_IF_ERROR(AddDeviceSubject(spec, &builder));
  RETURN_IF_ERROR(AddDeviceNames(spec, &builder));
  RETURN_IF_ERROR(AddDevicePolicies(spec, &builder));
  if (!spec.crl_url.empty()) RETURN_IF_ERROR(AddCrlUrl(spec.crl_url, &builder));
  RETURN_IF_ERROR(builder.AddExtension(kOidEvidenceSha256, false,
                                       der::Primitive(der::kOctetString, spec.evidence_sha256)));
  return builder.Sign(issuer);
}

StatusOr<Certificate> IssueSealSigner(const std::string& organisation,
                                      const std::string& common_name, const Validity& validity,
                                      const PublicKey& key, const IssuerRef& issuer) {
  RETURN_IF_ERROR(CheckNameText("organisation", organisation));
  RETURN_IF_ERROR(CheckNameText("common name", common_name));
  ASSIGN_OR_RETURN(auto builder, StartLeaf(validity, key, kOidDocumentSigning));
  RETURN_IF_ERROR(builder.AddSubject(NID_organizationName, organisation));
  RETURN_IF_ERROR(builder.AddSubject(NID_commonName, common_name));
  return builder.Sign(issuer);
}

}  // namespace preseal::crypto
