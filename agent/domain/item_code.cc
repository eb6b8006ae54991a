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
      return {"STEP_NOT_STARTED", "The medium lacks a program the step needs; rebuild the medium."};
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
  }
  std::abort();
}

}  // namespace

std::string_view NameOf(ItemCode code) { return RowOf(code).name; }
std::string_view RemedyOf(ItemCode code) { return RowOf(code).remedy; }

}  // namespace preseal::agent
