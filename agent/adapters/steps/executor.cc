// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/executor.h"

#include <utility>

#include "agent/adapters/steps/answer_file.h"
#include "agent/adapters/steps/archive_package.h"
#include "agent/adapters/steps/deb_package.h"
#include "agent/adapters/steps/file_steps.h"
#include "agent/adapters/steps/join_steps.h"
#include "agent/adapters/steps/name_step.h"
#include "agent/adapters/steps/results.h"
#include "agent/adapters/steps/script_step.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

// The port's contract says such calls never come here.
StepResult EnginesOwn() {
  return FailedForGood(ItemCode::kAgentError, "prompts, waits and restarts are the engine's own");
}

class Executor final : public StepExecutor {
 public:
  Executor(TargetRoot& target, ArtifactSource& artifacts, const CommandSettings& settings,
           JoinSource* joins, std::string net_program)
      : target_(target),
        files_(target, artifacts),
        scripts_(target, settings),
        debs_(target, artifacts, settings),
        archives_(target, artifacts),
        names_(target),
        joins_(target, joins, settings, std::move(net_program)) {}

  StepResult Requires(const Step& step, StepObserver& observer, std::stop_token stop) override {
    return scripts_.Requires(step, observer, stop);
  }

  StepResult Revert(const Step& step, StepObserver& observer, std::stop_token stop) override {
    return scripts_.Revert(step, observer, stop);
  }

  StepResult Detect(const Step& step, StepObserver& observer, std::stop_token stop) override {
    if (const auto* script = std::get_if<ScriptStep>(&step.action)) {
      return scripts_.Detect(step, *script, observer, stop);
    }
    if (const auto* prompt = std::get_if<PromptStep>(&step.action)) {
      return CheckAnswer(target_, *prompt);
    }
    return Check(step, observer, stop);
  }

  StepResult Verify(const Step& step, StepObserver& observer, std::stop_token stop) override {
    if (const auto* script = std::get_if<ScriptStep>(&step.action)) {
      return scripts_.Verify(step, *script, observer, stop);
    }
    return Check(step, observer, stop);
  }

  StepResult Apply(const Step& step, StepObserver& observer, std::stop_token stop) override {
    return std::visit(
        Overloaded{
            [&](const FileStep& file) { return files_.Apply(step, file, observer, stop); },
            [&](const ScriptStep& script) { return scripts_.Apply(step, script, observer, stop); },
            [&](const CertificateStep& certificate) { return files_.Apply(certificate); },
            [&](const NetworkProfileStep& network) { return files_.Apply(network); },
            [&](const PackageStep& package) {
              return package.format == PackageStep::Format::kDeb
                         ? debs_.Apply(step, package, observer, stop)
                         : archives_.Apply(step, package, observer, stop);
            },
            [&](const SetNameStep& naming) { return names_.Apply(naming); },
            [&](const OfflineJoinStep& join) { return joins_.Apply(step, join, observer, stop); },
            [&](const DomainJoinStep& join) { return joins_.Apply(step, join, observer, stop); },
            [](const PromptStep&) { return EnginesOwn(); },
            [](const WaitStep&) { return EnginesOwn(); },
            [](const RebootStep&) { return EnginesOwn(); }},
        step.action);
  }

 private:
  StepResult Check(const Step& step, StepObserver& observer, std::stop_token stop) {
    return std::visit(
        Overloaded{
            [&](const FileStep& file) { return files_.Check(file); },
            [&](const ScriptStep&) { return StepResult{}; },
            [&](const CertificateStep& certificate) { return files_.Check(certificate); },
            [&](const NetworkProfileStep& network) { return files_.Check(network); },
            [&](const PackageStep& package) {
              return package.format == PackageStep::Format::kDeb
                         ? debs_.Check(step, package, observer, stop)
                         : archives_.Check(package, stop);
            },
            [&](const SetNameStep& naming) { return names_.Check(naming); },
            [&](const OfflineJoinStep& join) { return joins_.Check(join); },
            [&](const DomainJoinStep& join) { return joins_.Check(step, join, observer, stop); },
            [](const PromptStep&) { return EnginesOwn(); },
            [](const WaitStep&) { return EnginesOwn(); },
            [](const RebootStep&) { return EnginesOwn(); }},
        step.action);
  }

  TargetRoot& target_;
  FileSteps files_;
  ScriptSteps scripts_;
  DebPackages debs_;
  ArchivePackages archives_;
  NameSteps names_;
  JoinSteps joins_;
};

}  // namespace

StatusOr<std::unique_ptr<StepExecutor>> MakeStepExecutor(TargetRoot& target,
                                                         ArtifactSource& artifacts,
                                                         ExecutorSettings settings) {
  // What a killed agent left there may hold a secret.
  RETURN_IF_ERROR(files::RemoveTree(settings.scratch_directory));
  RETURN_IF_ERROR(files::MakeDirectories(settings.scratch_directory, 0700));
  CommandSettings commands;
  commands.target_root = target.path();
  commands.scratch_directory = std::move(settings.scratch_directory);
  commands.marker = std::move(settings.marker);
  commands.device_name = [&target] { return NameSteps(target).NameOfTarget(); };
  commands.user = std::move(settings.user);
  commands.metered = settings.metered;
  return std::unique_ptr<StepExecutor>(std::make_unique<Executor>(
      target, artifacts, commands, settings.joins, std::move(settings.net_program)));
}

}  // namespace preseal::agent::steps
