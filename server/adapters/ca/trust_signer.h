// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "server/service/trust_ports.h"

namespace preseal::server {

// Signs statements about trust bundles with the seal signer's key of a CA folder that CaStore has
// checked. One signer for all the floor's statements: the "typ" of each keeps them apart, and a
// reader asks for one. Thread-safe.
class CaTrustSigner final : public TrustSigner {
 public:
  // Reads key and certificate; `roots` are the authorities of seal signers. Errors of
  // common/files/files.h; INVALID_ARGUMENT: one of them does not parse.
  static StatusOr<std::unique_ptr<CaTrustSigner>> Load(const std::filesystem::path& key,
                                                       const std::filesystem::path& certificate,
                                                       std::vector<crypto::Certificate> roots);

  // INVALID_ARGUMENT also: the key is another certificate's.
  StatusOr<std::string> SignTrust(std::string_view payload) const override;
  const std::vector<crypto::Certificate>& TrustRoots() const override { return roots_; }

 private:
  CaTrustSigner(crypto::PrivateKey key, crypto::Certificate signer,
                std::vector<crypto::Certificate> roots)
      : key_(std::move(key)), chain_{std::move(signer)}, roots_(std::move(roots)) {}

  const crypto::PrivateKey key_;
  const std::vector<crypto::Certificate> chain_;
  const std::vector<crypto::Certificate> roots_;
};

}  // namespace preseal::server
