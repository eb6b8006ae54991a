// SPDX-License-Identifier: Apache-2.0
// For tests of the steps: a target root and a folder of artefacts, both real and temporary.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "agent/adapters/steps/executor.h"
#include "common/crypto/digest.h"
#include "common/files/files.h"
#include "common/process/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::agent::steps {

// Serves files of this machine by digest.
class LocalArtifacts final : public ArtifactSource {
 public:
  Artifact Add(const std::string& path) {
    const auto bytes = files::Read(path, 64 << 20);
    EXPECT_THAT(bytes, test::IsOk());
    const Artifact artifact{crypto::Sha256(*bytes), bytes->size(), "artifact"};
    paths_[ToHex(artifact.sha256)] = path;
    return artifact;
  }
  // Every later Fetch fails with this.
  void FailWith(Status status) { failure_ = std::move(status); }

  StatusOr<std::string> Fetch(const Artifact& artifact, std::chrono::milliseconds,
                              const std::function<void(uint32_t)>& on_percent,
                              std::stop_token) override {
    if (!failure_.ok()) return failure_;
    const auto found = paths_.find(ToHex(artifact.sha256));
    if (found == paths_.end()) return NotFound("no such artefact");
    on_percent(100);
    return found->second;
  }

 private:
  std::map<std::string, std::string> paths_;
  Status failure_;
};

class Notes final : public StepObserver {
 public:
  void OnLine(std::string_view line) override { lines.emplace_back(line); }
  void OnPercent(uint32_t percent) override { percents.push_back(percent); }
  void OnCount(uint64_t done, uint64_t total) override { counts.emplace_back(done, total); }
  std::vector<std::string> lines;
  std::vector<uint32_t> percents;
  std::vector<std::pair<uint64_t, uint64_t>> counts;
};

class StepsTest : public testing::Test {
 protected:
  StepsTest() {
    std::filesystem::create_directory(Root());
    auto target = TargetRoot::Open(Root());
    EXPECT_THAT(target, test::IsOk());
    target_ = std::make_unique<TargetRoot>(*std::move(target));
    auto executor =
        MakeStepExecutor(*target_, artifacts_, {dir_.File("scratch"), "PRESEAL_AGENT_STATE=test"});
    EXPECT_THAT(executor, test::IsOk());
    executor_ = *std::move(executor);
  }

  std::string Root() const { return dir_.File("target"); }
  std::string InRoot(const std::string& path) const { return Root() + path; }
  std::string Outside(const std::string& name) const { return dir_.File(name); }

  static std::string ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  static void WriteFile(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  // A shell line on this machine; the test fails if it does.
  static void Shell(const std::string& line) {
    process::Command command;
    command.argv = {"/bin/sh", "-ec", line};
    command.environment = process::OwnEnvironment();
    const auto captured = process::RunAndCapture(command);
    ASSERT_THAT(captured, test::IsOk());
    ASSERT_TRUE(captured->ending.Succeeded()) << line << "\n" << captured->error;
  }

  template <typename Action>
  static Step StepOf(Action action) {
    Step step;
    step.item_id = "item";
    step.timeout = std::chrono::seconds(30);
    step.action = std::move(action);
    return step;
  }
  StepResult Detect(const Step& step) { return executor_->Detect(step, notes_, {}); }
  StepResult Apply(const Step& step) { return executor_->Apply(step, notes_, {}); }
  StepResult Verify(const Step& step) { return executor_->Verify(step, notes_, {}); }
  // Not there, applied, there.
  void ExpectTakesHold(const Step& step) {
    EXPECT_EQ(Detect(step).kind, StepResult::Kind::kNotInPlace);
    const StepResult applied = Apply(step);
    EXPECT_EQ(applied.kind, StepResult::Kind::kDone) << applied.message;
    const StepResult verified = Verify(step);
    EXPECT_EQ(verified.kind, StepResult::Kind::kDone) << verified.message;
    EXPECT_EQ(Detect(step).kind, StepResult::Kind::kDone);
  }
  void ExpectFails(const Step& step, ItemCode code) {
    const StepResult result = Apply(step);
    EXPECT_EQ(result.kind, StepResult::Kind::kFailed);
    EXPECT_EQ(NameOf(result.code), NameOf(code)) << result.message;
  }

  test::TempDir dir_;
  LocalArtifacts artifacts_;
  Notes notes_;
  std::unique_ptr<TargetRoot> target_;
  std::unique_ptr<StepExecutor> executor_;
};

}  // namespace preseal::agent::steps
