// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/record_desk.h"

#include "common/base/limits.h"
#include "server/service/enrollment/admission_office.h"
#include "server/service/identity/identity_office.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using test::StatusIs;

tpmwire::Sha256Digest Digest(uint8_t fill) {
  tpmwire::Sha256Digest digest{};
  digest.fill(fill);
  return digest;
}
Bytes Hash(uint8_t fill) { return Bytes(32, fill); }

class RecordDeskTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    live_.emplace(clock_);
    desk_.emplace(*store_);
    office_.emplace(*store_, clock_, *live_, revocations_);
    admission_.emplace(*store_, clock_);
  }

  // On the bench, before its first accepted attestation.
  Device AddPresent(const std::string& serial) {
    Device device{.serial_number = serial,
                  .manufacturer = "Maker",
                  .model = "Model",
                  .batch = *BatchId::Parse("PO-7"),
                  .state = DeviceState::kPresent};
    device.state_time = device.create_time = clock_.Now();
    EXPECT_OK(Write([&](Tx& tx) -> Status {
      RETURN_IF_ERROR(tx.batches.EnsureBatch(device.batch, clock_.Now()));
      return tx.devices.Insert(&device);
    }));
    return device;
  }

  // The keys of a chip: each fill is another one.
  static EvidenceKeys KeysOf(uint8_t fill) {
    return {.ek_spki = Digest(fill),
            .ek_certificate = Digest(static_cast<uint8_t>(fill + 100)),
            .ak_name = Bytes(34, fill),
            .tls_spki = Digest(static_cast<uint8_t>(fill + 50))};
  }
  static AttestedFacts FactsOfChip(uint8_t fill, TrustModel model = TrustModel::kEkCert) {
    static const crypto::PublicKey kKey = crypto::PrivateKey::GenerateP256()->public_key();
    AttestedFacts facts{.device_key = kKey};
    facts.trust_models = {model};
    facts.ek_spki_sha256 = Digest(fill);
    facts.reset_count = 7;
    return facts;
  }

  Status Refuse(const DeviceId& id, RefusalCode code, uint8_t chip = 1) {
    return Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(id));
      if (Advance(LifecycleEvent::kAttestationRefused, clock_.Now(), &device).ok()) {
        device.failure.code = std::string(NameOf(code));
      }
      RETURN_IF_ERROR(RecordDesk::NoteProposal(tx, code, KeysOf(chip), {"IFX", "SLB9672"},
                                               clock_.Now(), device));
      RETURN_IF_ERROR(RecordDesk::NoteRefusal(tx, code, clock_.Now(), &device));
      return tx.devices.Put(&device);
    });
  }
  Status Admit(const DeviceId& id, uint8_t chip, TrustModel model = TrustModel::kEkCert) {
    return AdmitWith(id, KeysOf(chip), FactsOfChip(chip, model));
  }
  Status AdmitWith(const DeviceId& id, const EvidenceKeys& keys, const AttestedFacts& facts) {
    return Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(id));
      RETURN_IF_ERROR(RecordDesk::NoteAdmission(tx, keys, facts, clock_.Now(), &device));
      return tx.devices.Put(&device);
    });
  }
  RecordFacts Facts(const DeviceId& id, uint8_t chip, const std::string& code = "") {
    auto facts = desk_->FactsFor(Load(id), "bench", KeysOf(chip), code, clock_.Now());
    EXPECT_OK(facts);
    return facts.ok() ? *facts : RecordFacts();
  }

  RevocationMap revocations_;
  std::optional<LiveDevices> live_;
  std::optional<RecordDesk> desk_;
  std::optional<IdentityOffice> office_;
  std::optional<AdmissionOffice> admission_;
  const Principal anna_{.name = "anna", .role = Role::kAdmin};
};

TEST_F(RecordDeskTest, ThreeRefusalsBlockADeviceThatWasNeverEnrolled) {
  const DeviceId id = AddPresent("S-1").id;
  for (int i = 0; i < 2; ++i) ASSERT_OK(Refuse(id, RefusalCode::kEkChainUntrusted));
  EXPECT_EQ(Load(id).state, DeviceState::kFailed);
  EXPECT_EQ(RecordDesk::AttemptsLeft(Load(id)), 1u);
  EXPECT_EQ(RecordDesk::AttemptBlock(Load(id)), RefusalCode::kNone);
  ASSERT_OK(Refuse(id, RefusalCode::kQuoteNonce));
  const Device blocked = Load(id);
  EXPECT_EQ(blocked.state, DeviceState::kBlocked);
  EXPECT_EQ(blocked.failure.code, "ATTEMPTS_EXCEEDED");
  EXPECT_EQ(blocked.failure.seen, "3 refused, the last with QUOTE_NONCE");
  EXPECT_EQ(RecordDesk::AttemptBlock(blocked), RefusalCode::kAttemptsExceeded);
}

TEST_F(RecordDeskTest, AnEnrolledDeviceKeepsItsPlaceButIsHeldAfterThreeRefusals) {
  const DeviceId id = AddEnrolled("S-1").id;
  for (int i = 0; i < 3; ++i) ASSERT_OK(Refuse(id, RefusalCode::kActivationFailed));
  EXPECT_EQ(Load(id).state, DeviceState::kEnrolled);
  EXPECT_EQ(RecordDesk::AttemptBlock(Load(id)), RefusalCode::kAttemptsExceeded);
}

TEST_F(RecordDeskTest, WhatIsNotTheDevicesDoingCostsNoAttempt) {
  const DeviceId id = AddPresent("S-1").id;
  for (const RefusalInfo& info : AllRefusals()) {
    if (info.counts) continue;
    ASSERT_OK(Refuse(id, info.code)) << info.name;
  }
  EXPECT_EQ(Load(id).refused_attempts, 0u);
  for (const RefusalCode code :
       {RefusalCode::kApprovalPending, RefusalCode::kPcrNotLearned, RefusalCode::kRateLimited,
        RefusalCode::kSessionExpired, RefusalCode::kUnknownDevice, RefusalCode::kDeviceState}) {
    EXPECT_FALSE(InfoOf(code)->counts) << NameOf(code);
  }
  EXPECT_TRUE(InfoOf(RefusalCode::kEkChanged)->counts);
  EXPECT_TRUE(InfoOf(RefusalCode::kActivationReplayed)->counts);
}

TEST_F(RecordDeskTest, AnAcceptedAttestationGivesAllAttemptsBack) {
  const DeviceId id = AddPresent("S-1").id;
  for (int i = 0; i < 2; ++i) ASSERT_OK(Refuse(id, RefusalCode::kQuoteClockUnsafe));
  ASSERT_OK(Admit(id, 1));
  EXPECT_EQ(RecordDesk::AttemptsLeft(Load(id)), kAttestationAttemptsMax);
}

TEST_F(RecordDeskTest, OnlyAPersonWithAReasonUnblocks) {
  const DeviceId id = AddPresent("S-1").id;
  EXPECT_THAT(office_->Unblock(lead_, id, "looked at it"),
              StatusIs(StatusCode::kFailedPrecondition));
  for (int i = 0; i < 3; ++i) ASSERT_OK(Refuse(id, RefusalCode::kEkEku));
  EXPECT_THAT(office_->Unblock(lead_, id, " "), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(office_->Unblock(lead_, id, std::string(kReasonBytesMax + 1, 'x')),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(Load(id).state, DeviceState::kBlocked);
  ASSERT_OK(office_->Unblock(lead_, id, "wrong medium"));
  EXPECT_EQ(Load(id).state, DeviceState::kRegistered);
  EXPECT_EQ(RecordDesk::AttemptBlock(Load(id)), RefusalCode::kNone);
  EXPECT_FALSE(Allows(Role::kOperator, Right::kManageIdentities));
}

TEST_F(RecordDeskTest, FactsNameTheRecordThatHoldsTheTpm) {
  const DeviceId first = AddPresent("S-1").id;
  const DeviceId second = AddPresent("S-2").id;
  ASSERT_OK(Admit(first, 1));
  EXPECT_EQ(Facts(first, 1).device_bound_to_ek, first.text());
  EXPECT_EQ(Facts(first, 1).last_reset_count, 7u);
  const RecordFacts facts = Facts(second, 1);
  EXPECT_EQ(facts.device_bound_to_ek, first.text());
  EXPECT_EQ(facts.ek_bound_to_device, std::nullopt);
  EXPECT_EQ(facts.last_reset_count, std::nullopt);
  EXPECT_THAT(Admit(second, 1), StatusIs(StatusCode::kAborted));
}

TEST_F(RecordDeskTest, FactsNameTheDeviceThatShowedAKeyBefore) {
  const DeviceId first = AddPresent("S-1").id;
  const DeviceId second = AddPresent("S-2").id;
  ASSERT_OK(Admit(first, 1));
  EXPECT_EQ(Facts(first, 1).device_of_ak, std::nullopt);
  EvidenceKeys keys = KeysOf(2);
  keys.ak_name = KeysOf(1).ak_name;
  ASSERT_OK_AND_ASSIGN(RecordFacts facts,
                       desk_->FactsFor(Load(second), "bench", keys, "", clock_.Now()));
  EXPECT_EQ(facts.device_of_ak, first.text());
  EXPECT_EQ(facts.device_of_tls_key, std::nullopt);
  keys = KeysOf(2);
  keys.tls_spki = KeysOf(1).tls_spki;
  ASSERT_OK_AND_ASSIGN(facts, desk_->FactsFor(Load(second), "bench", keys, "", clock_.Now()));
  EXPECT_EQ(facts.device_of_ak, std::nullopt);
  EXPECT_EQ(facts.device_of_tls_key, first.text());
}

TEST_F(RecordDeskTest, ARefusedAttestationLeavesNoKeyBehind) {
  const DeviceId first = AddPresent("S-1").id;
  const DeviceId second = AddPresent("S-2").id;
  ASSERT_OK(Refuse(first, RefusalCode::kActivationFailed, 1));
  EXPECT_EQ(Facts(second, 1).device_of_ak, std::nullopt);
}

TEST_F(RecordDeskTest, AnotherTpmIsNeverBoundWithoutANamedApproval) {
  const DeviceId id = AddPresent("S-1").id;
  ASSERT_OK(Admit(id, 1));
  EXPECT_THAT(Admit(id, 2), StatusIs(StatusCode::kAborted));
  EXPECT_THAT(office_->Rebind(anna_, id, {}, RebindReason::kBoardSwap, ""),
              StatusIs(StatusCode::kFailedPrecondition));
  ASSERT_OK(Refuse(id, RefusalCode::kEkChanged, 2));
  const Principal token{.name = "token:abc", .role = Role::kAdmin};
  EXPECT_THAT(office_->Rebind(token, id, {}, RebindReason::kBoardSwap, ""),
              StatusIs(StatusCode::kPermissionDenied));
  EXPECT_EQ(Facts(id, 2).approved_ek, std::nullopt);
  EXPECT_EQ(Load(id).ek_spki_sha256, Hash(1));
}

TEST_F(RecordDeskTest, AnApprovedTpmTakesThePlaceOfTheOldAndTheHistoryIsKept) {
  const DeviceId id = AddPresent("S-1").id;
  ASSERT_OK(Admit(id, 1));
  ASSERT_OK(Refuse(id, RefusalCode::kEkChanged, 2));
  ASSERT_OK(office_->Rebind(anna_, id, {}, RebindReason::kBoardSwap, "ticket 12"));
  EXPECT_EQ(Facts(id, 2).approved_ek, Digest(2));
  ASSERT_OK(Admit(id, 2));
  EXPECT_EQ(Load(id).ek_spki_sha256, Hash(2));
  EXPECT_EQ(Facts(id, 2).approved_ek, std::nullopt) << "an approval is good once";
  ASSERT_OK_AND_ASSIGN(const IdentityView view, office_->View(id));
  ASSERT_EQ(view.identities.size(), 2u);
  EXPECT_EQ(view.identities[0].ek_spki_sha256, Hash(1));
  EXPECT_TRUE(view.identities[0].end_time);
  EXPECT_EQ(view.identities[0].end_actor, "anna");
  EXPECT_EQ(view.identities[1].approver, "anna");
  EXPECT_EQ(view.identities[1].reason, "board-swap");
  EXPECT_EQ(view.identities[1].note, "ticket 12");
  EXPECT_FALSE(view.identities[1].end_time);
}

TEST_F(RecordDeskTest, FromTheApprovalOnTheOldTpmIsAStranger) {
  const DeviceId id = AddPresent("S-1").id;
  ASSERT_OK(Admit(id, 1));
  ASSERT_OK(office_->Rebind(anna_, id, Hash(2), RebindReason::kClear, ""));
  EXPECT_EQ(Facts(id, 1).ek_bound_to_device, Digest(2));
  EXPECT_THAT(Admit(id, 1), StatusIs(StatusCode::kAborted));
  // Taken back: its own is welcome again.
  ASSERT_OK(office_->Rebind(anna_, id, Hash(1), RebindReason::kClear, "mistake"));
  EXPECT_EQ(Facts(id, 1).ek_bound_to_device, Digest(1));
  ASSERT_OK(Admit(id, 1));
}

TEST_F(RecordDeskTest, ATpmOfAnotherRecordMustBeReleasedFirst) {
  const DeviceId first = AddPresent("S-1").id;
  const DeviceId second = AddPresent("S-2").id;
  ASSERT_OK(Admit(first, 1));
  ASSERT_OK(Admit(second, 2));
  ASSERT_OK(Refuse(second, RefusalCode::kEkAlreadyBound, 1));
  EXPECT_THAT(office_->Rebind(anna_, second, {}, RebindReason::kResale, ""),
              StatusIs(StatusCode::kFailedPrecondition));
  ASSERT_OK(office_->Release(anna_, first, "board moved"));
  ASSERT_OK(office_->Rebind(anna_, second, {}, RebindReason::kResale, ""));
  // The same TPM, in its new machine with keys of its own.
  EvidenceKeys keys = KeysOf(1);
  keys.ak_name = KeysOf(3).ak_name;
  keys.tls_spki = KeysOf(3).tls_spki;
  ASSERT_OK(AdmitWith(second, keys, FactsOfChip(1, TrustModel::kEkCert)));
  EXPECT_EQ(Load(second).ek_spki_sha256, Hash(1));
  EXPECT_TRUE(Load(first).ek_spki_sha256.empty());
}

TEST_F(RecordDeskTest, ADeviceAtWorkKeepsItsTpm) {
  const DeviceId id = AddEnrolled("S-1").id;
  ASSERT_OK(Admit(id, 1));
  EXPECT_THAT(office_->Release(anna_, id, "why not"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(Load(id).ek_spki_sha256, Hash(1));
}

TEST_F(RecordDeskTest, AListedKeyCountsForItsBatchOnly) {
  const DeviceId id = AddPresent("S-1").id;
  EXPECT_FALSE(Facts(id, 1).ek_listed);
  ASSERT_OK(admission_->ImportEks(lead_, *BatchId::Parse("PO-8"), {Hash(1)}, "eks.txt"));
  EXPECT_FALSE(Facts(id, 1).ek_listed);
  ASSERT_OK(admission_->ImportEks(lead_, *BatchId::Parse("PO-7"), {Hash(1)}, "eks.txt"));
  EXPECT_TRUE(Facts(id, 1).ek_listed);
  ASSERT_OK(admission_->RemoveEks(lead_, *BatchId::Parse("PO-7"), Hash(1), "wrong file"));
  EXPECT_FALSE(Facts(id, 1).ek_listed);
  ASSERT_OK(admission_->ImportEks(lead_, BatchId(), {Hash(1)}, "eks.txt"));
  EXPECT_TRUE(Facts(id, 1).ek_listed);
}

TEST_F(RecordDeskTest, AnImportWithOneBadDigestListsNothing) {
  EXPECT_THAT(admission_->ImportEks(lead_, BatchId(), {Hash(1), Bytes(31, 2)}, "eks.txt"),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(admission_->ImportEks(lead_, BatchId(), {}, "eks.txt"),
              StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(const auto listed, admission_->ListEks(BatchId(), {}, 10));
  EXPECT_TRUE(listed.empty());
}

TEST_F(RecordDeskTest, AnOrderCodeWaitsForAPersonAndIsGoodForThatTpmOnly) {
  const DeviceId id = AddPresent("S-1").id;
  ASSERT_OK_AND_ASSIGN(const auto code,
                       admission_->CreateOrderCode(lead_, *BatchId::Parse("PO-7"), 1, 24h));
  EXPECT_EQ(Facts(id, 1).token, TokenState::kNone);
  EXPECT_THAT(office_->Vouch(lead_, id, {}, "seen it"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(Facts(id, 1, code.text).token, TokenState::kWaiting);
  ASSERT_OK(office_->Vouch(lead_, id, {}, "seen it"));
  EXPECT_EQ(Facts(id, 1, code.text).token, TokenState::kVouched);
  EXPECT_EQ(Facts(id, 2, code.text).token, TokenState::kWaiting);
  EXPECT_EQ(Facts(id, 1).token, TokenState::kNone) << "the code is still needed";
  ASSERT_OK(Admit(id, 1, TrustModel::kToken));
  EXPECT_EQ(Facts(id, 1).token, TokenState::kVouched) << "the same TPM needs no second code";
}

TEST_F(RecordDeskTest, AnOrderCodeIsUsedUp) {
  const DeviceId first = AddPresent("S-1").id;
  const DeviceId second = AddPresent("S-2").id;
  ASSERT_OK_AND_ASSIGN(const auto code,
                       admission_->CreateOrderCode(lead_, *BatchId::Parse("PO-7"), 1, 24h));
  uint8_t chip = 1;
  for (const DeviceId& id : {first, second}) {
    ASSERT_EQ(Facts(id, chip++, code.text).token, TokenState::kWaiting);
    ASSERT_OK(office_->Vouch(lead_, id, {}, "seen it"));
  }
  ASSERT_OK(Admit(first, 1, TrustModel::kToken));
  EXPECT_THAT(Admit(second, 2, TrustModel::kToken), StatusIs(StatusCode::kAborted));
  EXPECT_EQ(Facts(second, 2, code.text).token, TokenState::kNone);
}

TEST_F(RecordDeskTest, AWrongLateOrForeignOrderCodeIsNone) {
  const DeviceId id = AddPresent("S-1").id;
  ASSERT_OK_AND_ASSIGN(const auto code,
                       admission_->CreateOrderCode(lead_, *BatchId::Parse("PO-7"), 1, 24h));
  ASSERT_OK_AND_ASSIGN(const auto foreign,
                       admission_->CreateOrderCode(lead_, *BatchId::Parse("PO-8"), 1, 24h));
  EXPECT_EQ(Facts(id, 1, foreign.text).token, TokenState::kNone);
  std::string wrong = code.text;
  wrong.back() = wrong.back() == '7' ? '8' : '7';
  EXPECT_EQ(Facts(id, 1, wrong).token, TokenState::kNone);
  EXPECT_EQ(Facts(id, 1, "hello").token, TokenState::kNone);
  EXPECT_EQ(Facts(id, 1, code.text).token, TokenState::kWaiting);
  clock_.Turn(25h);
  EXPECT_EQ(Facts(id, 1, code.text).token, TokenState::kNone);
}

TEST_F(RecordDeskTest, ARevokedOrderCodeIsNone) {
  const DeviceId id = AddPresent("S-1").id;
  ASSERT_OK_AND_ASSIGN(const auto code,
                       admission_->CreateOrderCode(lead_, *BatchId::Parse("PO-7"), 5, 24h));
  ASSERT_OK(admission_->RevokeOrderCode(lead_, code.code.code_id, "lost"));
  EXPECT_EQ(Facts(id, 1, code.text).token, TokenState::kNone);
}

TEST_F(RecordDeskTest, GoldenValuesNeedTwoPeople) {
  const Device device = AddPresent("S-1");
  const std::vector<tpmwire::PcrValue> values = {{0x000B, 2, Hash(2)}, {0x000B, 0, Hash(1)}};
  const auto propose = [&](const std::vector<tpmwire::PcrValue>& of) {
    return Write([&](Tx& tx) { return RecordDesk::NoteUnlearned(tx, of, clock_.Now(), device); });
  };
  ASSERT_OK(propose(values));
  ASSERT_OK(propose({values[1], values[0]}));  // the same values, in another order
  ASSERT_OK_AND_ASSIGN(auto rows, desk_->GoldenFor(device));
  ASSERT_EQ(rows.size(), 1u);
  const uint64_t number = rows[0].number;
  ASSERT_OK_AND_ASSIGN(GoldenRow row, admission_->ApproveGolden(lead_, number, "first of ten"));
  EXPECT_EQ(row.state, GoldenState::kProposed);
  EXPECT_THAT(admission_->ApproveGolden(lead_, number, "again"),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(
      admission_->ApproveGolden({.name = "token:x", .role = Role::kAdmin}, number, "by a script"),
      StatusIs(StatusCode::kPermissionDenied));
  ASSERT_OK_AND_ASSIGN(row, admission_->ApproveGolden(anna_, number, "compared"));
  EXPECT_EQ(row.state, GoldenState::kApproved);
  ASSERT_OK(propose({{0x000B, 0, Hash(9)}}));
  ASSERT_OK_AND_ASSIGN(rows, desk_->GoldenFor(device));
  ASSERT_EQ(rows.size(), 2u) << "other values are a variant";
  EXPECT_EQ(rows[1].state, GoldenState::kProposed);
  ASSERT_OK(admission_->RetireGolden(anna_, number, "new firmware"));
  EXPECT_THAT(admission_->ApproveGolden(lead_, number, "back"),
              StatusIs(StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace preseal::server
