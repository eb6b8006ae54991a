// SPDX-License-Identifier: Apache-2.0
// Bundles on a real disk, beside a real store.
#include "server/service/diagnostics/diagnostics_office.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "server/adapters/diagnostics/bundle_folder.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using std::chrono::hours;
using test::IsOkAndHolds;
using test::StatusIs;

class DiagnosticsOfficeTest : public ServiceTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    auto opened = BundleFolder::Open(dir_.File("diagnostics"));
    ASSERT_OK(opened.status());
    folder_ = *std::move(opened);
    office_.emplace(*folder_, *store_, clock_, std::chrono::hours(kDiagnosticsLifeDefault));
    device_ = AddEnrolled("SN-1").id;
  }

  static BundleOffer OfferOf(std::string_view content, uint64_t offset = 0) {
    const auto digest = crypto::Sha256(AsBytes(content));
    return {.sha256 = ToBytes(ByteView(digest)),
            .size = content.size(),
            .offset = offset,
            .reason = "failure"};
  }
  // Sends `content` from `offset` to `end`.
  StatusOr<BundleProgress> Send(std::string_view content, size_t offset = 0,
                                size_t end = std::string_view::npos) {
    ASSIGN_OR_RETURN(const auto intake, office_->Begin(device_, OfferOf(content, offset)));
    RETURN_IF_ERROR(intake->Write(AsBytes(content.substr(offset, end - offset))));
    return office_->Finish(device_, *intake);
  }
  std::string ContentOf(const Bundle& bundle) {
    const auto reader = folder_->Open(bundle);
    EXPECT_OK(reader.status());
    const auto bytes = (*reader)->Read(1 << 20);
    return bytes.ok() ? ToString(*bytes) : "";
  }
  size_t Files() {
    size_t count = 0;
    for (const auto& one :
         std::filesystem::recursive_directory_iterator(dir_.File("diagnostics"))) {
      count += one.is_regular_file() ? 1 : 0;
    }
    return count;
  }

  std::unique_ptr<BundleFolder> folder_;
  std::optional<DiagnosticsOffice> office_;
  DeviceId device_;
};

TEST_F(DiagnosticsOfficeTest, GivesBackWhatADeviceSent) {
  ASSERT_OK_AND_ASSIGN(const auto progress, Send("0123456789"));
  EXPECT_TRUE(progress.complete);
  ASSERT_OK_AND_ASSIGN(const auto bundles, office_->List(device_));
  ASSERT_EQ(bundles.size(), 1u);
  EXPECT_EQ(bundles[0].reason, "failure");
  EXPECT_EQ(bundles[0].size, 10u);
  EXPECT_EQ(bundles[0].create_time, clock_.Now());
  EXPECT_EQ(ContentOf(bundles[0]), "0123456789");
  EXPECT_OK(office_->Find(device_, bundles[0].id).status());
}

TEST_F(DiagnosticsOfficeTest, GoesOnWhereAnUploadBrokeOffAlsoAfterARestart) {
  ASSERT_OK_AND_ASSIGN(const auto half, Send("0123456789", 0, 4));
  EXPECT_FALSE(half.complete);
  EXPECT_EQ(half.offset, 4u);
  EXPECT_THAT(office_->List(device_), IsOkAndHolds(testing::IsEmpty()));
  ASSERT_OK_AND_ASSIGN(folder_, BundleFolder::Open(dir_.File("diagnostics")));
  office_.emplace(*folder_, *store_, clock_, hours(1));
  ASSERT_OK_AND_ASSIGN(const auto seen, office_->Progress(device_, OfferOf("0123456789").sha256));
  EXPECT_EQ(seen.offset, 4u);
  ASSERT_OK_AND_ASSIGN(const auto whole, Send("0123456789", 4));
  EXPECT_TRUE(whole.complete);
  ASSERT_OK_AND_ASSIGN(const auto bundles, office_->List(device_));
  ASSERT_EQ(bundles.size(), 1u);
  EXPECT_EQ(ContentOf(bundles[0]), "0123456789");
}

TEST_F(DiagnosticsOfficeTest, RefusesAnotherOffsetThanItHas) {
  ASSERT_OK(Send("0123456789", 0, 4).status());
  EXPECT_THAT(Send("0123456789", 5).status(), StatusIs(StatusCode::kOutOfRange));
}

TEST_F(DiagnosticsOfficeTest, ForgetsWhatHasAnotherDigestThanAnnounced) {
  ASSERT_OK_AND_ASSIGN(const auto intake, office_->Begin(device_, OfferOf("0123456789")));
  ASSERT_OK(intake->Write(AsBytes("012345678X")));
  EXPECT_THAT(office_->Finish(device_, *intake).status(), StatusIs(StatusCode::kDataLoss));
  EXPECT_EQ(Files(), 0u);
}

TEST_F(DiagnosticsOfficeTest, RefusesMoreThanAnnounced) {
  ASSERT_OK_AND_ASSIGN(const auto intake, office_->Begin(device_, OfferOf("0123456789")));
  EXPECT_THAT(intake->Write(AsBytes("0123456789X")), StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(DiagnosticsOfficeTest, RefusesOffersThatAreTooLargeOrOfAnotherDevicesRun) {
  BundleOffer large = OfferOf("x");
  large.size = kDiagnosticsBytesMax + 1;
  EXPECT_THAT(office_->Begin(device_, large).status(), StatusIs(StatusCode::kResourceExhausted));
  BundleOffer foreign = OfferOf("x");
  foreign.run_id = "D-9999.1";
  EXPECT_THAT(office_->Begin(device_, foreign).status(), StatusIs(StatusCode::kInvalidArgument));
  BundleOffer short_digest = OfferOf("x");
  short_digest.sha256.pop_back();
  EXPECT_THAT(office_->Begin(device_, short_digest).status(),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(DiagnosticsOfficeTest, OneDeviceNeverSeesAnothersBundle) {
  ASSERT_OK(Send("0123456789").status());
  const DeviceId other = AddEnrolled("SN-2").id;
  ASSERT_OK_AND_ASSIGN(const auto progress, office_->Progress(other, OfferOf("0123456789").sha256));
  EXPECT_EQ(progress.offset, 0u);
  EXPECT_FALSE(progress.complete);
  EXPECT_THAT(office_->List(other), IsOkAndHolds(testing::IsEmpty()));
}

TEST_F(DiagnosticsOfficeTest, TwoUploadsOfOneBundleDoNotMix) {
  ASSERT_OK_AND_ASSIGN(const auto first, office_->Begin(device_, OfferOf("0123456789")));
  EXPECT_THAT(office_->Begin(device_, OfferOf("0123456789")).status(),
              StatusIs(StatusCode::kAborted));
}

// What is pushed off the disk while it is written stays there for as long as its stream.
TEST_F(DiagnosticsOfficeTest, ADeviceHasOneUploadAtATime) {
  ASSERT_OK_AND_ASSIGN(auto first, office_->Begin(device_, OfferOf("0123456789")));
  ASSERT_OK(first->Write(AsBytes("012345")));
  EXPECT_THAT(office_->Begin(device_, OfferOf("another")).status(), StatusIs(StatusCode::kAborted));
  EXPECT_OK(office_->Begin(AddEnrolled("SN-2").id, OfferOf("another")).status());
  first.reset();
  EXPECT_OK(office_->Begin(device_, OfferOf("another")).status());
}

TEST_F(DiagnosticsOfficeTest, ADeviceThatBeginsEverNewUploadsKeepsOneOnTheDisk) {
  for (int i = 0; i < 5; ++i) ASSERT_OK(Send("bundle " + std::to_string(i), 0, 3).status());
  EXPECT_EQ(Files(), 1u);
}

TEST_F(DiagnosticsOfficeTest, TheOldestGiveWayToTheNewest) {
  for (size_t i = 0; i < kDiagnosticsBundlesKept + 2; ++i) {
    clock_.Turn(hours(1));
    ASSERT_OK(Send("bundle " + std::to_string(i)).status());
  }
  ASSERT_OK_AND_ASSIGN(const auto bundles, office_->List(device_));
  ASSERT_EQ(bundles.size(), kDiagnosticsBundlesKept);
  EXPECT_EQ(ContentOf(bundles.front()), "bundle 11");
  EXPECT_EQ(ContentOf(bundles.back()), "bundle 2");
}

TEST_F(DiagnosticsOfficeTest, ABundleIsGoneWhenItsTimeIsOver) {
  ASSERT_OK(Send("0123456789").status());
  clock_.Turn(kDiagnosticsLifeDefault - hours(1));
  office_->Tick();
  EXPECT_THAT(office_->List(device_), IsOkAndHolds(testing::SizeIs(1)));
  clock_.Turn(hours(1));
  EXPECT_THAT(office_->List(device_), IsOkAndHolds(testing::IsEmpty())) << "before any sweep";
  clock_.Turn(hours(24));
  office_->Tick();
  EXPECT_EQ(Files(), 0u);
}

TEST_F(DiagnosticsOfficeTest, DiagnosesAClockThatIsOffByADayFromTheBundle) {
  BundleOffer offer = OfferOf("0123456789");
  offer.device_time = clock_.Now() - hours(24);
  ASSERT_OK_AND_ASSIGN(const auto intake, office_->Begin(device_, offer));
  ASSERT_OK(intake->Write(AsBytes("0123456789")));
  ASSERT_OK(office_->Finish(device_, *intake).status());
  ASSERT_OK_AND_ASSIGN(const auto diagnoses, office_->DiagnoseDevice(device_));
  ASSERT_EQ(diagnoses.size(), 1u);
  EXPECT_EQ(diagnoses[0].rule, "CLOCK_OFF");
  EXPECT_EQ(diagnoses[0].evidence[0].source, "device clock");
}

}  // namespace
}  // namespace preseal::server
