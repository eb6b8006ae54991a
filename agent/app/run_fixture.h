// SPDX-License-Identifier: Apache-2.0
// For tests of the agent's run: a real spool, real steps, a real target root in a temporary folder.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "agent/adapters/console/console.h"
#include "agent/adapters/grpc/run_codec.h"
#include "agent/adapters/spool/spool_store.h"
#include "agent/adapters/steps/executor.h"
#include "agent/service/run/run_desk.h"
#include "preseal/plan/v1/plan.pb.h"
#include "preseal/progress/v1/progress.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace preseal::agent {

inline constexpr char kCommandA[] = "C-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
inline constexpr char kCommandB[] = "C-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
inline constexpr char kCommandSeal[] = "C-cccccccccccccccccccccccccccccccc";

class NoArtifacts final : public ArtifactSource {
 public:
  StatusOr<std::string> Fetch(const Artifact&, std::chrono::milliseconds,
                              const std::function<void(uint32_t)>&, std::stop_token) override {
    return Unavailable("no server here");
  }
};

// A quote needs a TPM; here only its way through the agent is of interest.
class FixedQuoter final : public SealQuoter {
 public:
  StatusOr<SignedStatement> QuoteForSeal(ByteView nonce, std::span<const PcrMask>) override {
    ++quotes;
    if (!failure.ok()) return failure;
    return SignedStatement{ToBytes(nonce), ToBytes("signature")};
  }
  std::atomic<int> quotes = 0;
  Status failure;
};

// A plan as the server sends it.
class PlanBuilder {
 public:
  plan::v1::Step& AddScript(const std::string& item_id, const std::string& apply,
                            const std::string& verify, const std::string& detect = "") {
    plan::v1::Step& step = *plan_.add_steps();
    step.set_item_id(item_id);
    step.set_display_name("Item " + item_id);
    step.set_category(progress::v1::CATEGORY_APPS);
    step.set_gating(progress::v1::GATING_BLOCKING);
    step.mutable_timeout()->set_seconds(60);
    step.set_attempts(1);
    step.mutable_script()->set_apply(apply);
    step.mutable_script()->set_verify(verify);
    step.mutable_script()->set_detect(detect);
    return step;
  }
  plan::v1::Plan& plan() { return plan_; }
  Bytes Encode() const { return ToBytes(plan_.SerializeAsString()); }

 private:
  plan::v1::Plan plan_;
};

inline bool BecomesTrue(const std::function<bool()>& condition,
                        std::chrono::seconds limit = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// Everything below a state and a target folder, as the composition root builds it; dropped and made
// again it is the agent after a restart.
class Workbench {
 public:
  explicit Workbench(const std::string& folder, const std::string& boot_id = "boot",
                     DiagnosticsCollector* diagnostics = nullptr)
      : display(MakeDisplay(DisplayMode::kNone)) {
    std::filesystem::create_directories(folder + "/target");
    auto opened_store = spool::SpoolStore::Open(folder + "/state/runs");
    EXPECT_THAT(opened_store, test::IsOk());
    store = *std::move(opened_store);
    auto root = steps::TargetRoot::Open(folder + "/target");
    EXPECT_THAT(root, test::IsOk());
    target = std::make_unique<steps::TargetRoot>(*std::move(root));
    auto made = steps::MakeStepExecutor(
        *target, artifacts, {folder + "/state/scratch", "PRESEAL_AGENT_STATE=" + folder});
    EXPECT_THAT(made, test::IsOk());
    executor = *std::move(made);
    seal_target = steps::MakeSealTarget(*target, {folder + "/state", {folder + "/state/station"}});
    auto opened =
        RunDesk::Open({*store, codec, *executor, quoter, *seal_target, *display, clock, signal,
                       /*tokens=*/nullptr, diagnostics},
                      {"D-1", "test", boot_id});
    EXPECT_THAT(opened, test::IsOk());
    desk = *std::move(opened);
  }

  std::shared_ptr<RunLog> LogOf(const std::string& run_id) const {
    for (const auto& log : desk->Logs()) {
      if (log->header().run_id.text() == run_id) return log;
    }
    return nullptr;
  }
  // Every event the log still holds.
  std::vector<Event> EventsOf(const std::string& run_id) const {
    std::vector<Event> events;
    const auto log = LogOf(run_id);
    if (log == nullptr) return events;
    const auto logged = log->Read(0, 1'000'000, 1u << 30);
    EXPECT_THAT(logged, test::IsOk());
    for (const LoggedEvent& entry : *logged) events.push_back(*codec.DecodeEvent(entry.event));
    return events;
  }
  template <typename Body>
  std::vector<Body> BodiesOf(const std::string& run_id) const {
    std::vector<Body> bodies;
    for (const Event& event : EventsOf(run_id)) {
      if (const auto* body = std::get_if<Body>(&event.body)) bodies.push_back(*body);
    }
    return bodies;
  }
  // The chain of states of one item: "identifying in-progress verifying succeeded".
  std::vector<ItemState> StatesOf(const std::string& run_id, const std::string& item_id) const {
    std::vector<ItemState> states;
    for (const auto& change : BodiesOf<ItemChanged>(run_id)) {
      if (change.item_id == item_id) states.push_back(change.state);
    }
    return states;
  }
  bool HasCommand(const std::string& run_id, const std::string& command_id,
                  CommandState state) const {
    for (const auto& change : BodiesOf<CommandChanged>(run_id)) {
      if (change.command_id == command_id && change.state == state) return true;
    }
    return false;
  }
  void Start(const std::string& run_id, const char* command_id, const PlanBuilder& plan) {
    const RunId id = *RunId::Parse(run_id);
    desk->Submit({command_id, StartRunOrder{id, id.attempt(), plan.Encode()}});
  }
  void StartAndWait(const std::string& run_id, const char* command_id, const PlanBuilder& plan) {
    Start(run_id, command_id, plan);
    EXPECT_TRUE(BecomesTrue([&] {
      return HasCommand(run_id, command_id, CommandState::kDone) ||
             HasCommand(run_id, command_id, CommandState::kFailed);
    })) << "the run does not end";
  }

  const SystemClock clock;
  const RunCodec codec;
  ChangeSignal signal;
  NoArtifacts artifacts;
  FixedQuoter quoter;
  std::unique_ptr<StatusDisplay> display;
  std::unique_ptr<spool::SpoolStore> store;
  std::unique_ptr<steps::TargetRoot> target;
  std::unique_ptr<StepExecutor> executor;
  std::unique_ptr<SealTarget> seal_target;
  std::unique_ptr<RunDesk> desk;
};

inline std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace preseal::agent
