// SPDX-License-Identifier: Apache-2.0
// Issues the five kinds of certificate Preseal makes, all over P-256 with ECDSA-SHA256 and a random
// 16-byte serial. Pure but for that serial. Thread-safe.
//
// Every function: INVALID_ARGUMENT for a field that is empty, too long, unprintable or not what it
// must be; FAILED_PRECONDITION if the issuer is no CA, its key is not the certificate's, or the
// validity leaves the issuer's. Nothing is checked about whether the subject deserves it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"
#include "common/crypto/key.h"
#include "common/status/status.h"

namespace preseal::crypto {

// Cut to whole seconds.
struct Validity {
  WallTime not_before;
  WallTime not_after;
};

// Borrowed for the one call.
struct IssuerRef {
  const Certificate& certificate;
  const PrivateKey& key;
};

// Self-signed root that may issue leaves only (path length 0).
StatusOr<Certificate> IssueCa(const std::string& organisation, const std::string& common_name,
                              const Validity& validity, const PrivateKey& key);

// The same authority with a new key: `predecessor`'s name, self-signed by `key`. Key identifiers
// tell the two apart.
StatusOr<Certificate> IssueSuccessorCa(const Certificate& predecessor, const Validity& validity,
                                       const PrivateKey& key);
// `successor`, as IssueSuccessorCa made it, certified by its predecessor ("new with old", RFC 4210
// section "Root CA Key Update"), as long as both are valid: who trusts the old key alone may
// follow. Being self-issued it does not count against the path length. INVALID_ARGUMENT: another
// name.
StatusOr<Certificate> IssueCaLink(const Certificate& successor, const IssuerRef& predecessor);

struct ServerNames {
  std::vector<std::string> dns;           // host names; "*" is not allowed
  std::vector<std::string> ip_addresses;  // "10.0.0.7", "fe80::1"
};
// TLS server: key usage digitalSignature, extended key usage serverAuth. The common name is the
// first name, "preseal-server" if that has more than 64 characters.
StatusOr<Certificate> IssueServer(const ServerNames& names, const Validity& validity,
                                  const PublicKey& key, const IssuerRef& issuer);

// URI of a station's or device's certificate: "preseal:station/NAME", "preseal:device/D-1042".
std::string StationUri(std::string_view station);
std::string DeviceUri(const DeviceId& device);
// The name behind such a URI; nullopt for any other.
std::optional<std::string> StationOfUri(std::string_view uri);
std::optional<DeviceId> DeviceOfUri(std::string_view uri);

// TLS client of a bench: clientAuth, common name and URI from `station` (1..64 of [A-Za-z0-9._-]).
StatusOr<Certificate> IssueStation(const std::string& station, const Validity& validity,
                                   const PublicKey& key, const IssuerRef& issuer);

enum class TrustModel { kEkPub, kEkCert, kToken };

struct DeviceSpec {
  DeviceId device;
  std::string serial;  // of the machine, 1..kSerialBytesMax printable characters
  // Of the TPM, TpmHardwareSerial(); up to kHardwareSerialBytesMax printable characters. Empty
  // where no EK certificate tells it: `serial` takes its place.
  std::string hardware_serial;
  // SHA-256 of the EK certificate's DER; without one, of the EK's SubjectPublicKeyInfo.
  Digest256 ek_sha256{};
  bool has_ek_certificate = true;
  std::vector<TrustModel> trust_models;  // those that passed, at least one
  bool quarantine = false;               // adds the quarantine policy
  bool lab = false;                      // adds the lab policy and "LAB - not for production" as OU
  Digest256 evidence_sha256{};
  std::string crl_url;  // where the issuer's revocation list lies; empty: no distribution point
};
// LDevID (IEEE 802.1AR; names as in the TCG's "TPM 2.0 Keys for Device Identity and Attestation"):
// clientAuth, critical key usage digitalSignature, subject serialNumber and CN = device id, URI,
// hardwareModuleName and permanentIdentifier, policies, CRL distribution point, evidence digest;
// docs/formats.md has the table. X.520 allows a subject serialNumber 64 letters, digits and some
// marks: another serial is left out of the subject. INVALID_ARGUMENT also: a key that is not P-256,
// a `crl_url` that is not http(s) or has more than kUrlBytesMax characters.
StatusOr<Certificate> IssueDevice(const DeviceSpec& spec, const Validity& validity,
                                  const PublicKey& key, const IssuerRef& issuer);

// hwSerialNum of a TPM, as the TCG's text has it: "MANUFACTURER:AKI:SERIAL" of its EK certificate,
// the last two in lower-case hex. `manufacturer` is the value of tcg-at-tpmManufacturer, e.g.
// "id:53544D20"; a certificate without authorityKeyIdentifier leaves that part empty.
std::string TpmHardwareSerial(std::string_view manufacturer, const Certificate& ek);

// Signs birth certificates: extended key usage documentSigning, nothing else.
StatusOr<Certificate> IssueSealSigner(const std::string& organisation,
                                      const std::string& common_name, const Validity& validity,
                                      const PublicKey& key, const IssuerRef& issuer);

}  // namespace preseal::crypto
