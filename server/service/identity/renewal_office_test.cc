// SPDX-License-Identifier: Apache-2.0
#include "server/service/identity/renewal_office.h"

#include "common/base/limits.h"
#include "common/crypto/certificate_renewal.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/binding.h"
#include "server/adapters/ca/ca_store.h"
#include "server/service/enrollment/record_desk.h"
#include "server/service/identity/certificate_book.h"
#include "server/service/service_fixture.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::server {
namespace {

using std::chrono::hours;
using test::StatusIs;

class NotedLink final : public DeviceLink {
 public:
  bool Tell(const DeviceAnswer&) override { return false; }
  SendResult Send(const DeviceOrder&) override { return SendResult::kQueued; }
  bool SendRenewal(const RenewalMessage& message) override {
    messages.push_back(message);
    return true;
  }
  void Ack(const RunId&, uint64_t) override {}
  void End(const Status&) override {}
  std::vector<RenewalMessage> messages;
};

class GivenEvidence final : public EvidenceDecoder {
 public:
  StatusOr<DecodedEvidence> Decode(ByteView) const override { return decoded; }
  DecodedEvidence decoded;
};

// An enrolled device with real keys, a real authority, and a clock that is turned.
class RenewalOfficeTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    ASSERT_OK(CaStore::Create(dir_.File("ca"), {"Example", {{"localhost"}, {}}, ""}, clock_.Now()));
    ASSERT_OK_AND_ASSIGN(ca_, CaStore::Load(dir_.File("ca")));
    decoder_.decoded.evidence = tpm_.Build();
    office_.emplace(*store_, clock_, decoder_, *ca_);
    device_ = AddEnrolled("S-1").id;
    ASSERT_NO_FATAL_FAILURE(Enrol());
    ASSERT_OK(office_->Watch(device_, present_, link_));
  }

  void Enrol() {
    const CertificateRequest request{.device = device_,
                                     .serial_number = "S-1",
                                     .trust_models = {TrustModel::kEkCert},
                                     .quarantine = true};
    ASSERT_OK_AND_ASSIGN(const auto issued,
                         ca_->Issue(request, tpm_.tls_key.public_key(), clock_.Now()));
    AttestationRecord record{.device_id = device_, .decide_time = clock_.Now(), .accepted = true};
    record.challenge = record.evidence = Bytes{1};
    record.server_leaf_sha256 = record.evidence_sha256 = Bytes(32, 5);
    record.certificate = issued.der;
    record.findings = "[]";
    ASSERT_OK(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_));
      device.quarantined = true;
      RETURN_IF_ERROR(tx.evidence.PutAttestation(record));
      RETURN_IF_ERROR(tx.identities.OpenIdentity({.device = device_,
                                                  .ek_spki_sha256 = Bytes(32, 7),
                                                  .ek_certificate_sha256 = Bytes(32, 8),
                                                  .start_time = clock_.Now()}));
      RETURN_IF_ERROR(RecordDesk::NoteIssued(tx, issued.der, clock_.Now(), &device));
      RETURN_IF_ERROR(
          ConfirmCertificate(tx, device_, device.certificate_sha256, clock_.Now()).status());
      return tx.devices.Put(&device);
    }));
    present_ = Load(device_).certificate_sha256;
  }

  void TurnToDue() { clock_.Turn(hours(24) * 244); }  // 243 1/3 days and the backdating
  const RenewalOrder* Asked() {
    return link_->messages.empty() ? nullptr : std::get_if<RenewalOrder>(&link_->messages.back());
  }
  // What the device's TPM says to `order`, signed anew.
  RenewalStatement Answer(const RenewalOrder& order) {
    const AttestationEvidence& enrolled = decoder_.decoded.evidence;
    const auto binding = tpmwire::ComputeRenewalBinding(device_.text(), order.nonce, present_);
    RenewalStatement statement{.ak_public = enrolled.ak_public,
                               .device_key_public = enrolled.device_key_public};
    statement.certify_attest =
        Rebound(enrolled.certify_attest, tpmwire::CertifyQualifyingData(binding));
    statement.certify_signature = test::SignAttest(statement.certify_attest, tpm_.ak_key);
    statement.quote_attest = Rebound(enrolled.quote_attest, tpmwire::QuoteQualifyingData(binding));
    statement.quote_signature = test::SignAttest(statement.quote_attest, tpm_.ak_key);
    return statement;
  }
  Bytes Rebound(ByteView attest, const tpmwire::Sha256Digest& data) {
    auto parsed = tpmwire::ParseAttest(attest);
    EXPECT_OK(parsed);
    parsed->extra_data = Bytes(data.begin(), data.end());
    if (drifted_ && parsed->quote() != nullptr) {
      std::get<tpmwire::QuoteInfo>(parsed->body).pcr_digest[0] ^= 1;
    }
    return tpmwire::MarshalAttest(*parsed);
  }
  // Asked, answered, and what came down.
  void Renew() {
    TurnToDue();
    office_->Tick();
    ASSERT_NE(Asked(), nullptr);
    ASSERT_OK(office_->OnStatement(device_, Answer(*Asked()), link_.get()));
  }
  StatusOr<bool> Adopt(const Bytes& sha256) {
    bool adopted = false;
    RETURN_IF_ERROR(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_));
      ASSIGN_OR_RETURN(adopted, AdoptRenewed(tx, sha256, &device));
      return tx.devices.Put(&device);
    }));
    return adopted;
  }
  static Bytes Sha256Of(ByteView der) {
    const auto digest = crypto::Sha256(der);
    return Bytes(digest.begin(), digest.end());
  }

  test::AttestationFixture tpm_;
  std::unique_ptr<CaStore> ca_;
  GivenEvidence decoder_;
  std::optional<RenewalOffice> office_;
  DeviceId device_;
  Bytes present_;
  bool drifted_ = false;
  std::shared_ptr<NotedLink> link_ = std::make_shared<NotedLink>();
};

TEST_F(RenewalOfficeTest, AsksNobodyBeforeTwoThirdsOfTheLife) {
  clock_.Turn(hours(24) * 243);
  office_->Tick();
  EXPECT_TRUE(link_->messages.empty());
}

TEST_F(RenewalOfficeTest, AsksOnceForWhatTheEnrolmentQuoted) {
  TurnToDue();
  office_->Tick();
  office_->Tick();
  ASSERT_EQ(link_->messages.size(), 1u);
  ASSERT_NE(Asked(), nullptr);
  EXPECT_EQ(Asked()->nonce.size(), kNonceBytes);
  EXPECT_EQ(Asked()->pcrs,
            tpmwire::ParseAttest(decoder_.decoded.evidence.quote_attest)->quote()->selections);
}

TEST_F(RenewalOfficeTest, AsksAgainWithAnotherNonceAfterAnUnansweredOrder) {
  TurnToDue();
  office_->Tick();
  const Bytes first = Asked()->nonce;
  clock_.Turn(kRenewalAgainAfter);
  office_->Tick();
  ASSERT_EQ(link_->messages.size(), 2u);
  EXPECT_NE(Asked()->nonce, first);
}

TEST_F(RenewalOfficeTest, DoesNotDisturbARunAndAsksWhenItIsOver) {
  TurnToDue();
  const auto set = [&](DeviceState state) {
    EXPECT_OK(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_));
      device.state = state;
      return tx.devices.Put(&device);
    }));
  };
  set(DeviceState::kProvisioning);
  office_->Tick();
  EXPECT_TRUE(link_->messages.empty());
  set(DeviceState::kReadyToSeal);
  clock_.Turn(kRenewalBusyAgainAfter);
  office_->Tick();
  EXPECT_NE(Asked(), nullptr);
}

TEST_F(RenewalOfficeTest, IssuesForTheSameKeyWithTheMarksOfTheOldOne) {
  ASSERT_NO_FATAL_FAILURE(Renew());
  const auto* issued = std::get_if<IssuedCertificate>(&link_->messages.back());
  ASSERT_NE(issued, nullptr);
  ASSERT_OK_AND_ASSIGN(const auto leaf, crypto::Certificate::FromDer(issued->der));
  ASSERT_OK_AND_ASSIGN(const auto key, leaf.public_key());
  EXPECT_TRUE(key.Equals(tpm_.tls_key.public_key()));
  const auto record =
      Look<AttestationRecord>([&](Tx& tx) { return tx.evidence.LatestAccepted(device_); });
  ASSERT_OK_AND_ASSIGN(const auto old, crypto::Certificate::FromDer(record.certificate));
  EXPECT_EQ(leaf.policies(), old.policies());
  EXPECT_EQ(leaf.subject(), old.subject());
  EXPECT_FALSE(crypto::RenewalDue(leaf, clock_.Now()));
  EXPECT_EQ(issued->chain.size(), 1u);
}

// Whenever either side stops: before the device used the new certificate the old one counts.
TEST_F(RenewalOfficeTest, TheOldCertificateCountsUntilTheNewOneIsUsed) {
  ASSERT_NO_FATAL_FAILURE(Renew());
  const Bytes renewed = Sha256Of(std::get<IssuedCertificate>(link_->messages.back()).der);
  EXPECT_EQ(Load(device_).certificate_sha256, present_);
  EXPECT_OK(Write(
      [&](Tx& tx) { return ConfirmCertificate(tx, device_, present_, clock_.Now()).status(); }));
  EXPECT_THAT(Adopt(renewed), test::IsOkAndHolds(true));
  RevokedDigests revoked;
  EXPECT_OK(Write([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(revoked, ConfirmCertificate(tx, device_, renewed, clock_.Now()));
    return OkStatus();
  }));
  EXPECT_EQ(revoked, RevokedDigests{present_});
  EXPECT_EQ(Load(device_).certificate_sha256, renewed);
  EXPECT_THAT(Adopt(present_), test::IsOkAndHolds(false));
}

// A device may be switched off between its receipt and its first use.
TEST_F(RenewalOfficeTest, ARenewedCertificateWaitsForItsDevice) {
  ASSERT_NO_FATAL_FAILURE(Renew());
  const Bytes renewed = Sha256Of(std::get<IssuedCertificate>(link_->messages.back()).der);
  clock_.Turn(hours(24) * 60);
  const auto late = Look<std::vector<DeviceCertificate>>(
      [&](Tx& tx) { return tx.certificates.Unconfirmed(clock_.Now() - kConfirmWithin, 10); });
  EXPECT_TRUE(late.empty());
  EXPECT_THAT(Adopt(renewed), test::IsOkAndHolds(true));
}

TEST_F(RenewalOfficeTest, ARenewedCertificateIsWorthNothingAfterAnotherEnrolment) {
  ASSERT_NO_FATAL_FAILURE(Renew());
  const Bytes renewed = Sha256Of(std::get<IssuedCertificate>(link_->messages.back()).der);
  const CertificateRequest request{
      .device = device_, .serial_number = "S-1", .trust_models = {TrustModel::kEkCert}};
  ASSERT_OK_AND_ASSIGN(const auto again,
                       ca_->Issue(request, tpm_.tls_key.public_key(), clock_.Now()));
  ASSERT_OK(Write([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_));
    RETURN_IF_ERROR(RecordDesk::NoteIssued(tx, again.der, clock_.Now(), &device));
    return tx.devices.Put(&device);
  }));
  EXPECT_THAT(Adopt(renewed), test::IsOkAndHolds(false));
}

TEST_F(RenewalOfficeTest, RefusesADriftedBootWithItsReasonAndTheOldOneStays) {
  drifted_ = true;
  ASSERT_NO_FATAL_FAILURE(Renew());
  const auto* refusal = std::get_if<RenewalRefusal>(&link_->messages.back());
  ASSERT_NE(refusal, nullptr);
  EXPECT_EQ(refusal->code, "PCR_CHANGED");
  EXPECT_FALSE(refusal->message.empty());
  EXPECT_FALSE(refusal->remedy.empty());
  EXPECT_NE(refusal->seen, refusal->expected);
  EXPECT_EQ(Load(device_).certificate_sha256, present_);
  const auto all = Look<std::vector<DeviceCertificate>>(
      [&](Tx& tx) { return tx.certificates.CertificatesOf(device_); });
  EXPECT_EQ(all.size(), 1u);
}

TEST_F(RenewalOfficeTest, AnAnswerServesOnce) {
  ASSERT_NO_FATAL_FAILURE(Renew());
  const auto replay = Answer(std::get<RenewalOrder>(link_->messages.front()));
  EXPECT_THAT(office_->OnStatement(device_, replay, link_.get()),
              StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(RenewalOfficeTest, AnAnswerOnAnotherStreamIsDropped) {
  TurnToDue();
  office_->Tick();
  NotedLink other;
  EXPECT_THAT(office_->OnStatement(device_, Answer(*Asked()), &other),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_TRUE(other.messages.empty());
}

TEST_F(RenewalOfficeTest, ALateAnswerIsDropped) {
  TurnToDue();
  office_->Tick();
  const auto answer = Answer(*Asked());
  clock_.Turn(kRenewalAnswerWithin + std::chrono::seconds(1));
  EXPECT_THAT(office_->OnStatement(device_, answer, link_.get()),
              StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(RenewalOfficeTest, AStreamThatEndedIsNotAsked) {
  office_->Forget(device_, link_.get());
  TurnToDue();
  office_->Tick();
  EXPECT_TRUE(link_->messages.empty());
}

}  // namespace
}  // namespace preseal::server
