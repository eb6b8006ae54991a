// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only: what went wrong, as a StepResult.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/adapters/steps/script_step.h"
#include "agent/service/run/step_executor.h"
#include "common/process/process.h"
#include "common/status/status.h"

namespace preseal::agent::steps {

inline StepResult Done() { return {}; }
StepResult NotInPlace(std::string message);
StepResult Failed(ItemCode code, std::string message);
// `final`: another attempt cannot help.
StepResult FailedForGood(ItemCode code, std::string message);

// A Status of TargetRoot or common/files.
StepResult FromTargetStatus(const Status& status);
// A Status of ArtifactSource::Fetch.
StepResult FromArtifactStatus(const Status& status);
// How a step's apply command ended, by the step's exit codes; a restart it asks for is in the
// result. `what` names it: "dpkg".
StepResult FromEnding(const Step& step, std::string_view what, const CommandEnd& end);
// The same for a detect or verify command: any exit code but 0 means "not in place".
StepResult FromCheckEnding(std::string_view what, const process::Ending& ending);
// How a requires script ended: 0 it applies, 1 it does not, anything else nobody can tell.
StepResult FromRequiresEnding(const CommandEnd& end);
// How an undo command ended: only 0 is good.
StepResult FromUndoEnding(const CommandEnd& end);
// The command could not be started, could not be ended, or was ended from outside.
StepResult FromStartStatus(const Status& status);

}  // namespace preseal::agent::steps
