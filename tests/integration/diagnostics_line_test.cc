// SPDX-License-Identifier: Apache-2.0
// A bundle's way from the agent's own uploader over mTLS to the server's port and back to a person.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "agent/adapters/grpc/diagnostics_client.h"
#include "common/files/files.h"
#include "preseal/diagnostics/v1/diagnostics.grpc.pb.h"
#include "server/adapters/diagnostics/archive_fixture.h"
#include "server/adapters/diagnostics/bundle_folder.h"
#include "server/adapters/grpc/diagnostics_reader.h"
#include "server/adapters/grpc/diagnostics_service.h"
#include "server/adapters/password/sodium_hasher.h"
#include "server/service/service_fixture.h"
#include "tests/integration/device_line.h"

namespace preseal::server {
namespace {

namespace dv1 = diagnostics::v1;
using test::StatusIs;

class DiagnosticsLineTest : public ServiceTest {
 protected:
  void SetUp() override {
    // TLS looks at the real time.
    clock_.Turn(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now() - clock_.Now()));
    ASSERT_NO_FATAL_FAILURE(ServiceTest::SetUp());
    device_ = AddEnrolled("SN-1").id;
    ASSERT_OK_AND_ASSIGN(line_, DeviceLine::Make(dir_.path(), clock_.Now()));
    ASSERT_OK_AND_ASSIGN(folder_, BundleFolder::Open(dir_.File("diagnostics")));
    ASSERT_OK_AND_ASSIGN(hasher_, SodiumHasher::Open());
    accounts_.emplace(*store_, clock_, *hasher_);
    office_.emplace(*folder_, *store_, clock_, std::chrono::hours(24));
    workers_ = std::make_unique<Workers>(2, 16);
    service_ = std::make_unique<DiagnosticsService>(*office_, revocations_, *workers_);
    reader_ = std::make_unique<DiagnosticsReader>(*accounts_, *office_, *folder_, *workers_);
    ASSERT_OK(line_->Open({service_.get()}));
    ASSERT_OK_AND_ASSIGN(channel_, line_->Connect(device_, clock_.Now()));
    ASSERT_NO_FATAL_FAILURE(OpenApiPort());
  }
  void TearDown() override {
    if (line_) line_->Close();
    if (api_port_.server) api_port_.server->Shutdown(std::chrono::system_clock::now());
    if (workers_) workers_->Stop();
    api_port_.server.reset();
  }
  void OpenApiPort() {
    ASSERT_OK_AND_ASSIGN(api_port_, BuildPort({"127.0.0.1", 0}, line_->tls(),
                                              ClientCertificate::kNone, {reader_.get()}));
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = line_->ca().server_ca().ToPem();
    stub_ = dv1::DiagnosticsReaderService::NewStub(grpc::CreateChannel(
        "localhost:" + std::to_string(api_port_.port), grpc::SslCredentials(options)));
    ASSERT_OK_AND_ASSIGN(
        const auto made,
        accounts_->CreateToken({.name = "ada", .role = Role::kAdmin}, "test", Role::kOperator, {},
                               clock_.Now() + std::chrono::hours(1)));
    token_ = made.secret;
  }
  Status Send(ByteView bundle) {
    RETURN_IF_ERROR(files::WriteAtomic(dir_.File("bundle"), bundle, 0600));
    agent::DiagnosticsClient client(*channel_);
    return client.Send(dir_.File("bundle"), {"failure", RunId::Of(device_, 1).text()},
                       std::chrono::seconds(30), {});
  }
  std::unique_ptr<grpc::ClientContext> Context(bool with_token = true) const {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (with_token) context->AddMetadata("authorization", "Bearer " + token_);
    return context;
  }
  dv1::ListBundlesResponse Bundles() {
    dv1::ListBundlesRequest request;
    request.set_device("devices/" + device_.text());
    dv1::ListBundlesResponse response;
    const auto status = stub_->ListBundles(Context().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  DeviceId device_;
  std::unique_ptr<BundleFolder> folder_;
  std::optional<SodiumHasher> hasher_;
  std::optional<Accounts> accounts_;
  std::optional<DiagnosticsOffice> office_;
  RevocationMap revocations_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<DiagnosticsService> service_;
  std::unique_ptr<DiagnosticsReader> reader_;
  std::unique_ptr<DeviceLine> line_;
  BuiltPort api_port_;
  std::unique_ptr<agent::DeviceChannel> channel_;
  std::unique_ptr<dv1::DiagnosticsReaderService::Stub> stub_;
  std::string token_;
};

TEST_F(DiagnosticsLineTest, APersonReadsWhatADeviceSent) {
  // Larger than one chunk, and no text.
  std::string noise;
  for (uint32_t i = 0, x = 1; i < 700'000; ++i)
    noise += static_cast<char>((x = x * 1664525 + 7) >> 24);
  const Bytes bundle =
      MakeArchive({{"agent.log", "first\n\x1b[2Jsecond \xC3\xA9\n", ""}, {"noise", noise, ""}});
  ASSERT_OK(Send(bundle));
  ASSERT_OK(Send(bundle)) << "what the server holds is not sent again";
  const auto bundles = Bundles();
  ASSERT_EQ(bundles.bundles_size(), 1);
  EXPECT_EQ(bundles.bundles(0).reason(), "failure");
  EXPECT_EQ(bundles.bundles(0).run(), "devices/" + device_.text() + "/runs/1");
  EXPECT_EQ(bundles.bundles(0).size(), bundle.size());

  dv1::ListFilesRequest list;
  list.set_bundle(bundles.bundles(0).name());
  dv1::ListFilesResponse files;
  ASSERT_TRUE(stub_->ListFiles(Context().get(), list, &files).ok());
  ASSERT_EQ(files.files_size(), 2);
  EXPECT_EQ(files.files(0).path(), "agent.log");

  dv1::ReadFileRequest read;
  read.set_bundle(bundles.bundles(0).name());
  read.set_path("agent.log");
  dv1::ReadFileResponse text;
  ASSERT_TRUE(stub_->ReadFile(Context().get(), read, &text).ok());
  EXPECT_EQ(text.text(), "first\n\\x1b[2Jsecond \xC3\xA9\n") << "nothing may steer a terminal";
  EXPECT_EQ(text.next_offset(), 0u);

  dv1::DownloadRequest download;
  download.set_bundle(bundles.bundles(0).name());
  const auto context = Context();
  const auto stream = stub_->Download(context.get(), download);
  std::string whole;
  for (dv1::DownloadResponse part; stream->Read(&part);) whole += part.chunk();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(whole == ToString(ByteView(bundle)));
}

TEST_F(DiagnosticsLineTest, NobodyReadsWithoutAToken) {
  ASSERT_OK(Send(MakeArchive({{"agent.log", "x", ""}})));
  dv1::ListFilesRequest list;
  list.set_bundle(Bundles().bundles(0).name());
  dv1::ListFilesResponse files;
  EXPECT_EQ(stub_->ListFiles(Context(false).get(), list, &files).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  dv1::DownloadRequest download;
  download.set_bundle(list.bundle());
  const auto context = Context(false);
  const auto stream = stub_->Download(context.get(), download);
  dv1::DownloadResponse part;
  EXPECT_FALSE(stream->Read(&part));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace preseal::server
