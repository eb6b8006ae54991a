// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/ca_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/base/limits.h"
#include "common/crypto/crl.h"
#include "common/crypto/jws.h"
#include "common/files/files.h"
#include "server/adapters/ca/validity.h"

namespace preseal::server {
namespace {

constexpr mode_t kCertificateMode = 0644;
constexpr mode_t kOthersMask = 077;

CaFiles::Pair PairIn(const std::filesystem::path& folder, const std::string& name) {
  return {folder / (name + ".key"), folder / (name + ".pem")};
}

// A missing file needs more than its name: making a new authority would orphan every device.
Status Explain(const Status& status) {
  if (status.code() != StatusCode::kNotFound) return status;
  return NotFound(MessageOf(status) +
                  "; restore it from a backup, or run preseal-server init for a new installation");
}

StatusOr<Secret> ReadKeyFile(const std::filesystem::path& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return files::FromErrno(errno, "inspect", path.native());
  if ((facts.st_mode & kOthersMask) != 0) {
    return FailedPrecondition(
        fmt::format("{} is open to others than its owner (mode {:04o}): run chmod 600 {}",
                    path.native(), facts.st_mode & 07777, path.native()));
  }
  ASSIGN_OR_RETURN(Bytes contents, files::Read(path, kPrivateKeyPemBytesMax));
  return Secret(std::move(contents));
}

crypto::TrustModel ToCertificate(TrustModel model) {
  switch (model) {
    case TrustModel::kEkPub:
      return crypto::TrustModel::kEkPub;
    case TrustModel::kEkCert:
      return crypto::TrustModel::kEkCert;
    case TrustModel::kToken:
      return crypto::TrustModel::kToken;
  }
  return {};
}

Status CheckIsCa(const crypto::Certificate& certificate, const std::filesystem::path& path) {
  if (certificate.is_ca()) return OkStatus();
  return FailedPrecondition(fmt::format("{} is not a CA's certificate", path.native()));
}

}  // namespace

CaFiles::CaFiles(const std::filesystem::path& folder)
    : server_ca(PairIn(folder, "server-ca")),
      station_ca(PairIn(folder, "station-ca")),
      device_ca(PairIn(folder, "device-ca")),
      seal_ca(PairIn(folder, "seal-ca")),
      server(PairIn(folder, "server")),
      seal_signer(PairIn(folder, "seal-signer")) {}

CaStore::CaStore(CaFiles files, Identity server_ca, Identity station_ca, Identity device_ca,
                 Identity seal_ca, Identity server, Identity seal_signer)
    : files_(std::move(files)),
      server_ca_(std::move(server_ca)),
      station_ca_(std::move(station_ca)),
      device_ca_(std::move(device_ca)),
      seal_ca_(std::move(seal_ca)),
      server_(std::move(server)),
      seal_signer_(std::move(seal_signer)) {}

StatusOr<CaStore::Identity> CaStore::LoadIdentity(const CaFiles::Pair& pair) {
  const auto key_pem = ReadKeyFile(pair.key);
  if (!key_pem.ok()) return Explain(key_pem.status());
  const auto certificate_pem = files::Read(pair.certificate, kPemBundleBytesMax);
  if (!certificate_pem.ok()) return Explain(certificate_pem.status());
  ASSIGN_OR_RETURN_CTX(auto key, crypto::PrivateKey::FromPem(AsText(key_pem->Reveal())),
                       pair.key.native());
  ASSIGN_OR_RETURN_CTX(auto certificate, crypto::Certificate::FromPem(AsText(*certificate_pem)),
                       pair.certificate.native());
  if (certificate.spki_der() != key.public_key().SpkiDer()) {
    return FailedPrecondition(fmt::format("{} is not the key of {}: restore the matching pair",
                                          pair.key.native(), pair.certificate.native()));
  }
  return Identity{std::move(key), std::move(certificate)};
}

StatusOr<CaStore::Identity> CaStore::LoadLeaf(const CaFiles::Pair& pair,
                                              const CaFiles::Pair& issuer_pair,
                                              const Identity& issuer) {
  ASSIGN_OR_RETURN(auto leaf, LoadIdentity(pair));
  RETURN_IF_ERROR(CheckIsCa(issuer.certificate, issuer_pair.certificate));
  if (!leaf.certificate.IsSignedBy(issuer.certificate)) {
    return FailedPrecondition(fmt::format("{} was not issued by {}: restore the matching pair",
                                          pair.certificate.native(),
                                          issuer_pair.certificate.native()));
  }
  return leaf;
}

StatusOr<std::unique_ptr<CaStore>> CaStore::Load(const std::filesystem::path& folder) {
  CaFiles paths(folder);
  ASSIGN_OR_RETURN(auto server_ca, LoadIdentity(paths.server_ca));
  ASSIGN_OR_RETURN(auto station_ca, LoadIdentity(paths.station_ca));
  RETURN_IF_ERROR(CheckIsCa(station_ca.certificate, paths.station_ca.certificate));
  ASSIGN_OR_RETURN(auto device_ca, LoadIdentity(paths.device_ca));
  RETURN_IF_ERROR(CheckIsCa(device_ca.certificate, paths.device_ca.certificate));
  ASSIGN_OR_RETURN(auto seal_ca, LoadIdentity(paths.seal_ca));
  ASSIGN_OR_RETURN(auto server, LoadLeaf(paths.server, paths.server_ca, server_ca));
  ASSIGN_OR_RETURN(auto seal_signer, LoadLeaf(paths.seal_signer, paths.seal_ca, seal_ca));
  return std::unique_ptr<CaStore>(new CaStore(
      std::move(paths), std::move(server_ca), std::move(station_ca), std::move(device_ca),
      std::move(seal_ca), std::move(server), std::move(seal_signer)));
}

Status CaStore::ValidateReload(const std::filesystem::path& folder, WallTime now) {
  ASSIGN_OR_RETURN(const auto store, Load(folder));
  const std::pair<const CaFiles::Pair&, const Identity&> all[] = {
      {store->files_.server_ca, store->server_ca_},
      {store->files_.station_ca, store->station_ca_},
      {store->files_.device_ca, store->device_ca_},
      {store->files_.seal_ca, store->seal_ca_},
      {store->files_.server, store->server_},
      {store->files_.seal_signer, store->seal_signer_}};
  for (const auto& [pair, identity] : all) {
    RETURN_IF_ERROR_CTX(CheckValidAt(identity.certificate, now), pair.certificate.native());
  }
  return OkStatus();
}

StatusOr<IssuedCertificate> CaStore::Issue(const CertificateRequest& request,
                                           const crypto::PublicKey& key, WallTime now) {
  crypto::DeviceSpec spec;
  spec.device = request.device;
  spec.serial = request.serial_number;
  spec.ek_sha256 = request.ek_sha256;
  spec.hardware_serial = request.hardware_serial;
  spec.has_ek_certificate = request.has_ek_certificate;
  for (const TrustModel model : request.trust_models) {
    spec.trust_models.push_back(ToCertificate(model));
  }
  spec.quarantine = request.quarantine;
  spec.lab = request.lab;
  spec.evidence_sha256 = request.evidence_sha256;
  ASSIGN_OR_RETURN_CTX(const auto validity,
                       ValidityWithin(device_ca_.certificate, now, now + kDeviceCertificateLife),
                       "device CA");
  ASSIGN_OR_RETURN(const auto certificate,
                   crypto::IssueDevice(spec, validity, key, device_ca_.ref()));
  return IssuedCertificate{certificate.der(), {device_ca_.certificate.der()}};
}

StatusOr<std::vector<DeviceCrl>> CaStore::CurrentCrls(
    const std::vector<RevokedCertificate>& revoked, WallTime now) {
  crypto::CrlSpec spec;
  spec.number = static_cast<uint64_t>(std::chrono::system_clock::to_time_t(now));
  spec.this_update = now;
  spec.next_update = now + kCrlLife;
  for (const RevokedCertificate& one : revoked) {
    spec.revoked.push_back({one.serial_hex, one.revoke_time});
  }
  ASSIGN_OR_RETURN(Bytes der, crypto::IssueCrl(spec, device_ca_.ref()));
  return std::vector<DeviceCrl>{{"device-1.crl", std::move(der)}};
}

StatusOr<crypto::Certificate> CaStore::IssueStationCertificate(const std::string& station,
                                                               const crypto::PublicKey& key,
                                                               WallTime now,
                                                               WallTime not_after) const {
  // It lies readable on a stick that people carry about.
  if (not_after <= now || not_after > now + kStationCertificateLife) {
    return InvalidArgument("station certificate must end within 30 days from now");
  }
  ASSIGN_OR_RETURN_CTX(const auto validity, ValidityWithin(station_ca_.certificate, now, not_after),
                       "station CA");
  return crypto::IssueStation(station, validity, key, station_ca_.ref());
}

StatusOr<StationCredential> CaStore::IssueStationCredential(const std::string& station,
                                                            WallTime now,
                                                            WallTime not_after) const {
  ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::GenerateP256());
  ASSIGN_OR_RETURN(auto certificate,
                   IssueStationCertificate(station, key.public_key(), now, not_after));
  return StationCredential{std::move(certificate), std::move(key)};
}

StatusOr<std::string> CaStore::Sign(std::string_view payload_json) {
  return crypto::SignCompact(crypto::kBirthCertificateType, payload_json, seal_signer_.key,
                             {seal_signer_.certificate});
}

Status CaStore::RenewServerCertificate(const crypto::ServerNames& names, WallTime now) const {
  ASSIGN_OR_RETURN_CTX(const auto validity,
                       ValidityWithin(server_ca_.certificate, now, now + kServerCertificateLife),
                       "server CA");
  ASSIGN_OR_RETURN(
      const auto certificate,
      crypto::IssueServer(names, validity, server_.key.public_key(), server_ca_.ref()));
  return files::WriteAtomic(files_.server.certificate, AsBytes(certificate.ToPem()),
                            kCertificateMode);
}

}  // namespace preseal::server
