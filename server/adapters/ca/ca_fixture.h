// SPDX-License-Identifier: Apache-2.0
// A CA folder in a temporary place, for this folder's tests.
#pragma once

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "common/crypto/chain.h"
#include "common/crypto/pki_fixture.h"
#include "server/adapters/ca/ca_store.h"

namespace preseal::server::test {

class CaFolderTest : public testing::Test {
 protected:
  CaFolderTest() {
    char name[] = "/tmp/preseal-ca-XXXXXX";
    EXPECT_NE(mkdtemp(name), nullptr);
    parent_ = name;
    folder_ = parent_ / "ca";
  }
  ~CaFolderTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(parent_, ignored);
  }

  std::unique_ptr<CaStore> Load() { return crypto::test::ValueOrDie(CaStore::Load(folder_)); }
  CaFiles Files() const { return CaFiles(folder_); }
  crypto::Certificate IssueTo(CaStore& store, bool lab, WallTime now) {
    CertificateRequest request;
    request.device = crypto::test::ValueOrDie(DeviceId::Parse("D-1042"));
    request.serial_number = "SN-0042";
    request.trust_models = {TrustModel::kEkCert};
    request.lab = lab;
    const auto issued = crypto::test::ValueOrDie(store.Issue(request, key_, now));
    return crypto::test::ValueOrDie(crypto::Certificate::FromDer(issued.der));
  }
  static crypto::ChainOutcome Judge(const crypto::Certificate& leaf,
                                    const std::vector<crypto::Certificate>& links,
                                    const std::vector<crypto::Certificate>& roots, WallTime now,
                                    const char* purpose) {
    return crypto::test::ValueOrDie(
               crypto::VerifyChain(leaf, links, roots, {.at = now, .purpose_oid = purpose}))
        .outcome;
  }
  static std::string ReadText(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }

  const crypto::ServerNames names_{{"localhost"}, {"127.0.0.1"}};
  const CaSettings settings_{"Example Works", names_, {}};
  const crypto::PublicKey key_ =
      crypto::test::ValueOrDie(crypto::PrivateKey::GenerateP256()).public_key();
  std::filesystem::path parent_;
  std::filesystem::path folder_;
};

}  // namespace preseal::server::test
