// SPDX-License-Identifier: Apache-2.0
// Credential activation as a sniffer on the bus sees it, and with tools nobody here wrote.
#include <gtest/gtest.h>

#include "agent/adapters/tpm/tpm_fixture.h"
#include "tests/support/tpm_wiretap.h"

namespace preseal::agent {
namespace {

const Bytes kSecret(32, 0x77);
// How tpm2-tools mark a credential file; the two structures follow.
const Bytes kToolsHeader = {0xBA, 0xDC, 0xC0, 0xDE, 0, 0, 0, 1};
constexpr char kToolsAk[] = "0x81050010";

class ActivationTest : public TpmFixture {
 protected:
  // Whether the secret was seen on the bus while an EK of that kind opened it.
  void Activate(const std::string& kind, bool* seen) {
    ASSERT_OK_AND_ASSIGN(const auto tap, test::TpmWiretap::Start(*swtpm_, dir_.File("t")));
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open({.tcti = tap->tcti(), .ek_kind = kind}));
    {
      ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
      ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
      ASSERT_OK_AND_ASSIGN(const auto made, CredentialFor(*ek.key, *ak, kSecret));
      ASSERT_OK_AND_ASSIGN(
          const Secret opened,
          tpm_->ActivateCredential(*ak, ek, made.credential_blob, made.encrypted_secret));
      EXPECT_EQ(ToBytes(opened.Reveal()), kSecret);
    }
    *seen = tap->Saw(kSecret);
    tpm_.reset();
  }
  // As TPM2B_PUBLIC in a file, as the tools take it.
  void WriteSizedPublic(const std::string& name, const Bytes& area) {
    Bytes sized = {static_cast<uint8_t>(area.size() >> 8), static_cast<uint8_t>(area.size())};
    sized.insert(sized.end(), area.begin(), area.end());
    ASSERT_OK(files::WriteAtomic(dir_.File(name), sized, 0600));
  }
  // An AK made by the tools, persistent, and nothing left in the slots.
  void MakeToolsAk() {
    Tpm2({"tpm2_createprimary", "-C", "e", "-G", "ecc256:ecdsa-sha256:null", "-a",
          "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign", "-c",
          dir_.File("ak.ctx")});
    Tpm2({"tpm2_evictcontrol", "-C", "o", "-c", dir_.File("ak.ctx"), kToolsAk});
    Tpm2({"tpm2_flushcontext", "-t"});
    Tpm2({"tpm2_readpublic", "-c", kToolsAk, "-o", dir_.File("ak.pub")});
  }
  StatusOr<tpmwire::PublicArea> ReadSizedPublic(const std::string& name) {
    ASSIGN_OR_RETURN(const Bytes sized, files::Read(dir_.File(name), 4096));
    return tpmwire::ParsePublic(ByteView(sized).subspan(2));
  }
  void ToolOpensOurs(const std::string& ek_handle, bool by_policy);
  void WeOpenTheTools(const std::string& kind);
};

// The EK is the tools' or the maker's, the AK is the tools', only the credential is ours.
void ActivationTest::ToolOpensOurs(const std::string& ek_handle, bool by_policy) {
  Tpm2({"tpm2_readpublic", "-c", ek_handle, "-o", dir_.File("ek.pub")});
  ASSERT_OK_AND_ASSIGN(const auto ek, ReadSizedPublic("ek.pub"));
  ASSERT_OK_AND_ASSIGN(const auto ak, ReadSizedPublic("ak.pub"));
  ASSERT_OK_AND_ASSIGN(const Bytes random, crypto::RandomBytes(tpmwire::CredentialRandomBytes(ek)));
  ASSERT_OK_AND_ASSIGN(const auto made,
                       tpmwire::MakeCredential(ek, tpmwire::NameOf(ak), kSecret, random));
  Bytes file = kToolsHeader;
  file.insert(file.end(), made.credential_blob.begin(), made.credential_blob.end());
  file.insert(file.end(), made.encrypted_secret.begin(), made.encrypted_secret.end());
  ASSERT_OK(files::WriteAtomic(dir_.File("credential"), file, 0600));
  std::vector<std::string> activate = {
      "tpm2_activatecredential", "-c", kToolsAk,           "-C", ek_handle, "-i",
      dir_.File("credential"),   "-o", dir_.File("opened")};
  if (by_policy) {
    Tpm2({"tpm2_startauthsession", "--policy-session", "-S", dir_.File("session")});
    Tpm2({"tpm2_policysecret", "-S", dir_.File("session"), "-c", "e"});
    activate.insert(activate.end(), {"-P", "session:" + dir_.File("session")});
  }
  Tpm2(activate);
  if (by_policy) Tpm2({"tpm2_flushcontext", dir_.File("session")});
  EXPECT_THAT(files::Read(dir_.File("opened"), 100), test::IsOkAndHolds(kSecret));
}

// EK and AK are found and made by the agent, only the credential is the tools'.
void ActivationTest::WeOpenTheTools(const std::string& kind) {
  ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = kind}));
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_NO_FATAL_FAILURE(WriteSizedPublic("ek.pub", ek.key->public_area()));
  ASSERT_OK(files::WriteAtomic(dir_.File("secret"), kSecret, 0600));
  Tpm2({"tpm2_makecredential", "-u", dir_.File("ek.pub"), "-s", dir_.File("secret"), "-n",
        ToHex(tpmwire::NameOf(AreaOf(*ak))), "-o", dir_.File("credential")});
  ASSERT_OK_AND_ASSIGN(const Bytes file, files::Read(dir_.File("credential"), 4096));
  ASSERT_GT(file.size(), kToolsHeader.size() + 2);
  const ByteView both = ByteView(file).subspan(kToolsHeader.size());
  const size_t blob_size = 2u + (both[0] << 8 | both[1]);
  ASSERT_OK_AND_ASSIGN(const Secret opened, tpm_->ActivateCredential(*ak, ek, both.first(blob_size),
                                                                     both.subspan(blob_size)));
  EXPECT_EQ(ToBytes(opened.Reveal()), kSecret) << kind;
}

TEST_F(ActivationTest, SecretDoesNotCrossTheBusWithAPolicyEk) {
  for (const std::string kind : {"L-1 RSA-2048", "L-2 P-256"}) {
    bool seen = true;
    ASSERT_NO_FATAL_FAILURE(Activate(kind, &seen));
    EXPECT_FALSE(seen) << kind;
  }
}

// The price of two commands less, and that this test can see a secret at all: with an EK that takes
// a password it crosses the bus.
TEST_F(ActivationTest, SecretCrossesTheBusWithAPasswordEk) {
  bool seen = false;
  ASSERT_NO_FATAL_FAILURE(Activate("H-3 P-384", &seen));
  EXPECT_TRUE(seen);
}

TEST_F(ActivationTest, StockToolOpensOurCredential) {
  Manufacture();
  Tpm2({"tpm2_createek", "-G", "ecc", "-c", "0x81010002", "-u", dir_.File("ek.ignored")});
  Tpm2({"tpm2_flushcontext", "-t"});
  ASSERT_NO_FATAL_FAILURE(MakeToolsAk());
  ToolOpensOurs("0x81010001", /*by_policy=*/true);   // RSA-2048
  ToolOpensOurs("0x81010002", /*by_policy=*/true);   // P-256
  ToolOpensOurs("0x81010016", /*by_policy=*/false);  // P-384
}

TEST_F(ActivationTest, WeOpenAStockToolsCredential) {
  Manufacture();
  for (const std::string kind : {"L-1 RSA-2048", "L-2 P-256", "H-3 P-384"}) {
    ASSERT_NO_FATAL_FAILURE(WeOpenTheTools(kind));
  }
}

}  // namespace
}  // namespace preseal::agent
