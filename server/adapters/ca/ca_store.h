// SPDX-License-Identifier: Apache-2.0
// Preseal's own certificate authorities, kept as files in one folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/crypto/issue.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "server/service/device_ca.h"
#include "server/service/seal_office.h"

namespace preseal::server {

// Where everything lies in the folder. Keys are 0600, certificates 0644, all PEM, one object each.
struct CaFiles {
  explicit CaFiles(const std::filesystem::path& folder);

  struct Pair {
    std::filesystem::path key;
    std::filesystem::path certificate;
  };
  // Four authorities that never vouch for each other's subjects.
  Pair server_ca;   // signs `server`
  Pair station_ca;  // signs the certificates on imaging media
  Pair device_ca;   // signs device certificates
  Pair seal_ca;     // signs `seal_signer`
  Pair server;      // what every port of the server shows
  Pair seal_signer;
};

struct StationCredential {
  crypto::Certificate certificate;
  crypto::PrivateKey key;
};

// Thread-safe; holds the keys of everything but the server certificate, which gRPC and the web
// port read from CaFiles themselves. Validity begins kCertificateBackdate before `now`, but never
// before the issuer's, and never ends after the issuer's.
class CaStore final : public DeviceCa, public BirthSigner {
 public:
  // Makes the four authorities (kCaCertificateLife), the server certificate for `names`
  // (kServerCertificateLife) and the seal signer (kSealSignerCertificateLife) in `folder`, which
  // must not exist or be empty; its parent must exist. All or nothing, a crash included.
  // ALREADY_EXISTS: the folder has contents, which stay untouched. INVALID_ARGUMENT: a bad
  // organisation (1..64 characters; the subjects carry it) or name. Others: of
  // the file system, as common/files/files.h names them.
  static Status Create(const std::filesystem::path& folder, const std::string& organisation,
                       const crypto::ServerNames& names, WallTime now);

  // Reads the folder and checks that every key belongs to its certificate and every leaf to its
  // authority; not whether they are expired, so that an expired one can be renewed. Every error
  // names the file and what to do: NOT_FOUND, FAILED_PRECONDITION (a key file open to others, a key
  // of another certificate, a leaf of another authority), INVALID_ARGUMENT (does not parse), and
  // those of common/files/files.h.
  static StatusOr<std::unique_ptr<CaStore>> Load(const std::filesystem::path& folder);

  // Load, and every certificate is valid at `now` (else FAILED_PRECONDITION naming it): what must
  // hold before a running server takes the folder over. gRPC refuses all handshakes otherwise.
  static Status ValidateReload(const std::filesystem::path& folder, WallTime now);

  // DeviceCa, kDeviceCertificateLife. INVALID_ARGUMENT as IssueDevice; FAILED_PRECONDITION: the
  // device authority is expired.
  StatusOr<IssuedCertificate> Issue(const CertificateRequest& request, const crypto::PublicKey& key,
                                    WallTime now) override;

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

  // A new server certificate for the same key, put in place atomically; the running server takes
  // it up when it reloads. The key stays, because gRPC reads key and certificate at two moments
  // and refuses everybody if they do not match.
  Status RenewServerCertificate(const crypto::ServerNames& names, WallTime now) const;

  const CaFiles& files() const { return files_; }
  const crypto::Certificate& server_ca() const { return server_ca_.certificate; }
  const crypto::Certificate& station_ca() const { return station_ca_.certificate; }
  const crypto::Certificate& device_ca() const { return device_ca_.certificate; }
  const crypto::Certificate& seal_ca() const { return seal_ca_.certificate; }
  // As it was when loaded.
  const crypto::Certificate& server_certificate() const { return server_.certificate; }
  const crypto::Certificate& seal_signer() const { return seal_signer_.certificate; }

 private:
  struct Identity {
    crypto::PrivateKey key;
    crypto::Certificate certificate;

    crypto::IssuerRef ref() const { return {certificate, key}; }
  };
  CaStore(CaFiles files, Identity server_ca, Identity station_ca, Identity device_ca,
          Identity seal_ca, Identity server, Identity seal_signer);
  static StatusOr<Identity> LoadIdentity(const CaFiles::Pair& pair);
  static StatusOr<Identity> LoadLeaf(const CaFiles::Pair& pair, const CaFiles::Pair& issuer_pair,
                                     const Identity& issuer);

  const CaFiles files_;
  const Identity server_ca_;
  const Identity station_ca_;
  const Identity device_ca_;
  const Identity seal_ca_;
  const Identity server_;
  const Identity seal_signer_;
};

}  // namespace preseal::server
