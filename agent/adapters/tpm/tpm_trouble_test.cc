// SPDX-License-Identifier: Apache-2.0
// What a floor's TPMs refuse, brought about on a software TPM; only what that cannot be brought to
// say is put into its mouth on the wire. tpm_test.cc and endorsement_test.cc have the rest: no such
// object, full slots, owner password, bank not implemented, credential for another key.
#include <gtest/gtest.h>

#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/loaded_key.h"
#include "agent/adapters/tpm/tpm_fixture.h"
#include "agent/adapters/tpm/wire.h"
#include "tests/support/tpm_wiretap.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

class TpmTroubleTest : public TpmFixture {
 protected:
  // A TPM that answers that command with that code.
  void OpenRefusing(uint32_t command, uint32_t code) {
    ASSERT_OK_AND_ASSIGN(tap_, test::TpmWiretap::Start(*swtpm_, dir_.File("t")));
    ASSERT_OK_AND_ASSIGN(tpm_, Tpm::Open({.tcti = tap_->tcti()}));
    tap_->AnswerInstead([command, code](uint32_t sent) {
      return sent == command ? std::optional(code) : std::nullopt;
    });
  }
  void LockOut() {
    Tpm2({"tpm2_dictionarylockout", "-s", "-n", "1", "-t", "1000", "-l", "1000"});
    Tpm2({"tpm2_nvdefine", "0x01500000", "-C", "o", "-s", "4", "-a", "authread|authwrite", "-p",
          "secret"});
    EXPECT_FALSE(test::RunTool({"tpm2_nvread", "0x01500000", "-C", "0x01500000", "-P", "wrong",
                                "-T", swtpm_->tcti()},
                               dir_.File("log"))
                     .ok());
  }
  static constexpr uint32_t kQuote = 0x158;
  std::unique_ptr<test::TpmWiretap> tap_;
};

TEST_F(TpmTroubleTest, LockoutIsNamedWithARemedy) {
  Manufacture();
  ASSERT_NO_FATAL_FAILURE(Open({.ek_kind = "H-3 P-384"}));
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto made, CredentialFor(*ek.key, *ak, Bytes(32, 1)));
  LockOut();
  EXPECT_THAT(tpm_->ActivateCredential(*ak, ek, made.credential_blob, made.encrypted_secret),
              StatusIs(StatusCode::kFailedPrecondition, "0x921"));
}

TEST_F(TpmTroubleTest, EndorsementPasswordIsNamedWithARemedy) {
  Tpm2({"tpm2_changeauth", "-c", "endorsement", "secret"});
  EXPECT_THAT(tpm_->CreateAk(kUnique), StatusIs(StatusCode::kFailedPrecondition, "0x9a2"));
}

TEST_F(TpmTroubleTest, RestrictedKeyAsksForATicket) {
  ASSERT_OK_AND_ASSIGN(const auto connection, Connection::Open(swtpm_->tcti()));
  const Status refused = connection->Run([](Link& link) -> Status {
    KeyRecipe recipe;
    recipe.hierarchy = ESYS_TR_RH_ENDORSEMENT;
    ASSIGN_OR_RETURN(recipe.key_template, ToTss(tpmwire::AkTemplate(kUnique)));
    TPM2B_SENSITIVE_CREATE sensitive{};
    TPM2B_DATA outside{};
    TPML_PCR_SELECTION none{};
    Transient ak(link);
    RETURN_IF_ERROR(
        link.Check(Esys_CreatePrimary(link.esys(), recipe.hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                      ESYS_TR_NONE, &sensitive, &recipe.key_template, &outside,
                                      &none, ak.out(), nullptr, nullptr, nullptr, nullptr),
                   "create"));
    TPM2B_DIGEST digest{};
    digest.size = 32;
    TPMT_SIG_SCHEME scheme{};
    scheme.scheme = TPM2_ALG_NULL;
    TPMT_TK_HASHCHECK no_ticket{};
    no_ticket.tag = TPM2_ST_HASHCHECK;
    no_ticket.hierarchy = TPM2_RH_NULL;
    TPMT_SIGNATURE* signature = nullptr;
    return link.Check(Esys_Sign(link.esys(), ak.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                &digest, &scheme, &no_ticket, &signature),
                      "sign");
  });
  EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument, "0x3e0"));
}

TEST_F(TpmTroubleTest, NonceTheChipCannotHoldIsNamed) {
  ASSERT_NO_FATAL_FAILURE(OpenRefusing(kQuote, 0x1D5));
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  EXPECT_THAT(tpm_->Quote(*ak, kNonce, {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0})}),
              StatusIs(StatusCode::kInvalidArgument, "too long for this TPM"));
}

TEST_F(TpmTroubleTest, TpmThatStaysBusyIsUnavailable) {
  ASSERT_NO_FATAL_FAILURE(OpenRefusing(kQuote, 0x922));
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  EXPECT_THAT(tpm_->Quote(*ak, kNonce, {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0})}),
              StatusIs(StatusCode::kUnavailable, "busy"));
}

TEST_F(TpmTroubleTest, Tpm12IsNamedWithARemedy) {
  ASSERT_OK_AND_ASSIGN(const auto old, test::Swtpm::Start(dir_.File("tpm12"), dir_.File("o"),
                                                          test::Swtpm::Family::k12));
  EXPECT_THAT(Tpm::Open({.tcti = old->tcti()}),
              StatusIs(StatusCode::kUnimplemented, "switch it to TPM 2.0"));
}

TEST_F(TpmTroubleTest, MissingDeviceIsNamedWithARemedy) {
  EXPECT_THAT(Tpm::Open({.tcti = "device:/nonexistent"}),
              StatusIs(StatusCode::kUnavailable, "enable it in the firmware setup"));
}

}  // namespace
}  // namespace preseal::agent
