// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/user_entry.h"

#include <fmt/format.h>

#include <utility>

#include "common/base/secret.h"
#include "server/service/user_flow/user_code.h"

namespace preseal::server {
namespace {

Status Audit(Tx& tx, WallTime now, std::string actor, std::string_view action,
             const DeviceId& device, std::string detail) {
  return tx.audit.Record({.time = now,
                          .actor = std::move(actor),
                          .action = std::string(action),
                          .subject = "devices/" + device.text(),
                          .detail = std::move(detail)});
}

// What is wrong with the code whatever was entered.
SignInRefusal JudgeCode(const UserCode& code, const Device& device, WallTime now) {
  // Whoever was assigned when it was issued may be another by now.
  if (code.used || !SameUser(code.username, device.assigned_user)) return SignInRefusal::kNoCode;
  if (now >= code.expire_time) return SignInRefusal::kCodeExpired;
  return code.attempts_left == 0 ? SignInRefusal::kCodeLocked : SignInRefusal::kNone;
}

// Both are looked at whole, so that the time taken does not tell which of them was wrong.
bool Fits(const UserCode& code, std::string_view username, const Secret& digits) {
  const bool right_code =
      ConstantTimeEqual(code.code_sha256, UserCodeDigest(code.device_id, digits));
  const bool right_user = SameUser(username, code.username);
  return right_code && right_user;
}

}  // namespace

std::string CannotBeSetUpSentence(const Status& why) {
  return fmt::format("This device cannot be set up yet; tell your IT department: {}",
                     MessageOf(why));
}

bool IsUsable(const UserCode& code, const Device& device, WallTime now) {
  return JudgeCode(code, device, now) == SignInRefusal::kNone;
}

StatusOr<EntryVerdict> UserEntry::Check(Tx& tx, const Device& device, SignInMethod method,
                                        bool licence_accepted) const {
  const auto plan = profiles_.Preview(tx, device, Flow::kUser, "");
  const StatusCode code = plan.status().code();
  if (code == StatusCode::kFailedPrecondition || code == StatusCode::kNotFound) {
    return EntryVerdict{.refusal = SignInRefusal::kState,
                        .sentence = CannotBeSetUpSentence(plan.status())};
  }
  RETURN_IF_ERROR(plan.status());
  const WallTime now = clock_.Now();
  const WallTime sealed = device.seal_time.value_or(device.state_time);
  const SignInRefusal refusal =
      JudgeSignIn({.state = device.state,
                   .method = method,
                   .mode = plan->profile.mode,
                   .seal_age = AgeOf(sealed, now, policy_.seal),
                   .licence_wanted = WantsLicence(plan->profile.out_of_box),
                   .licence_accepted = licence_accepted},
                  policy_);
  EntryVerdict verdict = EntryVerdict::Of(refusal);
  if (refusal == SignInRefusal::kSealExpired) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - sealed);
    verdict.sentence = ExpiredSealSentence(device.id, age, policy_.seal);
  }
  return verdict;
}

StatusOr<EntryVerdict> UserEntry::TakeCode(Tx& tx, const Device& device,
                                           const SignInAsk::OneTimeCode& entered) const {
  const auto digits = ParseUserCode(entered.code);
  if (!digits) return EntryVerdict::Of(SignInRefusal::kNotACode);
  auto code = tx.user_flow.GetUserCode(device.id);
  if (code.status().code() == StatusCode::kNotFound) {
    return EntryVerdict::Of(SignInRefusal::kNoCode);
  }
  RETURN_IF_ERROR(code.status());
  const WallTime now = clock_.Now();
  EntryVerdict verdict = EntryVerdict::Of(JudgeCode(*code, device, now));
  if (!verdict.accepted()) return verdict;
  if (Fits(*code, entered.username, *digits)) {
    code->used = true;
    RETURN_IF_ERROR(tx.user_flow.PutUserCode(*code));
    return verdict;
  }
  --code->attempts_left;
  verdict = EntryVerdict::Of(code->attempts_left == 0 ? SignInRefusal::kCodeLocked
                                                      : SignInRefusal::kWrongCode);
  verdict.attempts_left = code->attempts_left;
  RETURN_IF_ERROR(tx.user_flow.PutUserCode(*code));
  RETURN_IF_ERROR(NoteRefusal(tx, device, verdict, "device " + device.id.text(),
                              fmt::format("tries left: {}", code->attempts_left)));
  return verdict;
}

EntryVerdict UserEntry::CheckUser(const Device& device, std::string_view username) const {
  if (device.assigned_user.empty()) {
    return EntryVerdict::Of(policy_.any_user ? SignInRefusal::kNone
                                             : SignInRefusal::kNobodyAssigned);
  }
  return EntryVerdict::Of(SameUser(username, device.assigned_user) ? SignInRefusal::kNone
                                                                   : SignInRefusal::kOtherUser);
}

Status UserEntry::NoteRefusal(Tx& tx, const Device& device, const EntryVerdict& verdict,
                              std::string who, std::string_view proof) const {
  return Audit(tx, clock_.Now(), std::move(who), "device.sign-in-refused", device.id,
               fmt::format("{}, {}", NameOf(verdict.refusal), proof));
}

Status UserEntry::Begin(Tx& tx, SignInMethod method, const std::string& username,
                        std::string_view proof, Device* device) const {
  device->signed_in_user = username;
  // Who takes a device nobody is assigned to gets what is assigned to users, too.
  if (device->assigned_user.empty()) device->assigned_user = username;
  const std::string actor = username.empty() ? "device " + device->id.text() : "user " + username;
  RETURN_IF_ERROR(flow_.BeginUserRun(tx, actor, device).status());
  std::string detail(NameOf(method));
  if (!proof.empty()) detail += fmt::format(", {}", proof);
  return Audit(tx, clock_.Now(), actor, "device.signed-in", device->id, std::move(detail));
}

}  // namespace preseal::server
