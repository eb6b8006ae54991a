// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/ca_store.h"

#include <fmt/format.h>

#include <array>

#include "common/base/limits.h"
#include "common/crypto/crl.h"
#include "common/crypto/jws.h"
#include "common/files/files.h"
#include "server/adapters/ca/ca_identity.h"
#include "server/adapters/ca/validity.h"
#include "server/domain/evidence/evidence_record.h"
#include "server/domain/trust/trust_file.h"

namespace preseal::server {
namespace {

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

crypto::DeviceSpec ToSpec(const CertificateRequest& request) {
  crypto::DeviceSpec spec;
  spec.device = request.device;
  spec.serial = request.serial_number;
  spec.hardware_serial = request.hardware_serial;
  spec.ek_sha256 = request.ek_sha256;
  spec.has_ek_certificate = request.has_ek_certificate;
  for (const TrustModel model : request.trust_models) {
    spec.trust_models.push_back(ToCertificate(model));
  }
  spec.quarantine = request.quarantine;
  spec.lab = request.lab;
  spec.evidence_sha256 = request.evidence_sha256;
  return spec;
}

// A leaf whose authority was rotated under it is still good, hence any generation.
StatusOr<CaIdentity> LoadLeaf(const CaFiles::Pair& pair, const CaFiles::Pair& issuer_pair,
                              const std::vector<CaGeneration>& issuers) {
  ASSIGN_OR_RETURN(auto leaf, LoadIdentity(pair));
  for (const CaGeneration& issuer : issuers) {
    if (leaf.certificate.IsSignedBy(issuer.identity.certificate)) return leaf;
  }
  return FailedPrecondition(fmt::format("{} was not issued by {}: restore the matching pair",
                                        pair.certificate.native(),
                                        issuer_pair.certificate.native()));
}

// From the newest server CA down to the oldest one that is not retired, each certified by the one
// before it.
StatusOr<std::vector<crypto::Certificate>> LoadLinks(const CaFiles& files,
                                                     const std::vector<CaGeneration>& servers) {
  std::vector<crypto::Certificate> links;
  for (size_t i = servers.size(); i-- > 1;) {
    const auto path = files.ServerLink(servers[i].number);
    ASSIGN_OR_RETURN(const Bytes pem, files::Read(path, kPemBundleBytesMax));
    ASSIGN_OR_RETURN_CTX(auto link, crypto::Certificate::FromPem(AsText(pem)), path.native());
    if (!link.IsSignedBy(servers[i - 1].identity.certificate)) break;  // the one between is retired
    links.push_back(std::move(link));
  }
  return links;
}

}  // namespace

struct CaStore::Keys {
  std::array<std::vector<CaGeneration>, std::size(kAuthorities)> authorities;  // by Authority
  CaIdentity server;
  CaIdentity seal_signer;

  const std::vector<CaGeneration>& Of(Authority authority) const {
    return authorities[static_cast<size_t>(authority)];
  }
  const CaGeneration& Newest(Authority authority) const { return Of(authority).back(); }
};

CaStore::CaStore(CaFiles files, std::string crl_base_url, std::chrono::minutes device_life,
                 std::shared_ptr<const Keys> keys)
    : files_(std::move(files)),
      crl_base_url_(std::move(crl_base_url)),
      device_life_(device_life),
      keys_(std::move(keys)) {}

StatusOr<std::shared_ptr<const CaStore::Keys>> CaStore::LoadKeys(const CaFiles& files) {
  std::array<std::vector<CaGeneration>, std::size(kAuthorities)> all;
  for (const Authority authority : kAuthorities) {
    ASSIGN_OR_RETURN(all[static_cast<size_t>(authority)], LoadGenerations(files, authority));
  }
  const auto& servers = all[static_cast<size_t>(Authority::kServer)];
  ASSIGN_OR_RETURN(auto server, LoadLeaf(files.server, files.server_ca, servers));
  auto& seals = all[static_cast<size_t>(Authority::kSeal)];
  const int seal = seals.back().number;
  std::vector<CaGeneration> newest_seal = {seals.back()};
  ASSIGN_OR_RETURN(auto signer, LoadLeaf(files.SealSigner(seal),
                                         files.Issuer(Authority::kSeal, seal), newest_seal));
  return std::make_shared<const Keys>(Keys{std::move(all), std::move(server), std::move(signer)});
}

StatusOr<std::unique_ptr<CaStore>> CaStore::Load(const std::filesystem::path& folder,
                                                 const std::string& crl_base_url,
                                                 std::chrono::minutes device_life) {
  CaFiles paths(folder);
  ASSIGN_OR_RETURN(auto keys, LoadKeys(paths));
  return std::unique_ptr<CaStore>(
      new CaStore(std::move(paths), crl_base_url, device_life, std::move(keys)));
}

Status CaStore::Reload() {
  ASSIGN_OR_RETURN(auto keys, LoadKeys(files_));
  keys_.Lock()->swap(keys);
  return OkStatus();
}

Status CaStore::ValidateReload(const std::filesystem::path& folder, WallTime now) {
  const CaFiles files(folder);
  ASSIGN_OR_RETURN(const auto keys, LoadKeys(files));
  for (const Authority authority : kAuthorities) {
    if (keys->Of(authority).empty()) continue;
    const CaGeneration& newest = keys->Newest(authority);
    RETURN_IF_ERROR_CTX(CheckValidAt(newest.identity.certificate, now),
                        files.Issuer(authority, newest.number).certificate.native());
  }
  RETURN_IF_ERROR_CTX(CheckValidAt(keys->server.certificate, now),
                      files.server.certificate.native());
  const auto signer = files.SealSigner(keys->Newest(Authority::kSeal).number);
  RETURN_IF_ERROR_CTX(CheckValidAt(keys->seal_signer.certificate, now),
                      signer.certificate.native());
  return OkStatus();
}

StatusOr<IssuedCertificate> CaStore::Issue(const CertificateRequest& request,
                                           const crypto::PublicKey& key, WallTime now) {
  const Authority authority = request.lab ? Authority::kLab : Authority::kDevice;
  const auto keys = Snapshot();
  if (keys->Of(authority).empty()) {
    return FailedPrecondition("no lab device CA: run preseal-server ca rotate lab");
  }
  const CaGeneration& issuer = keys->Newest(authority);
  crypto::DeviceSpec spec = ToSpec(request);
  if (!crl_base_url_.empty()) {
    spec.crl_url = fmt::format("{}/crl/{}", crl_base_url_, CrlName(authority, issuer.number));
  }
  ASSIGN_OR_RETURN_CTX(const auto validity,
                       ValidityWithin(issuer.identity.certificate, now, now + device_life_),
                       "device CA");
  ASSIGN_OR_RETURN(const auto certificate,
                   crypto::IssueDevice(spec, validity, key, issuer.identity.ref()));
  return IssuedCertificate{certificate.der(), {issuer.identity.certificate.der()}};
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
  const auto keys = Snapshot();
  std::vector<DeviceCrl> lists;
  for (const Authority authority : {Authority::kDevice, Authority::kLab}) {
    for (const CaGeneration& one : keys->Of(authority)) {
      if (now > one.superseded) continue;
      ASSIGN_OR_RETURN(Bytes der, crypto::IssueCrl(spec, one.identity.ref()));
      lists.push_back({CrlName(authority, one.number), std::move(der)});
    }
  }
  return lists;
}

StatusOr<crypto::Certificate> CaStore::IssueStationCertificate(const std::string& station,
                                                               const crypto::PublicKey& key,
                                                               WallTime now,
                                                               WallTime not_after) const {
  // It lies readable on a stick that people carry about.
  if (not_after <= now || not_after > now + kStationCertificateLife) {
    return InvalidArgument("station certificate must end within 30 days from now");
  }
  const auto keys = Snapshot();
  const CaIdentity& ca = keys->Newest(Authority::kStation).identity;
  ASSIGN_OR_RETURN_CTX(const auto validity, ValidityWithin(ca.certificate, now, not_after),
                       "station CA");
  return crypto::IssueStation(station, validity, key, ca.ref());
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
  const auto keys = Snapshot();
  return crypto::SignCompact(crypto::kBirthCertificateType, payload_json, keys->seal_signer.key,
                             {keys->seal_signer.certificate});
}

StatusOr<std::string> CaStore::SignEvidence(std::string_view payload) const {
  const auto keys = Snapshot();
  return crypto::SignCompact(kEvidenceRecordType, payload, keys->seal_signer.key,
                             {keys->seal_signer.certificate}, kEvidenceRecordBytesMax);
}

StatusOr<std::string> CaStore::SignServiceRecord(std::string_view payload_json) const {
  const auto keys = Snapshot();
  return crypto::SignCompact(crypto::kServiceRecordType, payload_json, keys->seal_signer.key,
                             {keys->seal_signer.certificate});
}

StatusOr<std::string> CaStore::SignTrust(std::string_view payload) const {
  const auto keys = Snapshot();
  return crypto::SignCompact(kTrustStatementType, payload, keys->seal_signer.key,
                             {keys->seal_signer.certificate});
}

std::vector<crypto::Certificate> CaStore::SealRoots() const {
  std::vector<crypto::Certificate> roots;
  for (const CaGeneration& generation : Snapshot()->Of(Authority::kSeal)) {
    roots.push_back(generation.identity.certificate);
  }
  return roots;
}

Status CaStore::RenewServerCertificate(const crypto::ServerNames& names, WallTime now) const {
  const auto keys = Snapshot();
  const CaIdentity& ca = keys->Newest(Authority::kServer).identity;
  ASSIGN_OR_RETURN_CTX(const auto validity,
                       ValidityWithin(ca.certificate, now, now + kServerCertificateLife),
                       "server CA");
  ASSIGN_OR_RETURN(const auto certificate,
                   crypto::IssueServer(names, validity, keys->server.key.public_key(), ca.ref()));
  ASSIGN_OR_RETURN(auto bundle, LoadLinks(files_, keys->Of(Authority::kServer)));
  bundle.insert(bundle.begin(), certificate);
  return WriteCertificates(files_.server.certificate, bundle);
}

std::shared_ptr<const CaStore::Keys> CaStore::Snapshot() const { return *keys_.Lock(); }

std::string CaStore::CrlName(Authority authority, int generation) const {
  return fmt::format("{}-{}.crl", NameOf(authority), generation);
}

std::vector<crypto::Certificate> CaStore::Trusted(Authority authority, WallTime now) const {
  return TrustedAt(Snapshot()->Of(authority), now);
}

std::string CaStore::device_key_uri() const {
  return Snapshot()->Newest(Authority::kDevice).identity.key_uri;
}

crypto::Certificate CaStore::NewestOf(Authority authority) const {
  return Snapshot()->Newest(authority).identity.certificate;
}
crypto::Certificate CaStore::server_ca() const { return NewestOf(Authority::kServer); }
crypto::Certificate CaStore::station_ca() const { return NewestOf(Authority::kStation); }
crypto::Certificate CaStore::device_ca() const { return NewestOf(Authority::kDevice); }
crypto::Certificate CaStore::seal_ca() const { return NewestOf(Authority::kSeal); }
crypto::Certificate CaStore::server_certificate() const { return Snapshot()->server.certificate; }
crypto::Certificate CaStore::seal_signer() const { return Snapshot()->seal_signer.certificate; }

}  // namespace preseal::server
