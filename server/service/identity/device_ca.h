// SPDX-License-Identifier: Apache-2.0
// What the use cases need of the authority that issues device certificates.
#pragma once

#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/crypto/digest.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "server/domain/attestation/trust_model.h"

namespace preseal::server {

struct IssuedCertificate {
  Bytes der;
  std::vector<Bytes> chain;  // DER, issuer first
};

// A renewal is the same request with the same device and the digest of the new evidence.
struct CertificateRequest {
  DeviceId device;
  std::string serial_number;  // of the machine
  // Of the TPM, from its EK certificate (crypto::TpmHardwareSerial); empty without one, and the
  // machine's serial number takes its place.
  std::string hardware_serial;
  // Of the EK certificate (DER). Without one: of the EK's SubjectPublicKeyInfo, and
  // `has_ek_certificate` is false, which changes whose identifier it is called.
  crypto::Digest256 ek_sha256{};
  bool has_ek_certificate = true;
  std::vector<TrustModel> trust_models;  // those that passed, at least one
  bool quarantine = false;               // admitted to the quarantine profile only
  bool lab = false;                      // through a lab root: issued by the lab's own authority
  crypto::Digest256 evidence_sha256{};
};

struct RevokedCertificate {
  std::string serial_hex;  // as crypto::Certificate::serial_hex
  WallTime revoke_time;
};

// A signed revocation list (RFC 5280, DER) of one issuing key.
struct DeviceCrl {
  std::string name;  // last part of the distribution point in its certificates: "device-1.crl"
  Bytes der;
};

// Issues device certificates. Thread-safe.
class DeviceCa {
 public:
  virtual ~DeviceCa() = default;
  virtual StatusOr<IssuedCertificate> Issue(const CertificateRequest& request,
                                            const crypto::PublicKey& key, WallTime now) = 0;
  // One list per issuing key still trusted at `now`, each naming all of `revoked` (at most
  // kCrlEntriesMax; serial numbers are random, so a foreign one does no harm). Its number is `now`
  // in seconds: a later call gives a later number. It ends kCrlLife after `now`.
  virtual StatusOr<std::vector<DeviceCrl>> CurrentCrls(
      const std::vector<RevokedCertificate>& revoked, WallTime now) = 0;
};

}  // namespace preseal::server
