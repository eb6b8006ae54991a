// SPDX-License-Identifier: Apache-2.0
// CaStore::Create: a whole folder beside its place, then one rename.
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "common/files/files.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/ca/validity.h"

namespace preseal::server {
namespace {

constexpr mode_t kKeyMode = 0600;
constexpr mode_t kCertificateMode = 0644;
constexpr mode_t kFolderMode = 0700;
constexpr size_t kStagingSuffixBytes = 8;

// Removes a half-made folder unless it was put in place.
class StagingFolder {
 public:
  explicit StagingFolder(std::filesystem::path path) : path_(std::move(path)) {}
  ~StagingFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void Keep() { path_.clear(); }

 private:
  std::filesystem::path path_;
};

struct NewCa {
  crypto::PrivateKey key;
  crypto::Certificate certificate;
};

Status WritePair(const CaFiles::Pair& paths, const crypto::PrivateKey& key,
                 const crypto::Certificate& certificate) {
  ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
  RETURN_IF_ERROR(files::WriteAtomic(paths.key, pem.Reveal(), kKeyMode));
  return files::WriteAtomic(paths.certificate, AsBytes(certificate.ToPem()), kCertificateMode);
}

StatusOr<NewCa> MakeCa(const CaFiles::Pair& paths, const std::string& organisation,
                       const std::string& name, WallTime now) {
  ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::GenerateP256());
  // Backdated further than any leaf, so that a clock set back a little can still issue.
  const crypto::Validity validity{now - kClockSkewMax, now + kCaCertificateLife};
  ASSIGN_OR_RETURN(auto certificate, crypto::IssueCa(organisation, name, validity, key));
  RETURN_IF_ERROR(WritePair(paths, key, certificate));
  return NewCa{std::move(key), std::move(certificate)};
}

Status MakeServer(const CaFiles::Pair& paths, const crypto::ServerNames& names, const NewCa& ca,
                  WallTime now) {
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::GenerateP256());
  ASSIGN_OR_RETURN(const auto validity,
                   ValidityWithin(ca.certificate, now, now + kServerCertificateLife));
  ASSIGN_OR_RETURN(const auto certificate, crypto::IssueServer(names, validity, key.public_key(),
                                                               {ca.certificate, ca.key}));
  return WritePair(paths, key, certificate);
}

Status MakeSealSigner(const CaFiles::Pair& paths, const std::string& organisation, const NewCa& ca,
                      WallTime now) {
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::GenerateP256());
  ASSIGN_OR_RETURN(const auto validity,
                   ValidityWithin(ca.certificate, now, now + kSealSignerCertificateLife));
  ASSIGN_OR_RETURN(const auto certificate,
                   crypto::IssueSealSigner(organisation, "Preseal seal signer", validity,
                                           key.public_key(), {ca.certificate, ca.key}));
  return WritePair(paths, key, certificate);
}

Status Fill(const CaFiles& paths, const std::string& organisation, const crypto::ServerNames& names,
            WallTime now) {
  ASSIGN_OR_RETURN(const NewCa server_ca,
                   MakeCa(paths.server_ca, organisation, "Preseal server CA", now));
  ASSIGN_OR_RETURN(const NewCa station_ca,
                   MakeCa(paths.station_ca, organisation, "Preseal station CA", now));
  ASSIGN_OR_RETURN(const NewCa device_ca,
                   MakeCa(paths.device_ca, organisation, "Preseal device CA", now));
  ASSIGN_OR_RETURN(const NewCa seal_ca,
                   MakeCa(paths.seal_ca, organisation, "Preseal seal CA", now));
  RETURN_IF_ERROR(MakeServer(paths.server, names, server_ca, now));
  return MakeSealSigner(paths.seal_signer, organisation, seal_ca, now);
}

// `folder` without a trailing slash, which would make its file name empty.
std::filesystem::path Normal(const std::filesystem::path& folder) {
  const auto normal = std::filesystem::absolute(folder).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

Status CheckVacant(const std::filesystem::path& folder) {
  std::error_code error;
  const bool exists = std::filesystem::exists(folder, error);
  if (error) return files::FromErrno(error.value(), "inspect", folder.native());
  if (!exists) return OkStatus();
  const bool vacant = std::filesystem::is_empty(folder, error);
  if (error) return files::FromErrno(error.value(), "inspect", folder.native());
  if (vacant && std::filesystem::is_directory(folder, error)) return OkStatus();
  return AlreadyExists(
      fmt::format("{} is not empty: name another folder, or move it away", folder.native()));
}

}  // namespace

Status CaStore::Create(const std::filesystem::path& folder, const std::string& organisation,
                       const crypto::ServerNames& names, WallTime now) {
  const std::filesystem::path place = Normal(folder);
  RETURN_IF_ERROR_CTX(CheckVacant(place), "create certificate authorities");
  ASSIGN_OR_RETURN(const Bytes suffix, crypto::RandomBytes(kStagingSuffixBytes));
  StagingFolder staging(place.native() + ".new-" + ToHex(suffix));
  if (mkdir(staging.path().c_str(), kFolderMode) != 0) {
    return files::FromErrno(errno, "create", staging.path().native());
  }
  RETURN_IF_ERROR_CTX(Fill(CaFiles(staging.path()), organisation, names, now),
                      "create certificate authorities");
  // Replaces an empty folder, and fails if somebody has filled it since CheckVacant.
  if (std::rename(staging.path().c_str(), place.c_str()) != 0) {
    return files::FromErrno(errno, "put in place", place.native());
  }
  staging.Keep();
  return files::SyncDirectory(place.parent_path());
}

}  // namespace preseal::server
