// SPDX-License-Identifier: Apache-2.0
// Bundles over a real connection.
#include <filesystem>

#include "preseal/diagnostics/v1/diagnostics.grpc.pb.h"
#include "server/cli/cli_fixture.h"

namespace preseal::server::cli {
namespace {

namespace dv1 = ::preseal::diagnostics::v1;
using testing::HasSubstr;

// One bundle of two chunks.
class FakeReader final : public dv1::DiagnosticsReaderService::Service {
 public:
  grpc::Status ListBundles(grpc::ServerContext*, const dv1::ListBundlesRequest* request,
                           dv1::ListBundlesResponse* response) override {
    response->add_bundles()->set_name(request->device() + "/bundles/B-1");
    return grpc::Status::OK;
  }
  grpc::Status Diagnose(grpc::ServerContext*, const dv1::DiagnoseRequest*,
                        dv1::DiagnoseResponse* response) override {
    *response = diagnosed;
    return grpc::Status::OK;
  }
  grpc::Status ReadFile(grpc::ServerContext*, const dv1::ReadFileRequest* request,
                        dv1::ReadFileResponse*) override {
    return {grpc::StatusCode::NOT_FOUND, "no file " + request->path() + " in it"};
  }
  grpc::Status Download(grpc::ServerContext*, const dv1::DownloadRequest* request,
                        grpc::ServerWriter<dv1::DownloadResponse>* writer) override {
    asked = request->bundle();
    dv1::DownloadResponse part;
    part.set_chunk("first ");
    writer->Write(part);
    if (breaks) return {grpc::StatusCode::DATA_LOSS, "the disk failed"};
    part.set_chunk("second");
    writer->Write(part);
    return grpc::Status::OK;
  }
  std::string asked;
  dv1::DiagnoseResponse diagnosed;
  bool breaks = false;
};

class CliDiagnosticsTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    fleet_.devices = {MakeDevice(1, lifecycle_v1::DEVICE_STATE_FAILED)};
  }
  void AddServices(grpc::ServerBuilder* builder) override { builder->RegisterService(&reader_); }
  CliResult Save() { return RunAsAdmin({"diagnostics", "SN-1", "--save", file_}); }

  const std::string file_ = dir_.File("bundle.tar.zst");
  FakeReader reader_;
};

TEST_F(CliDiagnosticsTest, SavesTheNewestBundle) {
  const CliResult result = Save();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(reader_.asked, "devices/D-1/bundles/B-1");
  EXPECT_EQ(Read(file_), "first second");
  EXPECT_THAT(result.err, HasSubstr("12 bytes"));
}

TEST_F(CliDiagnosticsTest, HalfABundleDoesNotReplaceAnEarlierOne) {
  Write("bundle.tar.zst", "the earlier one");
  reader_.breaks = true;
  const CliResult result = Save();
  EXPECT_NE(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("the disk failed"));
  EXPECT_EQ(Read(file_), "the earlier one");
  EXPECT_FALSE(std::filesystem::exists(file_ + ".partial"));
}

TEST_F(CliDiagnosticsTest, ADiagnosisIsFactsUnderEachOther) {
  auto* one = reader_.diagnosed.add_diagnoses();
  one->set_rule("DISK_FULL_ON_TARGET");
  one->set_cause("The target's disk is full.");
  one->set_next_step("Make room on it.");
  one->set_confidence(90);
  auto* evidence = one->add_evidence();
  evidence->set_source("event 17");
  evidence->set_text("No space left on device");
  const CliResult result = RunAsAdmin({"diagnose", "SN-1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out,
            "The target's disk is full.\n"
            "Do    Make room on it.\n"
            "Seen  event 17: No space left on device\n"
            "Rule  DISK_FULL_ON_TARGET, 90% sure\n");
}

TEST_F(CliDiagnosticsTest, AFailureNoRuleKnowsSaysWhereToReadOn) {
  fleet_.devices[0].mutable_failure()->set_code("STEP_EXIT_CODE");
  fleet_.devices[0].mutable_failure()->set_message("Burn-in test: fan 2 stalled");
  const CliResult failed = RunAsAdmin({"diagnose", "SN-1"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, HasSubstr("STEP_EXIT_CODE: Burn-in test: fan 2 stalled"));
  EXPECT_THAT(failed.out, HasSubstr("preseal diagnostics D-1 --list"));
  fleet_.devices = {MakeDevice(1, lifecycle_v1::DEVICE_STATE_SEALED)};
  const CliResult well = RunAsAdmin({"diagnose", "SN-1"});
  EXPECT_EQ(well.code, 0) << well.err;
  EXPECT_EQ(well.out, "no rule sees a cause of trouble\n");
}

TEST_F(CliDiagnosticsTest, AFileThatIsNotThereSaysWhatShowsThem) {
  const CliResult result = RunAsAdmin({"diagnostics", "SN-1", "--read", "nope"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "preseal: no file nope in it; --list shows its files\n");
}

}  // namespace
}  // namespace preseal::server::cli
