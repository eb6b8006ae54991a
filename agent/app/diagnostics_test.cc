// SPDX-License-Identifier: Apache-2.0
// Diagnostics from a real spool to a server over real mTLS on loopback.
#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/adapters/diagnostics/bundle_files.h"
#include "agent/adapters/grpc/diagnostics_client.h"
#include "agent/adapters/grpc/run_codec.h"
#include "agent/adapters/spool/spool_store.h"
#include "agent/service/diagnostics/diagnostics_keeper.h"
#include "agent/service/diagnostics/failure_watch.h"
#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/files/files.h"
#include "preseal/device/v1/device.grpc.pb.h"
#include "preseal/plan/v1/plan.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;
using test::StatusIs;
using testing::HasSubstr;
using testing::Not;

constexpr char kCommand[] = "C-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

// Keeps what it got; ends the next upload after `cut_after` bytes.
class BundleServer final : public wire::DiagnosticsService::Service {
 public:
  explicit BundleServer(const test::TestPki& pki) {
    grpc::SslServerCredentialsOptions ssl(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ssl.pem_root_certs = pki.ca().pem();
    ssl.pem_key_cert_pairs.push_back({pki.server().key_pem(), pki.server().pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(ssl), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~BundleServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  int port = 0;
  size_t cut_after = 0;  // 0: not at all
  grpc::Status refusal;
  std::string content;
  wire::UploadStart start;  // the last one
  std::vector<uint64_t> offsets;
  std::string device_time;
  int complete = 0;

 private:
  grpc::Status GetUpload(grpc::ServerContext*, const wire::GetUploadRequest* request,
                         wire::GetUploadResponse* response) override {
    const bool known = request->sha256() == start.sha256();
    response->set_offset(known ? content.size() : 0);
    response->set_complete(known && complete > 0);
    return grpc::Status::OK;
  }
  grpc::Status Upload(grpc::ServerContext* context, grpc::ServerReader<wire::UploadRequest>* reader,
                      wire::UploadResponse* response) override {
    if (!refusal.ok()) return refusal;
    const auto time = context->client_metadata().find("preseal-device-time-ms");
    if (time != context->client_metadata().end()) {
      device_time.assign(time->second.data(), time->second.size());
    }
    wire::UploadRequest request;
    while (reader->Read(&request)) {
      if (request.has_start()) {
        start = request.start();
        offsets.push_back(start.offset());
        content.resize(start.offset());
        continue;
      }
      content += request.chunk();
      if (cut_after > 0 && content.size() > cut_after) {
        content.resize(std::exchange(cut_after, 0));
        return {grpc::StatusCode::UNAVAILABLE, "cut"};
      }
    }
    const auto digest = crypto::Sha256(AsBytes(content));
    if (content.size() == start.size() && start.sha256() == ToString(ByteView(digest))) ++complete;
    response->set_offset(content.size());
    response->set_complete(content.size() == start.size());
    return grpc::Status::OK;
  }

  std::unique_ptr<grpc::Server> server_;
};

std::map<std::string, std::string> Unpack(const std::string& bundle) {
  std::map<std::string, std::string> files;
  archive* in = archive_read_new();
  archive_read_support_filter_zstd(in);
  archive_read_support_format_tar(in);
  EXPECT_EQ(archive_read_open_memory(in, bundle.data(), bundle.size()), ARCHIVE_OK);
  for (archive_entry* entry = nullptr; archive_read_next_header(in, &entry) == ARCHIVE_OK;) {
    std::string content(static_cast<size_t>(archive_entry_size(entry)), '\0');
    archive_read_data(in, content.data(), content.size());
    files[archive_entry_pathname(entry)] = content;
  }
  archive_read_free(in);
  return files;
}

class DiagnosticsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(pki_, test::TestPki::Create());
    server_ = std::make_unique<BundleServer>(*pki_);
    ASSERT_OK_AND_ASSIGN(const auto key, crypto::PrivateKey::GenerateP256());
    ASSERT_OK_AND_ASSIGN(const auto certificate, pki_->IssueDevice("D-1", key.public_key()));
    channel_ = std::make_unique<DeviceChannel>(
        DeviceChannelOptions{"127.0.0.1:" + std::to_string(server_->port), pki_->ca().pem(), "",
                             certificate.ToPem(), ToString(key.ToPem()->Reveal())});
    ASSERT_OK_AND_ASSIGN(runs_, spool::SpoolStore::Open(dir_.File("state/runs")));
    std::filesystem::create_directories(Target("var/log"));
    Restart();
  }

  std::string Target(const std::string& path) const { return dir_.File("target/" + path); }
  std::string Folder() const { return dir_.File("state/diagnostics"); }
  // The agent after a restart.
  void Restart() {
    files_ = std::make_unique<BundleFiles>(*runs_, settings_);
    upload_ = std::make_unique<DiagnosticsClient>(*channel_);
    keeper_ = std::make_unique<DiagnosticsKeeper>(*files_, *upload_, Folder(),
                                                  [] { return std::string("D-1.1"); });
  }
  // A run with one item that failed, and canaries wherever a secret may stand.
  void AddFailedRun(bool allow_log_collection) {
    plan::v1::Plan plan;
    plan.mutable_esp()->set_allow_log_collection(allow_log_collection);
    plan.mutable_esp()->mutable_timeout()->set_seconds(3600);
    plan.set_flow(progress::v1::FLOW_TECHNICIAN);
    plan.set_mode(plan::v1::MODE_USER_DRIVEN);
    plan::v1::Step& step = *plan.add_steps();
    step.set_item_id("office");
    step.set_display_name("Office, password: canary-name");
    step.set_category(progress::v1::CATEGORY_APPS);
    step.set_gating(progress::v1::GATING_BLOCKING);
    step.mutable_timeout()->set_seconds(60);
    step.set_attempts(1);
    step.mutable_script()->set_apply("activate --key canary-script");
    plan::v1::Input& input = *step.add_inputs();
    input.set_name("LICENCE");
    input.set_type(plan::v1::Input::TYPE_STRING);
    input.set_value("canary-input");
    plan::v1::Input& quoted = *step.add_inputs();
    quoted.set_name("QUOTED");
    quoted.set_type(plan::v1::Input::TYPE_STRING);
    quoted.set_value("canary\"input");
    ASSERT_OK_AND_ASSIGN(
        log_, runs_->Begin({*RunId::Parse("D-1.1"), kCommand, ToBytes(plan.SerializeAsString())}));
    Append(LogLine{"office", "using licence canary-input for the office"});
    Append(LogLine{"office", "password=canary-password"});
    Append(LogLine{"office", "quoted is canary\"input \\ too"});
    // A key over several lines, with another item's between, and one that never ends.
    Append(LogLine{"office", "-----BEGIN PRIVATE KEY-----"});
    Append(LogLine{"office", "canary-key-1"});
    Append(LogLine{"other", "said meanwhile"});
    Append(LogLine{"office", "-----END PRIVATE KEY-----"});
    Append(LogLine{"office", "said behind the key"});
    Append(LogLine{"other", "-----BEGIN EC PRIVATE KEY-----"});
    Append(LogLine{"other", "canary-key-2"});
    Append(LogLine{"office", "blob " + std::string(300, 'B')});
    Append(PromptAnswered{"office", "canary-answer", "device"});
    Append(ItemChanged{.item_id = "office", .state = ItemState::kFailed, .code = "STEP_EXIT_CODE"});
    Append(RunFinished{.outcome = RunOutcome::kFailed});
  }
  void Append(const EventBody& body) {
    ASSERT_OK(log_->Append(KeyOf(body), 0, codec_.EncodeEvent(Event{.body = body}),
                           Durability::kSurvivesKill)
                  .status());
  }
  size_t Waiting() {
    size_t count = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(Folder(), error)) {
      count += entry.path().extension() == ".zst" ? 1 : 0;
    }
    return count;
  }

  test::TempDir dir_;
  std::unique_ptr<test::TestPki> pki_;
  std::unique_ptr<BundleServer> server_;
  std::unique_ptr<DeviceChannel> channel_;
  std::unique_ptr<spool::SpoolStore> runs_;
  std::shared_ptr<RunLog> log_;
  const RunCodec codec_;
  BundleSettings settings_{dir_.File("target"), {"/var/log/setup.log"}};
  std::unique_ptr<BundleFiles> files_;
  std::unique_ptr<DiagnosticsClient> upload_;
  std::unique_ptr<DiagnosticsKeeper> keeper_;
};

TEST_F(DiagnosticsTest, DeliversWhatHelpsAndNothingThatIsSecret) {
  AddFailedRun(true);
  ASSERT_OK(files::WriteAtomic(
      Target("var/log/setup.log"),
      AsBytes("setup began\nSecret: canary-target\n-----BEGIN PRIVATE KEY-----\ncanary-key\n"),
      0600));
  ASSERT_OK(keeper_->Collect(kCommand, {}));
  EXPECT_EQ(server_->complete, 1);
  EXPECT_EQ(server_->start.reason(), std::string("command ") + kCommand);
  EXPECT_EQ(server_->start.run_id(), "D-1.1");
  EXPECT_GT(server_->device_time.size(), 12u);
  const auto files = Unpack(server_->content);
  for (const auto& [name, text] : files) {
    EXPECT_THAT(text, Not(HasSubstr("canary"))) << name;
    EXPECT_THAT(text, Not(HasSubstr(std::string(200, 'B')))) << name;
  }
  EXPECT_TRUE(nlohmann::json::accept(files.at("runs/D-1.1/plan.json")));
  std::istringstream events(files.at("runs/D-1.1/events.jsonl"));
  uint64_t sequence = 0;
  for (std::string line; std::getline(events, line);) {
    const auto event = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(event.is_object()) << line;
    EXPECT_EQ(event.value("sequence", ""), std::to_string(++sequence)) << line;
  }
  EXPECT_EQ(sequence + 1, log_->next_sequence()) << "events are missing";
  for (const char* kept : {"said meanwhile", "said behind the key", "quoted is [removed]"}) {
    EXPECT_THAT(files.at("runs/D-1.1/events.jsonl"), HasSubstr(kept));
  }
  EXPECT_THAT(files.at("runs/D-1.1/events.jsonl"), HasSubstr("STEP_EXIT_CODE"));
  EXPECT_THAT(files.at("runs/D-1.1/events.jsonl"), HasSubstr("for the office"));
  EXPECT_THAT(files.at("runs/D-1.1/plan.json"), HasSubstr("\"item\": \"office\""));
  EXPECT_THAT(files.at("target/var/log/setup.log"), HasSubstr("setup began"));
  for (const char* fact : {"agent.log", "facts/clock.txt", "facts/dmesg.txt", "facts/lsblk.txt",
                           "facts/address.txt", "facts/df.txt", "facts/tpm.txt"}) {
    ASSERT_TRUE(files.contains(fact)) << fact;
    EXPECT_FALSE(files.at(fact).empty()) << fact;
  }
  EXPECT_EQ(Waiting(), 0u) << "a bundle stayed on the device";
}

TEST_F(DiagnosticsTest, ALinkInTheTargetLeadsNowhere) {
  ASSERT_OK(files::WriteAtomic(dir_.File("outside"), AsBytes("outside"), 0600));
  std::filesystem::create_symlink(dir_.File("outside"), Target("var/log/setup.log"));
  ASSERT_OK(keeper_->Collect(kCommand, {}));
  EXPECT_THAT(Unpack(server_->content).at("target/var/log/setup.log"), Not(HasSubstr("outside")));
}

TEST_F(DiagnosticsTest, GoesOnWhereTheConnectionBroke) {
  server_->cut_after = 100;
  ASSERT_OK(keeper_->Collect(kCommand, {}));
  EXPECT_THAT(server_->offsets, testing::ElementsAre(0, 100));
  EXPECT_EQ(server_->complete, 1);
}

TEST_F(DiagnosticsTest, SendsAfterARestartTheBundleItHasMade) {
  server_->refusal = grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
  std::stop_source stop;
  std::jthread stopper([this, &stop] {
    while (Waiting() == 0) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_THAT(keeper_->Collect(kCommand, stop.get_token()), StatusIs(StatusCode::kCancelled));
  ASSERT_EQ(Waiting(), 1u);
  const std::string path = Folder() + "/" + kCommand + ".tar.zst";
  ASSERT_OK_AND_ASSIGN(const Bytes made, files::Read(path, kDiagnosticsBytesMax));
  server_->refusal = grpc::Status::OK;
  Restart();
  ASSERT_OK(keeper_->Collect(kCommand, {}));
  EXPECT_EQ(server_->content, ToString(ByteView(made)));
  EXPECT_EQ(Waiting(), 0u);
}

TEST_F(DiagnosticsTest, ABundleTheServerRefusesForGoodIsNotKept) {
  server_->refusal = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too large");
  EXPECT_THAT(keeper_->Collect(kCommand, {}), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(Waiting(), 0u);
}

TEST_F(DiagnosticsTest, AFailedRunIsToldOnceAlsoAcrossARestart) {
  AddFailedRun(true);
  ASSERT_EQ(FailedRun(runs_->Runs(), codec_), "D-1.1");
  ASSERT_OK(keeper_->CollectFailure("D-1.1", {}));
  Restart();
  ASSERT_OK(keeper_->CollectFailure("D-1.1", {}));
  EXPECT_EQ(server_->complete, 1);
  EXPECT_EQ(server_->start.reason(), "failure");
}

TEST_F(DiagnosticsTest, AFailedRunWhosePlanForbidsItIsNotCollected) {
  AddFailedRun(false);
  EXPECT_EQ(FailedRun(runs_->Runs(), codec_), std::nullopt);
}

TEST_F(DiagnosticsTest, TheSessionsWatchSendsTheBundleOfAFailedRun) {
  AddFailedRun(true);
  FailureWatch watch(*keeper_, [this] { return FailedRun(runs_->Runs(), codec_); });
  EXPECT_TRUE(watch.Due(std::chrono::steady_clock::now()).empty());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!std::filesystem::exists(Folder() + "/told") &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(std::filesystem::exists(Folder() + "/told"));
}

}  // namespace
}  // namespace preseal::agent
