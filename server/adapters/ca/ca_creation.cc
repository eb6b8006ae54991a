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
#include "server/adapters/ca/ca_identity.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/ca/validity.h"

namespace preseal::server {
namespace {

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

Status MakeServer(const CaFiles& paths, const crypto::ServerNames& names, const CaIdentity& ca,
                  WallTime now) {
  ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::GenerateP256());
  ASSIGN_OR_RETURN(const auto validity,
                   ValidityWithin(ca.certificate, now, now + kServerCertificateLife));
  ASSIGN_OR_RETURN(auto certificate,
                   crypto::IssueServer(names, validity, key.public_key(), ca.ref()));
  return WriteIdentity(paths.server, {std::move(key), std::move(certificate), {}});
}

Status Fill(const CaFiles& paths, const CaSettings& settings, WallTime now) {
  for (const Authority authority : kAuthorities) {
    const bool device = authority == Authority::kDevice;
    ASSIGN_OR_RETURN(const auto ca, MakeCa(device ? settings.device_key_uri : std::string(),
                                           settings.organisation, authority, now));
    RETURN_IF_ERROR(WriteIdentity(paths.Issuer(authority, 1), ca));
    if (authority == Authority::kServer) {
      RETURN_IF_ERROR(MakeServer(paths, settings.names, ca, now));
    } else if (authority == Authority::kSeal) {
      ASSIGN_OR_RETURN(const auto signer, MakeSealSigner(settings.organisation, ca, now));
      RETURN_IF_ERROR(WriteIdentity(paths.seal_signer, signer));
    }
  }
  return OkStatus();
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

Status CaStore::Create(const std::filesystem::path& folder, const CaSettings& settings,
                       WallTime now) {
  const std::filesystem::path place = Normal(folder);
  RETURN_IF_ERROR_CTX(CheckVacant(place), "create certificate authorities");
  ASSIGN_OR_RETURN(const Bytes suffix, crypto::RandomBytes(kStagingSuffixBytes));
  StagingFolder staging(place.native() + ".new-" + ToHex(suffix));
  if (mkdir(staging.path().c_str(), kFolderMode) != 0) {
    return files::FromErrno(errno, "create", staging.path().native());
  }
  RETURN_IF_ERROR_CTX(Fill(CaFiles(staging.path()), settings, now),
                      "create certificate authorities");
  // Replaces an empty folder, and fails if somebody has filled it since CheckVacant.
  if (std::rename(staging.path().c_str(), place.c_str()) != 0) {
    return files::FromErrno(errno, "put in place", place.native());
  }
  staging.Keep();
  return files::SyncDirectory(place.parent_path());
}

}  // namespace preseal::server
