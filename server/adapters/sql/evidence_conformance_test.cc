// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/support/store_conformance.h"

namespace preseal::server {
namespace {

using test::IsOk;
using test::IsOkAndHolds;
using test::StatusIs;

class EvidenceConformance : public test::StoreConformance {
 protected:
  void SetUp() override {
    StoreConformance::SetUp();
    device_ = Add(NewDevice("S-1")).id;
  }
  AttestationRecord NewRecord(bool accepted, const std::string& findings) {
    AttestationRecord record;
    record.device_id = device_;
    record.decide_time = clock_.Now();
    record.accepted = accepted;
    record.refusal_code = accepted ? "" : "ek-untrusted";
    record.challenge = Bytes(40, 1);
    record.evidence = Bytes(300'000, 2);
    record.server_leaf_sha256 = Bytes(32, 3);
    record.findings = findings;
    record.evidence_sha256 = Bytes(32, 4);
    return record;
  }
  Status PutRecord(const AttestationRecord& record) {
    return Write([&record](Tx& tx) { return tx.evidence.PutAttestation(record); });
  }
  StatusOr<AttestationRecord> Latest() {
    return ReadValue([this](Tx& tx) { return tx.evidence.LatestAttestation(device_); });
  }
  StatusOr<AttestationRecord> LatestAccepted() {
    return ReadValue([this](Tx& tx) { return tx.evidence.LatestAccepted(device_); });
  }

  DeviceId device_;
};

TEST_P(EvidenceConformance, AttestationIsReadBackWhole) {
  AttestationRecord record = NewRecord(true, "[]");
  record.lab = true;
  record.credential = Bytes(50, 5);
  record.proof = Bytes(60, 6);
  record.certify_qualifying_data = Bytes(32, 7);
  record.quote_qualifying_data = Bytes(32, 8);
  record.certificate = Bytes(900, 9);
  ASSERT_OK(PutRecord(record));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const AttestationRecord got, Latest());
  EXPECT_EQ(got.device_id, record.device_id);
  EXPECT_EQ(got.decide_time, record.decide_time);
  EXPECT_TRUE(got.accepted);
  EXPECT_EQ(got.refusal_code, "");
  EXPECT_TRUE(got.lab);
  EXPECT_EQ(got.challenge, record.challenge);
  EXPECT_EQ(got.evidence, record.evidence);
  EXPECT_EQ(got.credential, record.credential);
  EXPECT_EQ(got.proof, record.proof);
  EXPECT_EQ(got.server_leaf_sha256, record.server_leaf_sha256);
  EXPECT_EQ(got.certify_qualifying_data, record.certify_qualifying_data);
  EXPECT_EQ(got.quote_qualifying_data, record.quote_qualifying_data);
  EXPECT_EQ(got.certificate, record.certificate);
  EXPECT_EQ(got.findings, record.findings);
  EXPECT_EQ(got.evidence_sha256, record.evidence_sha256);
}

TEST_P(EvidenceConformance, NoneIsNotFound) {
  EXPECT_THAT(Latest(), StatusIs(StatusCode::kNotFound));
  ASSERT_OK(PutRecord(NewRecord(false, "refused")));
  EXPECT_OK(Latest());
  EXPECT_THAT(LatestAccepted(), StatusIs(StatusCode::kNotFound));
}

TEST_P(EvidenceConformance, LatestAcceptedSurvivesAnyNumberOfRefusals) {
  ASSERT_OK(PutRecord(NewRecord(true, "old")));
  ASSERT_OK(PutRecord(NewRecord(true, "good")));
  for (int i = 0; i < kAttestationsKeptMax + 3; ++i) {
    ASSERT_OK(PutRecord(NewRecord(false, std::to_string(i))));
  }
  ASSERT_OK_AND_ASSIGN(const auto accepted, LatestAccepted());
  EXPECT_EQ(accepted.findings, "good");
  ASSERT_OK_AND_ASSIGN(const auto latest, Latest());
  EXPECT_EQ(latest.findings, std::to_string(kAttestationsKeptMax + 2));
}

TEST_P(EvidenceConformance, BirthCertificateIsTheNewest) {
  const auto read = [this](Tx& tx) { return tx.evidence.BirthCertificate(device_); };
  EXPECT_THAT(ReadValue(read), StatusIs(StatusCode::kNotFound));
  for (const char* jws : {"a.b.c", "d.e.f"}) {
    ASSERT_OK(
        Write([&](Tx& tx) { return tx.evidence.PutBirthCertificate(device_, jws, clock_.Now()); }));
  }
  EXPECT_THAT(ReadValue(read), IsOkAndHolds("d.e.f"));
}

INSTANTIATE_TEST_SUITE_P(Stores, EvidenceConformance, testing::ValuesIn(test::StoreKinds()),
                         test::StoreKindName);

}  // namespace
}  // namespace preseal::server
