// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/ca_rotation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "server/adapters/ca/ca_identity.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/ca/pkcs11_key.h"
#include "server/adapters/ca/validity.h"

namespace preseal::server {
namespace {

// Two rotations at once could leave the key of one with the certificate of the other.
class FolderLock {
 public:
  static StatusOr<FolderLock> Take(const std::filesystem::path& folder) {
    FolderLock lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock.fd_ < 0) return files::FromErrno(errno, "open", folder.native());
    if (flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      return Aborted(fmt::format("another command is changing {}", folder.native()));
    }
    return lock;
  }
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

Status CheckRequest(const CaFiles& files, const RotationRequest& request) {
  if (!request.key_uri.empty() && request.authority != Authority::kDevice) {
    return FailedPrecondition("only the device authority's key may lie in a token");
  }
  ASSIGN_OR_RETURN(const int next, files.NextGeneration(request.authority));
  if (next > static_cast<int>(kCaGenerationsMax)) {
    return ResourceExhausted(fmt::format("the {} authority had {} keys already",
                                         NameOf(request.authority), kCaGenerationsMax));
  }
  return OkStatus();
}

// A token answers with the key it always had, if nobody made a new one.
Status CheckIsNew(const std::vector<CaGeneration>& generations, const crypto::PrivateKey& key) {
  for (const CaGeneration& one : generations) {
    if (!key.public_key().Equals(one.identity.key.public_key())) continue;
    return AlreadyExists(fmt::format(
        "generation {} uses that key: make a new one in the token and name it in ca.device_key",
        one.number));
  }
  return OkStatus();
}

StatusOr<CaIdentity> MakeSuccessor(const std::vector<CaGeneration>& generations,
                                   const RotationRequest& request, WallTime now) {
  // Only a lab's, in a folder that is older than it.
  if (generations.empty()) {
    return MakeCa(request.key_uri, request.organisation, request.authority, now);
  }
  ASSIGN_OR_RETURN(auto key, request.key_uri.empty() ? crypto::PrivateKey::GenerateP256()
                                                     : OpenPkcs11Key(request.key_uri));
  RETURN_IF_ERROR(CheckIsNew(generations, key));
  ASSIGN_OR_RETURN(
      auto certificate,
      crypto::IssueSuccessorCa(generations.back().identity.certificate, CaValidity(now), key));
  return CaIdentity{std::move(key), std::move(certificate), request.key_uri};
}

// What must lie ready when the new generation begins to exist.
Status WriteBefore(const CaFiles& files, const RotationRequest& request, int number,
                   const CaIdentity& successor, const CaGeneration* predecessor, WallTime now) {
  if (request.authority == Authority::kSeal) {
    ASSIGN_OR_RETURN(const auto signer, MakeSealSigner(request.organisation, successor, now));
    return WriteIdentity(files.SealSigner(number), signer);
  }
  if (request.authority == Authority::kServer && predecessor != nullptr) {
    RETURN_IF_ERROR_CTX(CheckValidAt(predecessor->identity.certificate, now), "server CA");
    ASSIGN_OR_RETURN(const auto link,
                     crypto::IssueCaLink(successor.certificate, predecessor->identity.ref()));
    return WriteCertificates(files.ServerLink(number), {link});
  }
  return OkStatus();
}

Status RenewServer(const CaFiles& files, const crypto::ServerNames& names, WallTime now) {
  ASSIGN_OR_RETURN(const auto store, CaStore::Load(files.folder));
  return store->RenewServerCertificate(names, now);
}

CaListing Describe(Authority authority, const CaGeneration& one, bool newest, WallTime now) {
  const crypto::Certificate& certificate = one.identity.certificate;
  CaListing listing{.authority = authority, .generation = one.number, .state = "ended"};
  listing.in_token = one.identity.key.is_external();
  listing.fingerprint = ToHex(certificate.fingerprint());
  listing.not_after = certificate.not_after();
  listing.trusted_until = std::min(certificate.not_after(), one.superseded);
  if (now <= listing.trusted_until) listing.state = newest ? "issuing" : "trusted";
  return listing;
}

StatusOr<CaListing> DescribeRetired(const CaFiles& files, Authority authority, int generation) {
  const auto path = CaFiles::Retired(files.Issuer(authority, generation));
  ASSIGN_OR_RETURN(const Bytes pem, files::Read(path, kPemBundleBytesMax));
  ASSIGN_OR_RETURN_CTX(const auto certificate, crypto::Certificate::FromPem(AsText(pem)),
                       path.native());
  return CaListing{.authority = authority,
                   .generation = generation,
                   .state = "retired",
                   .fingerprint = ToHex(certificate.fingerprint()),
                   .not_after = certificate.not_after()};
}

}  // namespace

StatusOr<int> RotateCa(const std::filesystem::path& folder, const RotationRequest& request,
                       WallTime now) {
  const CaFiles files(folder);
  ASSIGN_OR_RETURN(const auto lock, FolderLock::Take(folder));
  RETURN_IF_ERROR(CheckRequest(files, request));
  ASSIGN_OR_RETURN(const auto generations, LoadGenerations(files, request.authority));
  ASSIGN_OR_RETURN(const int number, files.NextGeneration(request.authority));
  ASSIGN_OR_RETURN(const auto successor, MakeSuccessor(generations, request, now));
  const CaGeneration* predecessor = generations.empty() ? nullptr : &generations.back();
  RETURN_IF_ERROR(WriteBefore(files, request, number, successor, predecessor, now));
  RETURN_IF_ERROR(WriteIdentity(files.Issuer(request.authority, number), successor));
  // After a crash here the old server certificate is still good; `preseal-server renew` catches up.
  if (request.authority == Authority::kServer) {
    RETURN_IF_ERROR(RenewServer(files, request.names, now));
  }
  return number;
}

Status RetireCa(const std::filesystem::path& folder, const RotationRequest& request, int generation,
                WallTime now) {
  const CaFiles files(folder);
  ASSIGN_OR_RETURN(const auto lock, FolderLock::Take(folder));
  ASSIGN_OR_RETURN(const auto live, files.Generations(request.authority));
  const std::string_view name = NameOf(request.authority);
  if (std::find(live.begin(), live.end(), generation) == live.end()) {
    return NotFound(fmt::format("the {} authority has no generation {}", name, generation));
  }
  if (generation == live.back()) {
    return FailedPrecondition(fmt::format(
        "generation {} signs: run preseal-server ca rotate {} first", generation, name));
  }
  // The server certificate leaves the old key before its trust ends, never after.
  if (request.authority == Authority::kServer) {
    RETURN_IF_ERROR(RenewServer(files, request.names, now));
  }
  const CaFiles::Pair pair = files.Issuer(request.authority, generation);
  if (std::rename(pair.certificate.c_str(), CaFiles::Retired(pair).c_str()) != 0) {
    return files::FromErrno(errno, "retire", pair.certificate.native());
  }
  return files::SyncDirectory(folder);
}

StatusOr<std::vector<CaListing>> ListCa(const std::filesystem::path& folder, WallTime now) {
  const CaFiles files(folder);
  std::vector<CaListing> all;
  for (const Authority authority : kAuthorities) {
    ASSIGN_OR_RETURN(const auto retired, files.RetiredGenerations(authority));
    for (const int generation : retired) {
      ASSIGN_OR_RETURN(auto listing, DescribeRetired(files, authority, generation));
      all.push_back(std::move(listing));
    }
    ASSIGN_OR_RETURN(const auto live, LoadGenerations(files, authority));
    for (const CaGeneration& one : live) {
      all.push_back(Describe(authority, one, &one == &live.back(), now));
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const CaListing& left, const CaListing& right) {
    return std::pair(left.authority, left.generation) <
           std::pair(right.authority, right.generation);
  });
  return all;
}

}  // namespace preseal::server
