// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/item_code.h"

#include <cstdlib>

namespace preseal::agent {
namespace {

struct Row {
  std::string_view name;
  std::string_view remedy;
};

Row RowOf(ItemCode code) {
  switch (code) {
    case ItemCode::kStepTimeout:
      return {"STEP_TIMEOUT", "Retry; if it happens again, raise the step's timeout."};
    case ItemCode::kStepExitCode:
      return {"STEP_EXIT_CODE", "Read the item's log; correct the profile or the device, retry."};
    case ItemCode::kStepSignalled:
      return {"STEP_SIGNALLED", "Retry; if it happens again, check the device's memory."};
    case ItemCode::kStepNotStarted:
      return {"STEP_NOT_STARTED",
              "A program or the user's account is missing; do as its text says."};
    case ItemCode::kVerifyFailed:
      return {"VERIFY_FAILED", "The step ran but its result is not in place; read the item's log."};
    case ItemCode::kArtifactDigestMismatch:
      return {"ARTIFACT_DIGEST_MISMATCH", "Retry; if it happens again, import the artefact anew."};
    case ItemCode::kArtifactUnavailable:
      return {"ARTIFACT_UNAVAILABLE", "Check the bench's network and the server, then retry."};
    case ItemCode::kArtifactMalformed:
      return {"ARTIFACT_MALFORMED", "Import an intact artefact and correct the profile."};
    case ItemCode::kPackageMismatch:
      return {"PACKAGE_MISMATCH", "Name the package and version of the artefact in the profile."};
    case ItemCode::kTargetFull:
      return {"TARGET_FULL", "The device's disk is too small for this profile, or not erased."};
    case ItemCode::kTargetPathRefused:
      return {"TARGET_PATH_REFUSED", "A path leaves the target; correct the profile or the image."};
    case ItemCode::kTargetError:
      return {"TARGET_ERROR", "Check the device's disk, then retry."};
    case ItemCode::kContentInvalid:
      return {"CONTENT_INVALID", "Correct the step's content in the profile."};
    case ItemCode::kPlanInvalid:
      return {"PLAN_INVALID", "Correct the profile; nothing was done to the device."};
    case ItemCode::kRunAbandoned:
      return {"RUN_ABANDONED", "Nothing to do: a newer run took its place."};
    case ItemCode::kSealQuoteFailed:
      return {"SEAL_QUOTE_FAILED", "Check the TPM, restart the device, reseal again."};
    case ItemCode::kSealFailed:
      return {"SEAL_FAILED", "Check the device's disk, then reseal again."};
    case ItemCode::kAgentError:
      return {"AGENT_ERROR", "Restart the device; if it happens again, report it."};
    case ItemCode::kStepStalled:
      return {"STEP_STALLED", "It said nothing for too long; read its last lines, then retry."};
    case ItemCode::kStepTotalTimeout:
      return {"STEP_TOTAL_TIMEOUT", "All attempts together took too long; read the item's log."};
    case ItemCode::kPhaseTimeout:
      return {"PHASE_TIMEOUT", "See which item took the time, correct it or raise the limit."};
    case ItemCode::kRunTimeout:
      return {"RUN_TIMEOUT", "See which item took the time, correct it or raise the ESP timeout."};
    case ItemCode::kTokenTimeout:
      return {"TOKEN_TIMEOUT", "Too many devices download at once; retry or raise the limit."};
    case ItemCode::kInstallerBusy:
      return {"INSTALLER_BUSY", "Another installation did not end; read its log, then retry."};
    case ItemCode::kPromptUnanswered:
      return {"PROMPT_UNANSWERED", "Nobody answered in time; retry and answer it."};
    case ItemCode::kPreviousFailed:
      return {"PREVIOUS_STEP_FAILED", "Mend the item that failed before it; this one follows."};
    case ItemCode::kRebootBudget:
      return {"REBOOT_BUDGET", "It restarts the device too often; correct the step, then retry."};
    case ItemCode::kRebootLate:
      return {"REBOOT_LATE", "The device came back too late from a restart; check it, then retry."};
    case ItemCode::kRebootUnplanned:
      return {"REBOOT_UNPLANNED", "It restarts by itself; check power and memory, then retry."};
    case ItemCode::kRebootRefused:
      return {"REBOOT_REFUSED", "The device could not be restarted; do it by hand."};
    case ItemCode::kRequiresFailed:
      return {"REQUIRES_FAILED", "Whether the step applies could not be told; read its log."};
    case ItemCode::kFatal:
      return {"FATAL", "The step says nothing more can help; read its log, then reset."};
    case ItemCode::kJoinUnavailable:
      return {"JOIN_UNAVAILABLE",
              "Check the way to the directory: the server's, or of a delivered device its own "
              "(company network or VPN). Then retry."};
    case ItemCode::kJoinRefused:
      return {"JOIN_REFUSED", "Correct what the directory said, then retry."};
    case ItemCode::kUndoFailed:
      return {"UNDO_FAILED", "A reset could not undo a step; image the device again."};
    case ItemCode::kRunEnded:
      return {"RUN_ENDED", "Nothing to do: the run ended before this item did."};
    case ItemCode::kNoSuchItem:
      return {"NO_SUCH_ITEM", "The device is in another run by now; look at it again."};
    case ItemCode::kAnswerRefused:
      return {"ANSWER_REFUSED", "Answer as the question asks: one of its choices, or its pattern."};
    case ItemCode::kDiagnosticsFailed:
      return {"DIAGNOSTICS_FAILED", "Check the bench's network and the server, then ask again."};
  }
  std::abort();
}

}  // namespace

std::string_view NameOf(ItemCode code) { return RowOf(code).name; }
std::string_view RemedyOf(ItemCode code) { return RowOf(code).remedy; }

}  // namespace preseal::agent
