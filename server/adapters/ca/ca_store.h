// SPDX-License-Identifier: Apache-2.0
// Preseal's own certificate authorities, kept as files in one folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/crypto/issue.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "server/adapters/ca/ca_files.h"
#include "server/service/evidence/evidence_ports.h"
#include "server/service/flow/seal_office.h"
#include "server/service/identity/device_ca.h"
#include "server/service/trust/trust_ports.h"
#include "server/service/user_flow/service_record_office.h"

namespace preseal::server {

struct StationCredential {
  crypto::Certificate certificate;
  crypto::PrivateKey key;
};

struct CaSettings {
  std::string organisation;  // 1..64 characters; the subjects carry it
  crypto::ServerNames names;
  std::string device_key_uri;  // pkcs11_key.h; empty: the device authority's key is a file
};

// Thread-safe; holds the keys of everything but the server certificate, which gRPC and the web
// port read from CaFiles themselves. The newest generation of each authority issues. Validity
// begins kCertificateBackdate before `now`, but never before the issuer's, and never ends after the
// issuer's.
class CaStore final : public DeviceCa,
                      public BirthSigner,
                      public EvidenceSigner,
                      public ServiceRecordSigner,
                      public TrustSigner {
 public:
  // Makes the five authorities (kCaCertificateLife), the server certificate for `settings.names`
  // (kServerCertificateLife) and the seal signer (kSealSignerCertificateLife) in `folder`, which
  // must not exist or be empty; its parent must exist. All or nothing, a crash included.
  // ALREADY_EXISTS: the folder has contents, which stay untouched. INVALID_ARGUMENT: a bad
  // organisation or name. Others: of OpenPkcs11Key, and of the file system, as
  // common/files/files.h names them.
  static Status Create(const std::filesystem::path& folder, const CaSettings& settings,
                       WallTime now);

  // Reads the folder and checks that every key belongs to its certificate and every leaf to its
  // authority; not whether they are expired, so that an expired one can be renewed. Device
  // certificates name `crl_base_url` + "/crl/NAME" (DeviceCrl) as their revocation list, none if it
  // is empty. Every error names the file and what to do: NOT_FOUND, FAILED_PRECONDITION (a key file
  // open to others, a key of another certificate, a leaf of another authority), INVALID_ARGUMENT
  // (does not parse), and those of OpenPkcs11Key and common/files/files.h. A folder made before
  // the lab had its own authority loads; it issues no lab certificates until `ca rotate lab`.
  // `device_life` is that of the device certificates it issues.
  static StatusOr<std::unique_ptr<CaStore>> Load(
      const std::filesystem::path& folder, const std::string& crl_base_url = {},
      std::chrono::minutes device_life = kDeviceCertificateLife);

  // Load, and everything that signs or is shown is valid at `now` (else FAILED_PRECONDITION naming
  // it): what must hold before a running server takes the folder over. gRPC refuses all handshakes
  // otherwise.
  static Status ValidateReload(const std::filesystem::path& folder, WallTime now);
  // Takes over what `ca rotate` and `ca retire` changed. Errors as Load, and nothing has changed.
  Status Reload();

  // DeviceCa, with Load's life. INVALID_ARGUMENT as IssueDevice; FAILED_PRECONDITION: the
  // authority is expired, or there is none for the lab; as OpenPkcs11Key if its token fails.
  StatusOr<IssuedCertificate> Issue(const CertificateRequest& request, const crypto::PublicKey& key,
                                    WallTime now) override;
  // Errors as IssueCrl; UNAVAILABLE: the token of a key failed.
  StatusOr<std::vector<DeviceCrl>> CurrentCrls(const std::vector<RevokedCertificate>& revoked,
                                               WallTime now) override;

  // INVALID_ARGUMENT: a bad name, or `not_after` is not within kStationCertificateLife of `now`.
  StatusOr<crypto::Certificate> IssueStationCertificate(const std::string& station,
                                                        const crypto::PublicKey& key, WallTime now,
                                                        WallTime not_after) const;
  // The same for a new key, which is not kept here.
  StatusOr<StationCredential> IssueStationCredential(const std::string& station, WallTime now,
                                                     WallTime not_after) const;

  // BirthSigner: kBirthCertificateType, the seal signer's certificate in x5c.
  StatusOr<std::string> Sign(std::string_view payload_json) override;
  // The floor's other statements, by the same signer, newest as last loaded: the "typ" keeps them
  // apart. Roots: every seal authority that is not retired, so that older statements hold too.
  StatusOr<std::string> SignEvidence(std::string_view payload) const override;
  StatusOr<std::string> SignServiceRecord(std::string_view payload_json) const override;
  std::vector<crypto::Certificate> EvidenceRoots() const override { return SealRoots(); }
  StatusOr<std::string> SignTrust(std::string_view payload) const override;
  std::vector<crypto::Certificate> TrustRoots() const override { return SealRoots(); }

  // A new server certificate for the same key, put in place atomically; the running server takes
  // it up when it reloads. The key stays, because gRPC reads key and certificate at two moments
  // and refuses everybody if they do not match. Links to older server CAs follow the leaf.
  Status RenewServerCertificate(const crypto::ServerNames& names, WallTime now) const;

  const CaFiles& files() const { return files_; }
  // What to trust at `now`: every generation under which a valid certificate may exist, newest
  // first. A device port that admits lab devices adds kLab to kDevice.
  std::vector<crypto::Certificate> Trusted(Authority authority, WallTime now) const;
  // The PKCS#11 URI of the device authority's newest key; empty: a file.
  std::string device_key_uri() const;

  // Certificates of the newest generations, and what they signed, as last loaded.
  crypto::Certificate server_ca() const;
  crypto::Certificate station_ca() const;
  crypto::Certificate device_ca() const;
  crypto::Certificate seal_ca() const;
  crypto::Certificate server_certificate() const;
  crypto::Certificate seal_signer() const;

 private:
  struct Keys;  // immutable
  CaStore(CaFiles files, std::string crl_base_url, std::chrono::minutes device_life,
          std::shared_ptr<const Keys> keys);
  static StatusOr<std::shared_ptr<const Keys>> LoadKeys(const CaFiles& files);
  std::shared_ptr<const Keys> Snapshot() const;
  crypto::Certificate NewestOf(Authority authority) const;
  std::vector<crypto::Certificate> SealRoots() const;
  std::string CrlName(Authority authority, int generation) const;

  const CaFiles files_;
  const std::string crl_base_url_;
  const std::chrono::minutes device_life_;
  mutable Guarded<std::shared_ptr<const Keys>> keys_;
};

}  // namespace preseal::server
