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

}  // namespace
}  // namespace preseal::server::cli
