// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace preseal::agent {

// Why an item, a run or a command failed: a closed set, written out in docs/formats.md "Item
// codes".
enum class ItemCode {
  kStepTimeout,
  kStepExitCode,
  kStepSignalled,
  kStepNotStarted,
  kVerifyFailed,
  kArtifactDigestMismatch,
  kArtifactUnavailable,
  kArtifactMalformed,
  kPackageMismatch,
  kTargetFull,
  kTargetPathRefused,
  kTargetError,
  kContentInvalid,
  kPlanInvalid,
  kRunAbandoned,
  kSealQuoteFailed,
  kSealFailed,
  kAgentError,
  kStepStalled,
  kStepTotalTimeout,
  kPhaseTimeout,
  kRunTimeout,
  kTokenTimeout,
  kInstallerBusy,
  kPromptUnanswered,
  kPreviousFailed,
  kRebootBudget,
  kRebootLate,
  kRebootUnplanned,
  kRebootRefused,
  kRequiresFailed,
  kFatal,
  kJoinUnavailable,
  kJoinRefused,
  kUndoFailed,
  kRunEnded,
  kNoSuchItem,
  kAnswerRefused,
  kDiagnosticsFailed,
};
inline constexpr std::array kAllItemCodes = {
    ItemCode::kStepTimeout,         ItemCode::kStepExitCode,
    ItemCode::kStepSignalled,       ItemCode::kStepNotStarted,
    ItemCode::kVerifyFailed,        ItemCode::kArtifactDigestMismatch,
    ItemCode::kArtifactUnavailable, ItemCode::kArtifactMalformed,
    ItemCode::kPackageMismatch,     ItemCode::kTargetFull,
    ItemCode::kTargetPathRefused,   ItemCode::kTargetError,
    ItemCode::kContentInvalid,      ItemCode::kPlanInvalid,
    ItemCode::kRunAbandoned,        ItemCode::kSealQuoteFailed,
    ItemCode::kSealFailed,          ItemCode::kAgentError,
    ItemCode::kStepStalled,         ItemCode::kStepTotalTimeout,
    ItemCode::kPhaseTimeout,        ItemCode::kRunTimeout,
    ItemCode::kTokenTimeout,        ItemCode::kInstallerBusy,
    ItemCode::kPromptUnanswered,    ItemCode::kPreviousFailed,
    ItemCode::kRebootBudget,        ItemCode::kRebootLate,
    ItemCode::kRebootUnplanned,     ItemCode::kRebootRefused,
    ItemCode::kRequiresFailed,      ItemCode::kFatal,
    ItemCode::kJoinUnavailable,     ItemCode::kJoinRefused,
    ItemCode::kUndoFailed,          ItemCode::kRunEnded,
    ItemCode::kNoSuchItem,          ItemCode::kAnswerRefused,
    ItemCode::kDiagnosticsFailed,
};

// The name on the wire: "STEP_TIMEOUT".
std::string_view NameOf(ItemCode code);
// What the technician can do about it; one plain sentence.
std::string_view RemedyOf(ItemCode code);

}  // namespace preseal::agent
