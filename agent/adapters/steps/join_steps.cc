// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/join_steps.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "agent/adapters/steps/results.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {
namespace {

constexpr mode_t kSecretMode = 0600;
constexpr mode_t kNoteMode = 0644;

StepResult FromSourceStatus(const Status& status) {
  switch (status.code()) {
    case StatusCode::kCancelled:
      return {.kind = StepResult::Kind::kStopped};
    case StatusCode::kUnavailable:
      return Failed(ItemCode::kJoinUnavailable, MessageOf(status));
    case StatusCode::kDataLoss:
      return Failed(ItemCode::kJoinRefused, MessageOf(status));
    default:
      return FailedForGood(ItemCode::kJoinRefused, MessageOf(status));
  }
}

// Empty if `membership` is what the step wants.
std::string Mismatch(const OfflineJoinStep& join, const Membership& membership) {
  if (!join.domain.empty() && !SameName(join.domain, membership.domain)) {
    return fmt::format("it joins {}, the plan says {}", membership.domain, join.domain);
  }
  if (!join.computer_name.empty() && !SameName(join.computer_name, membership.computer_name)) {
    return fmt::format("it is for {}, the plan says {}", membership.computer_name,
                       join.computer_name);
  }
  return "";
}

}  // namespace

StatusOr<std::optional<Bytes>> JoinSteps::ReadIfThere(const std::string& path) const {
  ASSIGN_OR_RETURN(const auto facts, target_.Look(path));
  if (!facts) return std::optional<Bytes>();
  if (!S_ISREG(facts->mode)) return FailedPrecondition(path + " is not a regular file");
  ASSIGN_OR_RETURN(Bytes content, target_.Read(path, kJoinBlobBytesMax));
  return std::optional(std::move(content));
}

// A note that cannot be read is no note: the join is proved anew.
StatusOr<std::optional<Membership>> JoinSteps::Joined() const {
  ASSIGN_OR_RETURN(const auto note, ReadIfThere(kJoinedNotePath));
  if (!note) return std::optional<Membership>();
  auto membership = ParseJoinedNote(*note);
  if (!membership.ok()) return std::optional<Membership>();
  return std::optional(*std::move(membership));
}

StepResult JoinSteps::Check(const OfflineJoinStep& join) {
  const auto joined = Joined();
  if (!joined.ok()) return FromTargetStatus(joined.status());
  if (*joined && Mismatch(join, **joined).empty()) return Done();
  const auto facts = target_.Look(kJoinBlobPath);
  if (!facts.ok()) return FromTargetStatus(facts.status());
  if (!*facts) return NotInPlace("no join blob is in the target");
  if (((*facts)->mode & 07777) != kSecretMode) return NotInPlace("others may read the join blob");
  const auto content = ReadIfThere(kJoinBlobPath);
  if (!content.ok()) return FromTargetStatus(content.status());
  if (!*content) return NotInPlace("no join blob is in the target");
  const auto blob = ParseSambaJoinBlob(**content);
  if (!blob.ok()) return NotInPlace("the join blob in the target is " + MessageOf(blob.status()));
  const std::string mismatch = Mismatch(join, blob->membership);
  return mismatch.empty() ? Done() : NotInPlace("another join blob is there: " + mismatch);
}

StepResult JoinSteps::Apply(const Step& step, const OfflineJoinStep& join, StepObserver& observer,
                            std::stop_token stop) {
  if (source_ == nullptr) return FailedForGood(ItemCode::kAgentError, "no source of join blobs");
  const auto on_wait = [&observer](std::string_view why) {
    observer.OnLine(fmt::format("waiting for the directory: {}", why));
  };
  const auto fetched = source_->Fetch(step.item_id, step.timeout, on_wait, stop);
  if (!fetched.ok()) return FromSourceStatus(fetched.status());
  // Here a person is near who can do something about it; in the user flow there is none.
  if (fetched->provider != kSambaProvider) {
    return FailedForGood(ItemCode::kJoinRefused,
                         "this agent does not know the join provider " +
                             EscapeForLog(fetched->provider, kNameBytesMax));
  }
  const auto blob = ParseSambaJoinBlob(fetched->blob.Reveal());
  if (!blob.ok()) {
    return Failed(ItemCode::kJoinRefused, "the join blob is " + MessageOf(blob.status()));
  }
  const std::string mismatch = Mismatch(join, blob->membership);
  if (!mismatch.empty()) return FailedForGood(ItemCode::kJoinRefused, mismatch);
  return FromTargetStatus(target_.WriteBytes(kJoinBlobPath, kSecretMode, fetched->blob.Reveal()));
}

StepResult JoinSteps::Check(const Step& step, const DomainJoinStep& join, StepObserver& observer,
                            std::stop_token stop) {
  const auto waiting = target_.Look(kJoinBlobPath);
  if (!waiting.ok()) return FromTargetStatus(waiting.status());
  if (*waiting) return NotInPlace("the join blob is not applied yet");
  const auto joined = Joined();
  if (!joined.ok()) return FromTargetStatus(joined.status());
  if (!*joined || !Mismatch({join.domain}, **joined).empty()) return NotInPlace("not joined yet");
  StepResult tested = net_.TestJoin(step, **joined, step.timeout, observer, stop);
  if (tested.kind != StepResult::Kind::kFailed) return tested;
  return NotInPlace(tested.message);
}

StepResult JoinSteps::Apply(const Step& step, const DomainJoinStep& join, StepObserver& observer,
                            std::stop_token stop) {
  const auto deadline = std::chrono::steady_clock::now() + step.timeout;
  const auto left = [deadline] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(deadline -
                                                                 std::chrono::steady_clock::now());
  };
  const auto content = ReadIfThere(kJoinBlobPath);
  if (!content.ok()) return FromTargetStatus(content.status());
  if (!*content) {
    // It was applied before; all that can be missing is the controller.
    const auto joined = Joined();
    if (!joined.ok()) return FromTargetStatus(joined.status());
    if (!*joined || !Mismatch({join.domain}, **joined).empty()) {
      return FailedForGood(ItemCode::kJoinRefused,
                           "no join blob is in the target: the technician flow must fetch it");
    }
    return net_.TestJoin(step, **joined, left(), observer, stop);
  }
  const auto blob = ParseSambaJoinBlob(**content);
  if (!blob.ok()) {
    return FailedForGood(ItemCode::kJoinRefused,
                         "the join blob in the target is " + MessageOf(blob.status()));
  }
  const std::string mismatch = Mismatch({join.domain}, blob->membership);
  if (!mismatch.empty()) return FailedForGood(ItemCode::kJoinRefused, mismatch);
  StepResult result = net_.RequestJoin(step, *blob, left(), observer, stop);
  if (result.kind != StepResult::Kind::kDone) return result;
  observer.OnPercent(50);
  result = net_.TestJoin(step, blob->membership, left(), observer, stop);
  return result.kind == StepResult::Kind::kDone ? Settle(blob->membership) : result;
}

// The note first: without both, the device would have to be joined again by hand.
StepResult JoinSteps::Settle(const Membership& membership) {
  const Status noted =
      target_.WriteBytes(kJoinedNotePath, kNoteMode, AsBytes(JoinedNote(membership)));
  return FromTargetStatus(noted.ok() ? target_.Remove(kJoinBlobPath) : noted);
}

}  // namespace preseal::agent::steps
