// SPDX-License-Identifier: Apache-2.0
#include "server/service/identity/certificate_book.h"

#include "common/base/limits.h"
#include "server/service/enrollment/record_desk.h"
#include "server/service/identity/identity_office.h"
#include "server/service/service_fixture.h"
#include "tests/support/test_pki.h"

namespace preseal::server {
namespace {

using test::StatusIs;

// Remembers why it was ended.
class NotedLink final : public DeviceLink {
 public:
  bool Tell(const DeviceAnswer&) override { return false; }
  SendResult Send(const DeviceOrder&) override { return SendResult::kQueued; }
  bool SendRenewal(const RenewalMessage&) override { return true; }
  void Ack(const RunId&, uint64_t) override {}
  void End(const Status& reason) override {
    if (ended.ok()) ended = reason;
  }
  Status ended;
};

class CertificateBookTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    clock_.Turn(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now() - clock_.Now()));  // certificates are for today
    live_.emplace(clock_);
    office_.emplace(*store_, clock_, *live_, revocations_);
    ASSERT_OK_AND_ASSIGN(pki_, test::TestPki::Create());
  }

  Device AddInState(const std::string& serial, DeviceState state, bool enrolled) {
    Device device = AddEnrolled(serial);
    device.state = state;
    device.enrolled = enrolled;
    EXPECT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
    return device;
  }
  // Issues a certificate as an admission does; its SHA-256.
  Bytes Issue(const DeviceId& id) {
    const auto key = crypto::PrivateKey::GenerateP256();
    EXPECT_OK(key);
    const auto certificate = pki_->IssueDevice(id.text(), key->public_key());
    EXPECT_OK(certificate);
    EXPECT_OK(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(id));
      RETURN_IF_ERROR(RecordDesk::NoteIssued(tx, certificate->der(), clock_.Now(), &device));
      return tx.devices.Put(&device);
    }));
    return Load(id).certificate_sha256;
  }
  Status Confirm(const DeviceId& id, const Bytes& sha256) {
    return Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(const auto superseded, ConfirmCertificate(tx, id, sha256, clock_.Now()));
      for (const Bytes& digest : superseded) revocations_.Add(digest);
      return OkStatus();
    });
  }
  size_t RevokedCount() {
    const auto revoked = office_->Revoked();
    EXPECT_OK(revoked);
    return revoked.ok() ? revoked->size() : 0;
  }

  RevocationMap revocations_;
  std::optional<LiveDevices> live_;
  std::optional<IdentityOffice> office_;
  std::unique_ptr<test::TestPki> pki_;
};

TEST_F(CertificateBookTest, ACertificateNobodyUsesIsRevokedInTime) {
  const DeviceId id = AddInState("S-1", DeviceState::kPresent, false).id;
  const Bytes sha256 = Issue(id);
  clock_.Turn(kConfirmWithin);
  office_->Tick();
  EXPECT_OK(revocations_.Check(sha256)) << "not a moment too early";
  clock_.Turn(1s);
  office_->Tick();
  EXPECT_THAT(revocations_.Check(sha256), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_EQ(Load(id).state, DeviceState::kFailed);
  EXPECT_EQ(Load(id).failure.code, "ISSUE_UNCONFIRMED");
  EXPECT_EQ(Load(id).refused_attempts, 0u);
  EXPECT_THAT(Confirm(id, sha256), StatusIs(StatusCode::kUnauthenticated));
  EXPECT_EQ(RevokedCount(), 1u);
}

TEST_F(CertificateBookTest, AUsedCertificateStays) {
  const DeviceId id = AddInState("S-1", DeviceState::kPresent, false).id;
  const Bytes sha256 = Issue(id);
  ASSERT_OK(Confirm(id, sha256));
  clock_.Turn(kConfirmWithin + 1s);
  office_->Tick();
  EXPECT_OK(revocations_.Check(sha256));
  EXPECT_EQ(Load(id).state, DeviceState::kPresent);
  EXPECT_EQ(RevokedCount(), 0u);
}

TEST_F(CertificateBookTest, ANewCertificateReplacesTheOldOnceItIsUsed) {
  const DeviceId id = AddInState("S-1", DeviceState::kEnrolled, true).id;
  const Bytes old = Issue(id);
  ASSERT_OK(Confirm(id, old));
  const Bytes renewed = Issue(id);
  EXPECT_OK(revocations_.Check(old));
  ASSERT_OK(Confirm(id, renewed));
  EXPECT_THAT(revocations_.Check(old), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_OK(revocations_.Check(renewed));
}

TEST_F(CertificateBookTest, ARenewalThatNeverArrivedLeavesTheOldCertificate) {
  const DeviceId id = AddInState("S-1", DeviceState::kEnrolled, true).id;
  const Bytes old = Issue(id);
  ASSERT_OK(Confirm(id, old));
  const Bytes lost = Issue(id);
  clock_.Turn(kConfirmWithin + 1s);
  office_->Tick();
  EXPECT_THAT(revocations_.Check(lost), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_EQ(Load(id).certificate_sha256, old);
  EXPECT_EQ(Load(id).state, DeviceState::kEnrolled);
}

TEST_F(CertificateBookTest, RevokingADeviceEndsItsStreamAndItsCertificates) {
  const DeviceId id = AddInState("S-1", DeviceState::kProvisioning, true).id;
  const Bytes sha256 = Issue(id);
  ASSERT_OK(Confirm(id, sha256));
  const auto link = std::make_shared<NotedLink>();
  ASSERT_OK(live_->Attach(id, link));
  ASSERT_OK(office_->Revoke(lead_, id, "stolen"));
  EXPECT_THAT(link->ended, StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(revocations_.Check(sha256), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_EQ(Load(id).state, DeviceState::kBlocked);
  EXPECT_EQ(Load(id).failure.code, "DEVICE_REVOKED");
  EXPECT_EQ(RecordDesk::AttemptBlock(Load(id)), RefusalCode::kDeviceRevoked);
  EXPECT_EQ(RevokedCount(), 1u);
  ASSERT_OK(office_->Revoke(lead_, id, "again"));
  EXPECT_EQ(RevokedCount(), 1u);
}

TEST_F(CertificateBookTest, ARestartRemembersWhatWasRevoked) {
  const DeviceId id = AddInState("S-1", DeviceState::kEnrolled, true).id;
  const Bytes sha256 = Issue(id);
  ASSERT_OK(office_->Revoke(lead_, id, "stolen"));
  RevocationMap fresh;
  EXPECT_OK(fresh.Check(sha256));
  ASSERT_OK(fresh.Load(*store_, clock_.Now()));
  EXPECT_THAT(fresh.Check(sha256), StatusIs(StatusCode::kPermissionDenied));
}

TEST_F(CertificateBookTest, AnUnblockedDeviceMustEnrolAnew) {
  const DeviceId id = AddInState("S-1", DeviceState::kEnrolled, true).id;
  const Bytes sha256 = Issue(id);
  ASSERT_OK(Confirm(id, sha256));
  ASSERT_OK(office_->Revoke(lead_, id, "missing"));
  ASSERT_OK(office_->Unblock(lead_, id, "found again"));
  EXPECT_EQ(Load(id).state, DeviceState::kRegistered);
  EXPECT_FALSE(Load(id).enrolled);
  EXPECT_THAT(Confirm(id, sha256), StatusIs(StatusCode::kUnauthenticated));
}

TEST_F(CertificateBookTest, ApprovingAnotherTpmRevokesTheOldOnesCertificate) {
  Device device = AddInState("S-1", DeviceState::kReadyToSeal, true);
  device.ek_spki_sha256 = Bytes(32, 1);
  ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
  const Bytes sha256 = Issue(device.id);
  const auto link = std::make_shared<NotedLink>();
  ASSERT_OK(live_->Attach(device.id, link));
  ASSERT_OK(office_->Rebind(lead_, device.id, Bytes(32, 2), RebindReason::kBoardSwap, ""));
  EXPECT_THAT(link->ended, StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(revocations_.Check(sha256), StatusIs(StatusCode::kPermissionDenied));
  ASSERT_OK_AND_ASSIGN(const IdentityView view, office_->View(device.id));
  EXPECT_EQ(view.certificates[0].revoke_reason, kRevokedForRebind);
}

}  // namespace
}  // namespace preseal::server
