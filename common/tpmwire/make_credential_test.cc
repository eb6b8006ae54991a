// SPDX-License-Identifier: Apache-2.0
// Our MakeCredential against a TPM: swtpm opens it through tpm2-tools, for every kind of EK.
#include "common/tpmwire/make_credential.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "common/crypto/random.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/templates.h"
#include "common/tpmwire/writer.h"
#include "tests/support/child_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/swtpm.h"
#include "tests/support/temp_dir.h"

namespace preseal::tpmwire {
namespace {

class MakeCredentialTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const auto authority,
                         test::EkAuthority::Create(dir_.path().string(), "Test EK CA"));
    ASSERT_OK(test::ManufactureTpm(dir_.File("state"), authority));
    ASSERT_OK_AND_ASSIGN(tpm_, test::Swtpm::Start(dir_.File("state"), dir_.File("sock")));
    Tool({"tpm2_createprimary", "-C", "e", "-g", "sha256", "-G", "ecc256:ecdsa-sha256:null", "-a",
          "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign", "-c",
          dir_.File("ak.ctx")});
    ASSERT_OK_AND_ASSIGN(const PublicArea ak, ReadPublic(dir_.File("ak.ctx")));
    ak_name_ = NameOf(ak);
    secret_ = crypto::RandomBytes(32).value();
  }

  // Runs a tool and frees the TPM's few slots again, as a resource manager would.
  void Tool(std::vector<std::string> argv) {
    argv.insert(argv.end(), {"-T", tpm_->tcti()});
    ASSERT_OK(test::RunTool(argv, dir_.File("log")));
    ASSERT_OK(test::RunTool({"tpm2_flushcontext", "-t", "-T", tpm_->tcti()}, dir_.File("log")));
  }

  Bytes ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }

  StatusOr<PublicArea> ReadPublic(const std::string& key) {
    Tool({"tpm2_readpublic", "-c", key, "-f", "tpmt", "-o", dir_.File("public")});
    return ParsePublic(ReadFile(dir_.File("public")));
  }

  void WriteCredential(const MadeCredential& made) {
    const Bytes file = Writer()
                           .U32(0xBADCC0DE)  // tpm2-tools' own header
                           .U32(1)
                           .Raw(made.credential_blob)
                           .Raw(made.encrypted_secret)
                           .Take();
    std::ofstream(dir_.File("credential"), std::ios::binary) << AsText(file);
  }

  // What TPM2_ActivateCredential gives for a credential over secret_.
  Bytes Activate(const std::string& ek, bool with_policy) {
    const StatusOr<PublicArea> area = ReadPublic(ek);
    EXPECT_OK(area);
    if (!area.ok()) return {};
    const Bytes random = crypto::RandomBytes(CredentialRandomBytes(*area)).value();
    const auto made = MakeCredential(*area, ak_name_, secret_, random);
    EXPECT_OK(made);
    if (!made.ok()) return {};
    WriteCredential(*made);
    std::vector<std::string> activate = {
        "tpm2_activatecredential", "-c", dir_.File("ak.ctx"), "-C", ek, "-i",
        dir_.File("credential"),   "-o", dir_.File("opened")};
    const std::string session = dir_.File("session");
    if (with_policy) {
      Tool({"tpm2_startauthsession", "--policy-session", "-S", session});
      Tool({"tpm2_policysecret", "-S", session, "-c", "e"});
      activate.insert(activate.end(), {"-P", "session:" + session});
    }
    Tool(activate);
    if (with_policy) Tool({"tpm2_flushcontext", session});
    return ReadFile(dir_.File("opened"));
  }

  const test::TempDir dir_;
  std::unique_ptr<test::Swtpm> tpm_;
  Bytes ak_name_;
  Bytes secret_;
};

TEST_F(MakeCredentialTest, ATpmOpensItWithItsRsa2048Ek) {
  EXPECT_EQ(Activate("0x81010001", true), secret_);
}

TEST_F(MakeCredentialTest, ATpmOpensItWithItsP384Ek) {
  EXPECT_EQ(Activate("0x81010016", false), secret_);
}

TEST_F(MakeCredentialTest, ATpmOpensItWithItsP256Ek) {
  Tool({"tpm2_createek", "-G", "ecc", "-c", dir_.File("ek.ctx"), "-u", dir_.File("ek.pub")});
  EXPECT_EQ(Activate(dir_.File("ek.ctx"), true), secret_);
}

TEST_F(MakeCredentialTest, TheTpmsEksMatchOurTemplates) {
  ASSERT_OK_AND_ASSIGN(const PublicArea rsa, ReadPublic("0x81010001"));
  EXPECT_TRUE(MatchesTemplate(rsa, EkTemplateRsa2048Low()));
  ASSERT_OK_AND_ASSIGN(const PublicArea p384, ReadPublic("0x81010016"));
  EXPECT_TRUE(MatchesTemplate(p384, EkTemplateP384High()));
}

class MakeCredentialArgumentsTest : public testing::Test {
 protected:
  MakeCredentialArgumentsTest() {
    auto& key = std::get<EccKey>(ek_.key);
    key.x = *FromHex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
    key.y = *FromHex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
  }

  PublicArea ek_ = EkTemplateP256Low();
  Bytes name_ = Bytes(34, 1);
  Bytes secret_ = Bytes(32, 2);
  Bytes random_ = Bytes(40, 3);
};

TEST_F(MakeCredentialArgumentsTest, SameRandomnessGivesTheSameBytes) {
  ASSERT_OK_AND_ASSIGN(const MadeCredential first, MakeCredential(ek_, name_, secret_, random_));
  ASSERT_OK_AND_ASSIGN(const MadeCredential second, MakeCredential(ek_, name_, secret_, random_));
  EXPECT_EQ(first.credential_blob, second.credential_blob);
  EXPECT_EQ(first.encrypted_secret, second.encrypted_secret);
}

TEST_F(MakeCredentialArgumentsTest, RefusesAPointOffTheCurve) {
  std::get<EccKey>(ek_.key).y[0] ^= 1;
  EXPECT_THAT(MakeCredential(ek_, name_, secret_, random_),
              test::StatusIs(StatusCode::kInvalidArgument, "curve"));
}

TEST_F(MakeCredentialArgumentsTest, RefusesASigningKeyAsEk) {
  ek_.attributes |= kAttributeSign;
  EXPECT_THAT(MakeCredential(ek_, name_, secret_, random_),
              test::StatusIs(StatusCode::kInvalidArgument, "decryption"));
}

TEST_F(MakeCredentialArgumentsTest, RefusesTooLittleRandomness) {
  random_.pop_back();
  EXPECT_THAT(MakeCredential(ek_, name_, secret_, random_),
              test::StatusIs(StatusCode::kInvalidArgument, "randomness"));
}

TEST_F(MakeCredentialArgumentsTest, RefusesASecretLongerThanADigest) {
  secret_.push_back(0);
  EXPECT_THAT(MakeCredential(ek_, name_, secret_, random_),
              test::StatusIs(StatusCode::kInvalidArgument, "secret"));
}

}  // namespace
}  // namespace preseal::tpmwire
