// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/ca_identity.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "server/adapters/ca/pkcs11_key.h"
#include "server/adapters/ca/validity.h"

namespace preseal::server {
namespace {

constexpr mode_t kKeyMode = 0600;
constexpr mode_t kCertificateMode = 0644;
constexpr mode_t kOthersMask = 077;

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

struct KeyAndSource {
  crypto::PrivateKey key;
  std::string uri;
};

// The file's text decides where the key lies.
StatusOr<KeyAndSource> ParseKey(std::string_view text) {
  if (!IsPkcs11Uri(text)) {
    ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::FromPem(text));
    return KeyAndSource{std::move(key), {}};
  }
  const std::string uri(text.substr(0, text.find_first_of("\r\n")));
  ASSIGN_OR_RETURN(auto key, OpenPkcs11Key(uri));
  return KeyAndSource{std::move(key), uri};
}

Status CheckIsCa(const crypto::Certificate& certificate, const std::filesystem::path& path) {
  if (certificate.is_ca()) return OkStatus();
  return FailedPrecondition(fmt::format("{} is not a CA's certificate", path.native()));
}

}  // namespace

StatusOr<CaIdentity> LoadIdentity(const CaFiles::Pair& pair) {
  const auto key_text = ReadKeyFile(pair.key);
  if (!key_text.ok()) return Explain(key_text.status());
  const auto certificate_pem = files::Read(pair.certificate, kPemBundleBytesMax);
  if (!certificate_pem.ok()) return Explain(certificate_pem.status());
  ASSIGN_OR_RETURN_CTX(auto source, ParseKey(AsText(key_text->Reveal())), pair.key.native());
  ASSIGN_OR_RETURN_CTX(const auto bundle, crypto::ParsePemBundle(AsText(*certificate_pem)),
                       pair.certificate.native());
  const crypto::Certificate& certificate = bundle.front();
  if (certificate.spki_der() != source.key.public_key().SpkiDer()) {
    return FailedPrecondition(fmt::format("{} is not the key of {}: restore the matching pair",
                                          pair.key.native(), pair.certificate.native()));
  }
  return CaIdentity{std::move(source.key), certificate, std::move(source.uri)};
}

StatusOr<CaIdentity> LoadCa(const CaFiles::Pair& pair) {
  ASSIGN_OR_RETURN(auto identity, LoadIdentity(pair));
  RETURN_IF_ERROR(CheckIsCa(identity.certificate, pair.certificate));
  return identity;
}

Status WriteCertificates(const std::filesystem::path& path,
                         const std::vector<crypto::Certificate>& certificates) {
  return files::WriteAtomic(path, AsBytes(crypto::ToPemBundle(certificates)), kCertificateMode);
}

Status WriteIdentity(const CaFiles::Pair& pair, const CaIdentity& identity) {
  if (identity.key_uri.empty()) {
    ASSIGN_OR_RETURN(const Secret pem, identity.key.ToPem());
    RETURN_IF_ERROR(files::WriteAtomic(pair.key, pem.Reveal(), kKeyMode));
  } else {
    RETURN_IF_ERROR(files::WriteAtomic(pair.key, AsBytes(identity.key_uri + "\n"), kKeyMode));
  }
  return WriteCertificates(pair.certificate, {identity.certificate});
}

StatusOr<CaIdentity> MakeCa(const std::string& key_uri, const std::string& organisation,
                            Authority authority, WallTime now) {
  ASSIGN_OR_RETURN(auto key,
                   key_uri.empty() ? crypto::PrivateKey::GenerateP256() : OpenPkcs11Key(key_uri));
  const std::string name = authority == Authority::kLab
                               ? "Preseal lab device CA"
                               : fmt::format("Preseal {} CA", NameOf(authority));
  ASSIGN_OR_RETURN(auto certificate, crypto::IssueCa(organisation, name, CaValidity(now), key));
  return CaIdentity{std::move(key), std::move(certificate), key_uri};
}

StatusOr<CaIdentity> MakeSealSigner(const std::string& organisation, const CaIdentity& seal_ca,
                                    WallTime now) {
  ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::GenerateP256());
  ASSIGN_OR_RETURN(const auto validity,
                   ValidityWithin(seal_ca.certificate, now, now + kSealSignerCertificateLife));
  ASSIGN_OR_RETURN(auto certificate,
                   crypto::IssueSealSigner(organisation, "Preseal seal signer", validity,
                                           key.public_key(), seal_ca.ref()));
  return CaIdentity{std::move(key), std::move(certificate), {}};
}

StatusOr<std::vector<CaGeneration>> LoadGenerations(const CaFiles& files, Authority authority) {
  ASSIGN_OR_RETURN(std::vector<int> numbers, files.Generations(authority));
  std::error_code ignored;
  const CaFiles::Pair first = files.Issuer(authority, 1);
  // Folders made before the lab had an authority of its own are whole without it.
  const bool optional =
      authority == Authority::kLab && !std::filesystem::exists(first.key, ignored);
  // Nothing at all: reading the first one gives the message that names it.
  if (numbers.empty() && !optional) numbers = {1};
  std::vector<CaGeneration> generations;
  for (const int number : numbers) {
    ASSIGN_OR_RETURN(auto identity, LoadCa(files.Issuer(authority, number)));
    if (!generations.empty()) {
      // CaValidity begins that much before the rotation.
      const WallTime rotation = identity.certificate.not_before() + kClockSkewMax;
      generations.back().superseded = rotation + LeafLife(authority);
    }
    generations.push_back({number, std::move(identity)});
  }
  return generations;
}

std::vector<crypto::Certificate> TrustedAt(const std::vector<CaGeneration>& generations,
                                           WallTime now) {
  std::vector<crypto::Certificate> trusted;
  for (auto one = generations.rbegin(); one != generations.rend(); ++one) {
    const crypto::Certificate& certificate = one->identity.certificate;
    const bool newest = one == generations.rbegin();
    if (newest || (now <= one->superseded && now <= certificate.not_after())) {
      trusted.push_back(certificate);
    }
  }
  return trusted;
}

}  // namespace preseal::server
