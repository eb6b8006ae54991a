// SPDX-License-Identifier: Apache-2.0
#include "server/app/trust_anchors.h"

#include <algorithm>
#include <system_error>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;

StatusOr<std::vector<fs::path>> FilesOf(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector{path};
  std::vector<fs::path> files;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const auto extension = it->path().extension();
    if (extension == ".pem" || extension == ".crt") files.push_back(it->path());
  }
  if (error) return FailedPrecondition("cannot read " + path.string() + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

StatusOr<std::vector<crypto::Certificate>> ReadCertificates(const fs::path& path) {
  std::vector<crypto::Certificate> all;
  ASSIGN_OR_RETURN(const auto files, FilesOf(path));
  for (const fs::path& file : files) {
    ASSIGN_OR_RETURN(const Bytes pem, files::Read(file.string(), kConfigBytesMax));
    ASSIGN_OR_RETURN_CTX(auto certificates, crypto::ParsePemBundle(AsText(pem)), file.string());
    std::move(certificates.begin(), certificates.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

StatusOr<TrustBasis> LoadTrust(const ServerConfig& config) {
  TrustBasis basis;
  TrustBundle& trust = basis.trust;
  basis.policy.expired_ek =
      config.accept_expired_ek ? ExpiredEk::kAcceptWithFinding : ExpiredEk::kRefuse;
  for (const fs::path& path : config.ek_roots) {
    ASSIGN_OR_RETURN(auto certificates, ReadCertificates(path));
    for (crypto::Certificate& certificate : certificates) {
      const bool root = certificate.subject_der() == certificate.issuer_der();
      (root ? trust.roots : trust.intermediates).push_back(std::move(certificate));
    }
  }
  if (!config.lab_root.empty()) {
    ASSIGN_OR_RETURN(trust.lab_roots, ReadCertificates(config.lab_root));
  }
  if (trust.roots.empty() && trust.lab_roots.empty()) {
    return FailedPrecondition(
        "no TPM vendor root is configured, nothing could enrol: name PEM files or folders under "
        "trust: ek_roots: in the configuration");
  }
  return basis;
}

}  // namespace preseal::server
