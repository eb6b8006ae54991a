// SPDX-License-Identifier: Apache-2.0
// A hybrid join from end to end against a real domain controller: the server's provider and desk,
// the agent's steps, and Samba's own programs on both sides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "agent/adapters/steps/executor.h"
#include "server/adapters/join/samba_offline_join.h"
#include "tests/support/samba_dc_suite.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal {
namespace {

using agent::ItemCode;
using agent::StepResult;
using test::SambaDc;
using testing::HasSubstr;

constexpr char kBlob[] = "/var/lib/preseal/offline-join.blob";

// The server without the wire.
class ProviderSource final : public agent::JoinSource {
 public:
  ProviderSource(server::JoinProvider& provider, std::string computer)
      : provider_(provider), computer_(std::move(computer)) {}
  StatusOr<agent::JoinBlob> Fetch(const std::string&, std::chrono::milliseconds,
                                  const std::function<void(std::string_view)>&,
                                  std::stop_token) override {
    ASSIGN_OR_RETURN(auto blob, provider_.Provision({computer_, "D-1001"}, {}));
    return agent::JoinBlob{blob.provider, blob.domain, std::move(blob.blob)};
  }

 private:
  server::JoinProvider& provider_;
  const std::string computer_;
};

class NoArtifacts final : public agent::ArtifactSource {
 public:
  StatusOr<std::string> Fetch(const agent::Artifact&, std::chrono::milliseconds,
                              const std::function<void(uint32_t)>&, std::stop_token) override {
    return NotFound("no artefacts here");
  }
};

class Lines final : public agent::StepObserver {
 public:
  void OnLine(std::string_view line) override { text += std::string(line) + "\n"; }
  void OnPercent(uint32_t) override {}
  void OnCount(uint64_t, uint64_t) override {}
  std::string text;
};

// A device: a target folder and the executor that works on it.
class Device {
 public:
  Device(const std::string& folder, server::JoinProvider& provider, const std::string& computer)
      : source_(provider, computer) {
    std::filesystem::create_directories(folder + "/target");
    auto target = agent::steps::TargetRoot::Open(folder + "/target");
    EXPECT_OK(target);
    target_ = std::make_unique<agent::steps::TargetRoot>(*std::move(target));
    agent::steps::ExecutorSettings settings;
    settings.scratch_directory = folder + "/scratch";
    settings.marker = "PRESEAL_AGENT_STATE=hybrid-join-test";
    settings.joins = &source_;
    auto executor = agent::steps::MakeStepExecutor(*target_, artifacts_, settings);
    EXPECT_OK(executor);
    executor_ = *std::move(executor);
    offline_ = StepOf("join", agent::OfflineJoinStep{SambaDc::kDomain, computer});
    domain_ = StepOf("domain", agent::DomainJoinStep{SambaDc::kDomain});
  }

  StepResult FetchBlob() { return executor_->Apply(offline_, lines_, {}); }
  StepResult BlobIsThere() { return executor_->Verify(offline_, lines_, {}); }
  StepResult Join() { return executor_->Apply(domain_, lines_, {}); }
  StepResult IsJoined() { return executor_->Detect(domain_, lines_, {}); }
  std::string InTarget(const std::string& path) const { return target_->path() + path; }
  const std::string& Said() const { return lines_.text; }

 private:
  static agent::Step StepOf(const std::string& id, agent::StepAction action) {
    agent::Step step;
    step.item_id = id;
    step.timeout = std::chrono::minutes(1);
    step.action = std::move(action);
    return step;
  }

  ProviderSource source_;
  NoArtifacts artifacts_;
  Lines lines_;
  std::unique_ptr<agent::steps::TargetRoot> target_;
  std::unique_ptr<agent::StepExecutor> executor_;
  agent::Step offline_;
  agent::Step domain_;
};

class HybridJoinTest : public test::SambaDcSuite<testing::Test> {
 protected:
  static void SetUpTestSuite() {
    SambaDcSuite::SetUpTestSuite();
    if (!dc_) return;
    auto provider = server::OpenSambaOfflineJoin({.smb_conf = {},
                                                  .domain = SambaDc::kDomain,
                                                  .ou = SambaDc::kOu,
                                                  .auth_file = dc_->AuthFile(),
                                                  .server = {},
                                                  .work_directory = dir_->File("work")});
    status_ = provider.status();
    if (provider.ok()) provider_ = *std::move(provider);
  }
  static void TearDownTestSuite() {
    provider_.reset();
    SambaDcSuite::TearDownTestSuite();
  }
  static void ExpectDone(const StepResult& result) {
    EXPECT_EQ(result.kind, StepResult::Kind::kDone) << result.message;
  }

  static std::unique_ptr<server::JoinProvider> provider_;
};
std::unique_ptr<server::JoinProvider> HybridJoinTest::provider_;

TEST_F(HybridJoinTest, JoinsInTheUserFlowWhatTheTechnicianFlowPrepared) {
  Device device(dir_->File("a"), *provider_, "PS-A-0001");
  ExpectDone(device.FetchBlob());
  ASSERT_OK_AND_ASSIGN(const std::string ldif, dc_->Computer("PS-A-0001"));
  EXPECT_THAT(ldif, HasSubstr(std::string("dn: CN=PS-A-0001,") + SambaDc::kOu));
  struct stat info {};
  ASSERT_EQ(::stat(device.InTarget(kBlob).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  EXPECT_EQ(device.IsJoined().kind, StepResult::Kind::kNotInPlace);
  ExpectDone(device.Join());
  ExpectDone(device.IsJoined());
  EXPECT_FALSE(std::filesystem::exists(device.InTarget(kBlob)));
  EXPECT_TRUE(std::filesystem::exists(device.InTarget("/var/lib/samba/private/secrets.tdb")));
}

TEST_F(HybridJoinTest, TechnicianHalfHoldsWithTheControllerGoneAndOnlyTheUserHalfNeedsIt) {
  Device device(dir_->File("b"), *provider_, "PS-B-0001");
  ExpectDone(device.FetchBlob());
  dc_->Stop();
  ExpectDone(device.BlobIsThere());
  const StepResult joined = device.Join();
  EXPECT_EQ(joined.kind, StepResult::Kind::kFailed);
  EXPECT_EQ(NameOf(joined.code), NameOf(ItemCode::kJoinUnavailable)) << joined.message;
  EXPECT_FALSE(joined.final);
  // The blob was taken without a controller; only its word was missing.
  EXPECT_THAT(device.Said(), HasSubstr("Successfully requested Offline Domain Join"));
  EXPECT_TRUE(std::filesystem::exists(device.InTarget(kBlob)));
  ASSERT_OK(dc_->Start());
  ExpectDone(device.Join());
  EXPECT_FALSE(std::filesystem::exists(device.InTarget(kBlob)));
}

TEST_F(HybridJoinTest, NewestBlobCounts) {
  Device device(dir_->File("c"), *provider_, "PS-C-0001");
  ExpectDone(device.FetchBlob());
  const std::string kept = dir_->File("kept.blob");
  std::filesystem::copy_file(device.InTarget(kBlob), kept);
  ExpectDone(device.FetchBlob());
  const std::string newest = dir_->File("newest.blob");
  std::filesystem::copy_file(device.InTarget(kBlob), newest);
  const auto put = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(kept, device.InTarget(kBlob), put);
  const StepResult old = device.Join();
  EXPECT_EQ(NameOf(old.code), NameOf(ItemCode::kJoinRefused)) << old.message;
  EXPECT_EQ(device.IsJoined().kind, StepResult::Kind::kNotInPlace);
  std::filesystem::copy_file(newest, device.InTarget(kBlob), put);
  ExpectDone(device.Join());
}

TEST_F(HybridJoinTest, JoinedDeviceSurvivesARerunOfDeviceSetup) {
  Device device(dir_->File("d"), *provider_, "PS-D-0001");
  ExpectDone(device.FetchBlob());
  ExpectDone(device.Join());
  ExpectDone(device.BlobIsThere());  // so the engine fetches no other one
  ExpectDone(device.IsJoined());
}

TEST_F(HybridJoinTest, DeletedAccountIsNoLongerAJoin) {
  Device device(dir_->File("e"), *provider_, "PS-E-0001");
  ExpectDone(device.FetchBlob());
  ExpectDone(device.Join());
  ASSERT_OK(dc_->Tool({"computer", "delete", "PS-E-0001"}));
  EXPECT_EQ(device.IsJoined().kind, StepResult::Kind::kNotInPlace);
}

}  // namespace
}  // namespace preseal
