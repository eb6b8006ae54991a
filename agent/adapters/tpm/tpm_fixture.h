// SPDX-License-Identifier: Apache-2.0
// A software TPM and the adapter on it, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/adapters/tpm/tpm.h"
#include "common/crypto/random.h"
#include "common/files/files.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/make_credential.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/signature.h"
#include "tests/support/child_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/swtpm.h"
#include "tests/support/temp_dir.h"

namespace preseal::agent {

inline const Bytes kUnique(32, 0x5A);
inline const Bytes kOtherUnique(32, 0xA5);
inline const Bytes kNonce(32, 0x11);

inline tpmwire::PublicArea AreaOf(const TpmKey& key) {
  auto area = tpmwire::ParsePublic(key.public_area());
  EXPECT_THAT(area, test::IsOk());
  return *std::move(area);
}

// The statement if `ak` really signed it.
inline StatusOr<tpmwire::Attest> Verified(const SignedStatement& statement, const TpmKey& ak) {
  ASSIGN_OR_RETURN(const auto signature, tpmwire::ParseSignature(statement.signature));
  ASSIGN_OR_RETURN(const auto key, tpmwire::ToPublicKey(AreaOf(ak)));
  if (!tpmwire::VerifySignature(key, statement.attest, signature)) {
    return Unauthenticated("bad signature");
  }
  return tpmwire::ParseAttest(statement.attest);
}

inline StatusOr<tpmwire::MadeCredential> CredentialFor(const TpmKey& ek, const TpmKey& ak,
                                                       const Bytes& secret) {
  const auto ek_area = AreaOf(ek);
  ASSIGN_OR_RETURN(const Bytes random,
                   crypto::RandomBytes(tpmwire::CredentialRandomBytes(ek_area)));
  return tpmwire::MakeCredential(ek_area, tpmwire::NameOf(AreaOf(ak)), secret, random);
}

class TpmFixture : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
    ASSERT_NO_FATAL_FAILURE(Open({}));
  }
  // A TPM with EK certificates instead of the blank one.
  void Manufacture() {
    swtpm_.reset();
    std::filesystem::create_directory(dir_.path() / "ca");
    ASSERT_OK_AND_ASSIGN(const auto ca, test::EkAuthority::Create(dir_.File("ca"), "Test CA"));
    ASSERT_OK(test::ManufactureTpm(dir_.File("tpm"), ca));
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("tpm"), dir_.File("s")));
    ASSERT_NO_FATAL_FAILURE(Open({}));
  }
  void Open(TpmOptions options) {
    options.tcti = swtpm_->tcti();
    tpm_.reset();
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open(options));
  }
  void Tpm2(std::vector<std::string> argv) {
    argv.insert(argv.end(), {"-T", swtpm_->tcti()});
    ASSERT_OK(test::RunTool(argv, dir_.File("log")));
  }

  // A new index with that content, as a vendor leaves it.
  void WriteNv(const std::string& index, const Bytes& content) {
    ASSERT_OK(files::WriteAtomic(dir_.File("nv"), content, 0600));
    Tpm2({"tpm2_nvdefine", index, "-C", "o", "-s", std::to_string(content.size()), "-a",
          "ownerread|ownerwrite|authread|no_da"});
    Tpm2({"tpm2_nvwrite", index, "-C", "o", "-i", dir_.File("nv")});
  }

  test::TempDir dir_;
  std::unique_ptr<test::Swtpm> swtpm_;
  std::unique_ptr<Tpm> tpm_;
};

}  // namespace preseal::agent
