// SPDX-License-Identifier: Apache-2.0
// Every verb on a real software TPM, checked with what the server will check it with.
#include "agent/adapters/tpm/tpm.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/nv.h"
#include "agent/adapters/tpm/tpm_fixture.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

constexpr uint32_t kHandle = tpmwire::kHandleDeviceKey;

class TpmTest : public TpmFixture {
 protected:
  // How many persistent objects the TPM holds.
  size_t Persistent() {
    const auto connection = Connection::Open(swtpm_->tcti());
    EXPECT_THAT(connection, test::IsOk());
    size_t count = 0;
    EXPECT_OK((*connection)->Run([&count](Link& link) {
      ASSIGN_OR_RETURN(const auto handles, ListHandles(link, 0x81000000, 0x81FFFFFF));
      count = handles.size();
      return OkStatus();
    }));
    return count;
  }
};

TEST_F(TpmTest, ReadsWhoMadeTheChip) {
  ASSERT_OK_AND_ASSIGN(const TpmProperties properties, tpm_->ReadProperties());
  EXPECT_EQ(properties.manufacturer, 0x49424D00u);
  EXPECT_EQ(properties.vendor_string, "SW   TPM");
  EXPECT_EQ(properties.spec_revision, 164u);
  EXPECT_NE(properties.firmware_version, 0u);
}

TEST_F(TpmTest, OpenWithoutTpmIsUnavailable) {
  EXPECT_THAT(Tpm::Open({.tcti = "swtpm:path=/nonexistent"}), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(Tpm::Open({.tcti = "device:/nonexistent"}), StatusIs(StatusCode::kUnavailable));
}

TEST_F(TpmTest, OpenRefusesHandleOfTheTcg) {
  EXPECT_THAT(Tpm::Open({.tcti = swtpm_->tcti(), .device_key_handle = 0x81010001}),
              StatusIs(StatusCode::kInvalidArgument, "0x81010001"));
}

TEST_F(TpmTest, SameUniqueGivesSameAkAlsoAfterPowerCut) {
  ASSERT_OK_AND_ASSIGN(auto ak, tpm_->CreateAk(kUnique));
  const Bytes before = ak->public_area();
  EXPECT_EQ(AreaOf(*ak).attributes, tpmwire::kAkAttributes);
  ak.reset();
  ASSERT_OK(swtpm_->Restart());
  ASSERT_OK_AND_ASSIGN(const auto again, tpm_->CreateAk(kUnique));
  EXPECT_EQ(again->public_area(), before);
}

TEST_F(TpmTest, OtherUniqueGivesOtherAk) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto other, tpm_->CreateAk(kOtherUnique));
  EXPECT_NE(ak->public_area(), other->public_area());
}

TEST_F(TpmTest, DroppedKeysLeaveTheirSlots) {
  // Three slots: the fourth key fits only if the ones before were flushed.
  for (int i = 0; i < 10; ++i) ASSERT_OK(tpm_->CreateAk(kUnique));
}

TEST_F(TpmTest, FullSlotsAreNamedWithARemedy) {
  std::vector<std::unique_ptr<TpmKey>> held;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(auto ak, tpm_->CreateAk(kUnique));
    held.push_back(std::move(ak));
  }
  EXPECT_THAT(tpm_->CreateAk(kUnique),
              StatusIs(StatusCode::kResourceExhausted, "tpm2_flushcontext"));
}

TEST_F(TpmTest, DeviceKeyIsPersistentOnlyOnceAskedFor) {
  ASSERT_OK_AND_ASSIGN(const auto made, tpm_->CreateDeviceKey(kUnique));
  EXPECT_EQ(AreaOf(*made).attributes, tpmwire::kDeviceKeyAttributes);
  EXPECT_THAT(tpm_->LoadDeviceKey(kHandle), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(tpm_->PersistDeviceKey(*made), test::IsOkAndHolds(kHandle));
  ASSERT_OK(swtpm_->Restart());
  ASSERT_OK_AND_ASSIGN(const auto loaded, tpm_->LoadDeviceKey(kHandle));
  EXPECT_EQ(loaded->public_area(), made->public_area());
}

TEST_F(TpmTest, DroppingOneLoadOfADeviceKeyLeavesTheOtherUsable) {
  ASSERT_OK_AND_ASSIGN(const auto made, tpm_->CreateDeviceKey(kUnique));
  ASSERT_OK(tpm_->PersistDeviceKey(*made).status());
  // The engine's, for the life of the process; and a renewal's, for a moment.
  ASSERT_OK_AND_ASSIGN(const auto kept, tpm_->LoadDeviceKey(kHandle));
  ASSERT_OK_AND_ASSIGN(auto passing, tpm_->LoadDeviceKey(kHandle));
  passing.reset();
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  EXPECT_OK(tpm_->Certify(*kept, *ak, Bytes(32, 1)));
}

TEST_F(TpmTest, PersistingTheSameKeyAgainChangesNothing) {
  ASSERT_OK_AND_ASSIGN(const auto made, tpm_->CreateDeviceKey(kUnique));
  EXPECT_THAT(tpm_->PersistDeviceKey(*made), test::IsOkAndHolds(kHandle));
  EXPECT_THAT(tpm_->PersistDeviceKey(*made), test::IsOkAndHolds(kHandle));
  EXPECT_EQ(Persistent(), 1u);
}

TEST_F(TpmTest, EarlierDeviceKeyOfOursGivesWayToItsSuccessor) {
  ASSERT_OK_AND_ASSIGN(const auto earlier, tpm_->CreateDeviceKey(kOtherUnique));
  ASSERT_OK(tpm_->PersistDeviceKey(*earlier));
  ASSERT_OK_AND_ASSIGN(const auto made, tpm_->CreateDeviceKey(kUnique));
  EXPECT_THAT(tpm_->PersistDeviceKey(*made), test::IsOkAndHolds(kHandle));
  ASSERT_OK_AND_ASSIGN(const auto loaded, tpm_->LoadDeviceKey(kHandle));
  EXPECT_EQ(loaded->public_area(), made->public_area());
  EXPECT_EQ(Persistent(), 1u);
}

TEST_F(TpmTest, ForeignKeyAtTheDeviceHandleStaysAndTheNextIsTaken) {
  Tpm2({"tpm2_createprimary", "-C", "o", "-c", dir_.File("o.ctx")});
  Tpm2({"tpm2_evictcontrol", "-C", "o", "-c", dir_.File("o.ctx"), "0x81050000"});
  EXPECT_THAT(tpm_->LoadDeviceKey(kHandle), StatusIs(StatusCode::kAlreadyExists, "0x81050000"));
  ASSERT_OK_AND_ASSIGN(const auto made, tpm_->CreateDeviceKey(kUnique));
  EXPECT_THAT(tpm_->PersistDeviceKey(*made), test::IsOkAndHolds(kHandle + 1));
  EXPECT_OK(tpm_->LoadDeviceKey(kHandle + 1));
  EXPECT_EQ(Persistent(), 2u);
  // Also the second time, when both are there.
  EXPECT_THAT(tpm_->PersistDeviceKey(*made), test::IsOkAndHolds(kHandle + 1));
}

// Same template, but a primary of the endorsement hierarchy: its certificate would lie.
TEST_F(TpmTest, OurTemplateInAnotherHierarchyIsForeignToo) {
  Tpm2({"tpm2_createprimary", "-C", "e", "-G", "ecc256:ecdsa-sha256", "-a",
        "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign", "-c",
        dir_.File("e.ctx")});
  Tpm2({"tpm2_evictcontrol", "-C", "o", "-c", dir_.File("e.ctx"), "0x81050000"});
  EXPECT_THAT(tpm_->LoadDeviceKey(kHandle), StatusIs(StatusCode::kAlreadyExists));
  ASSERT_OK_AND_ASSIGN(const auto made, tpm_->CreateDeviceKey(kUnique));
  EXPECT_THAT(tpm_->PersistDeviceKey(*made), test::IsOkAndHolds(kHandle + 1));
}

TEST_F(TpmTest, OwnerPasswordIsNamedWithARemedy) {
  Tpm2({"tpm2_changeauth", "-c", "owner", "secret"});
  EXPECT_THAT(tpm_->CreateDeviceKey(kUnique),
              StatusIs(StatusCode::kFailedPrecondition, "password"));
}

TEST_F(TpmTest, CertifyProvesTheDeviceKeyAndItsHierarchy) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateDeviceKey(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto statement, tpm_->Certify(*key, *ak, kNonce));
  ASSERT_OK_AND_ASSIGN(const auto attest, Verified(statement, *ak));
  ASSERT_NE(attest.certify(), nullptr);
  EXPECT_EQ(attest.extra_data, kNonce);
  EXPECT_EQ(attest.certify()->name, tpmwire::NameOf(AreaOf(*key)));
  EXPECT_EQ(attest.certify()->qualified_name,
            tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, AreaOf(*key)));
  EXPECT_EQ(attest.qualified_signer,
            tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, AreaOf(*ak)));
}

TEST_F(TpmTest, QuoteCoversExactlyTheAskedPcrsAndTheirValues) {
  Tpm2({"tpm2_pcrextend", "4:sha256=" + std::string(64, '7')});
  const tpmwire::PcrSelections pcrs = {
      tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14}),
      tpmwire::SelectPcrs(tpmwire::HashAlg::kSha384, {0, 4})};
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto statement, tpm_->Quote(*ak, kNonce, pcrs));
  ASSERT_OK_AND_ASSIGN(const auto values, tpm_->ReadPcrs(pcrs));
  ASSERT_OK_AND_ASSIGN(const auto attest, Verified(statement, *ak));
  ASSERT_NE(attest.quote(), nullptr);
  EXPECT_EQ(attest.extra_data, kNonce);
  EXPECT_EQ(attest.quote()->selections, pcrs);
  EXPECT_EQ(values.size(), 13u);
  ASSERT_OK_AND_ASSIGN(const Bytes digest,
                       tpmwire::PcrDigest(tpmwire::HashAlg::kSha256, pcrs, values));
  EXPECT_EQ(ToHex(attest.quote()->pcr_digest), ToHex(digest));
}

TEST_F(TpmTest, StockToolAcceptsTheQuote) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(
      const auto statement,
      tpm_->Quote(*ak, kNonce, {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0, 1, 7})}));
  ASSERT_OK_AND_ASSIGN(const auto key, tpmwire::ToPublicKey(AreaOf(*ak)));
  ASSERT_OK(files::WriteAtomic(dir_.File("ak.der"), key.SpkiDer(), 0600));
  ASSERT_OK(files::WriteAtomic(dir_.File("quote"), statement.attest, 0600));
  ASSERT_OK(files::WriteAtomic(dir_.File("signature"), statement.signature, 0600));
  ASSERT_OK(test::RunTool({"openssl", "pkey", "-pubin", "-inform", "DER", "-in",
                           dir_.File("ak.der"), "-out", dir_.File("ak.pem")},
                          dir_.File("log")));
  EXPECT_OK(test::RunTool({"tpm2_checkquote", "-u", dir_.File("ak.pem"), "-m", dir_.File("quote"),
                           "-s", dir_.File("signature"), "-q", ToHex(kNonce)},
                          dir_.File("log")));
}

TEST_F(TpmTest, QuoteOfABankTheChipLacksIsUnimplemented) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  tpmwire::PcrSelection sm3 = tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0});
  sm3.hash_algorithm = 0x0012;
  EXPECT_THAT(tpm_->Quote(*ak, kNonce, {sm3}), StatusIs(StatusCode::kUnimplemented));
}

TEST_F(TpmTest, SignsDigestsOfEveryTlsHash) {
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateDeviceKey(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto verifier, tpmwire::ToPublicKey(AreaOf(*key)));
  const Bytes message = ToBytes(std::string_view("handshake transcript"));
  for (const auto alg : {crypto::HashAlg::kSha1, crypto::HashAlg::kSha256, crypto::HashAlg::kSha384,
                         crypto::HashAlg::kSha512}) {
    ASSERT_OK_AND_ASSIGN(const auto signature, tpm_->Sign(*key, crypto::Hash(alg, message)));
    EXPECT_TRUE(verifier.VerifyEcdsa(alg, message, signature.r, signature.s))
        << crypto::HashBytes(alg);
  }
}

TEST_F(TpmTest, AkSignsNothingButItsOwnStatements) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  EXPECT_THAT(tpm_->Sign(*ak, kNonce), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(TpmTest, KeysHeldAcrossAPowerCutGoOnWorking) {
  ASSERT_OK_AND_ASSIGN(const EndorsementKey ek, tpm_->ReadEndorsementKey());
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateDeviceKey(kUnique));
  ASSERT_OK_AND_ASSIGN(const auto made, CredentialFor(*ek.key, *ak, Bytes(32, 1)));
  ASSERT_OK(swtpm_->Restart());
  EXPECT_OK(tpm_->ActivateCredential(*ak, ek, made.credential_blob, made.encrypted_secret));
  ASSERT_OK(swtpm_->Restart());
  EXPECT_OK(tpm_->Certify(*key, *ak, kNonce));
  ASSERT_OK(swtpm_->Restart());
  EXPECT_OK(tpm_->Sign(*key, kNonce));
}

TEST_F(TpmTest, TpmThatStaysAwayIsUnavailableAndUsableOnceBack) {
  ASSERT_OK_AND_ASSIGN(const auto key, tpm_->CreateDeviceKey(kUnique));
  swtpm_->Kill();
  EXPECT_THAT(tpm_->Sign(*key, kNonce), StatusIs(StatusCode::kUnavailable));
  ASSERT_OK(swtpm_->Restart());
  EXPECT_OK(tpm_->Sign(*key, kNonce));
}

// What the socket TCTI does when the TPM goes away in mid-command; by default it ends the process.
TEST_F(TpmTest, WriteToATpmThatWentAwayRaisesNoSignal) {
  ASSERT_OK_AND_ASSIGN(const auto connection, Connection::Open(swtpm_->tcti()));
  EXPECT_OK(connection->Run([](Link&) {
    int ends[2];
    if (::pipe(ends) != 0) return Internal("pipe");
    ::close(ends[0]);
    EXPECT_EQ(::write(ends[1], "x", 1), -1);
    ::close(ends[1]);
    return OkStatus();
  }));
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST_F(TpmTest, ClearedTpmIsNotMistakenForTheOldOne) {
  ASSERT_OK_AND_ASSIGN(const auto ak, tpm_->CreateAk(kUnique));
  swtpm_->Kill();
  std::filesystem::remove_all(dir_.path() / "tpm");  // another chip in its place
  std::filesystem::create_directory(dir_.path() / "tpm");
  ASSERT_OK(swtpm_->Restart());
  EXPECT_THAT(tpm_->Quote(*ak, kNonce, {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0})}),
              StatusIs(StatusCode::kFailedPrecondition, "another key"));
}

}  // namespace
}  // namespace preseal::agent
