// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/executor.h"

#include <utility>

#include "agent/adapters/steps/archive_package.h"
#include "agent/adapters/steps/deb_package.h"
#include "agent/adapters/steps/file_steps.h"
#include "agent/adapters/steps/script_step.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

class Executor final : public StepExecutor {
 public:
  Executor(TargetRoot& target, ArtifactSource& artifacts, const CommandSettings& settings)
      : files_(target, artifacts),
        scripts_(settings),
        debs_(target, artifacts, settings),
        archives_(target, artifacts) {}

  StepResult Detect(const Step& step, StepObserver& observer, std::stop_token stop) override {
    if (const auto* script = std::get_if<ScriptStep>(&step.action)) {
      return scripts_.Detect(step, *script, observer, stop);
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
            }},
        step.action);
  }

 private:
  StepResult Check(const Step& step, StepObserver& observer, std::stop_token stop) {
    return std::visit(
        Overloaded{[&](const FileStep& file) { return files_.Check(file); },
                   [&](const ScriptStep&) { return StepResult{}; },
                   [&](const CertificateStep& certificate) { return files_.Check(certificate); },
                   [&](const NetworkProfileStep& network) { return files_.Check(network); },
                   [&](const PackageStep& package) {
                     return package.format == PackageStep::Format::kDeb
                                ? debs_.Check(step, package, observer, stop)
                                : archives_.Check(package, stop);
                   }},
        step.action);
  }

  FileSteps files_;
  ScriptSteps scripts_;
  DebPackages debs_;
  ArchivePackages archives_;
};

}  // namespace

StatusOr<std::unique_ptr<StepExecutor>> MakeStepExecutor(TargetRoot& target,
                                                         ArtifactSource& artifacts,
                                                         ExecutorSettings settings) {
  // What a killed agent left there may hold a secret.
  RETURN_IF_ERROR(files::RemoveTree(settings.scratch_directory));
  RETURN_IF_ERROR(files::MakeDirectories(settings.scratch_directory, 0700));
  return std::unique_ptr<StepExecutor>(std::make_unique<Executor>(
      target, artifacts,
      CommandSettings{target.path(), std::move(settings.scratch_directory),
                      std::move(settings.marker)}));
}

}  // namespace preseal::agent::steps
