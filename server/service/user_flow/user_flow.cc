// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/user_flow.h"

#include <fmt/format.h>

#include <utility>

#include "common/log/log.h"

namespace preseal::server {
namespace {

using State = SignInAnswer::State;

SignInAnswer SignedIn(const std::string& request_id, const Device& device) {
  return {.request_id = request_id, .state = State::kSignedIn, .username = device.signed_in_user};
}

SignInAnswer Refused(const std::string& request_id, const EntryVerdict& verdict) {
  return {.request_id = request_id,
          .state = State::kRefused,
          .message = verdict.sentence,
          .attempts_left = verdict.attempts_left};
}

// What the person reads when the server itself could not.
SignInAnswer Failed(const std::string& request_id, const Status& status) {
  const bool can_be_mended = status.code() == StatusCode::kFailedPrecondition;
  return {.request_id = request_id,
          .state = State::kRefused,
          .message = can_be_mended ? CannotBeSetUpSentence(status)
                                   : "The server could not do it now: try again."};
}

}  // namespace

void UserFlow::OfferProvider(SignInProvider& provider, DeviceSignIns::Post post) {
  sign_ins_.emplace(
      provider, clock_, std::move(post),
      [this](const DeviceId& device, const SignInAnswer& answer) { Tell(device, answer); },
      [this](const DeviceId& device, const std::string& request_id, const SignedInUser& user) {
        Admit(device, request_id, user);
      });
}

void UserFlow::SignIn(const DeviceId& device, const SignInAsk& ask) {
  if (std::holds_alternative<SignInAsk::StartDeviceAuthorization>(ask.method)) {
    return BeginElsewhere(device, ask);
  }
  if (const auto* code = std::get_if<SignInAsk::OneTimeCode>(&ask.method)) {
    return Enter(device, ask.request_id, SignInMethod::kOneTimeCode,
                 [&](Tx& tx, const Device& record) -> StatusOr<Entrant> {
                   ASSIGN_OR_RETURN(
                       auto verdict,
                       entry_.Check(tx, record, SignInMethod::kOneTimeCode, ask.licence_accepted));
                   if (verdict.accepted()) {
                     ASSIGN_OR_RETURN(verdict, entry_.TakeCode(tx, record, *code));
                   }
                   return Entrant{std::move(verdict), record.assigned_user, ""};
                 });
  }
  Enter(device, ask.request_id, SignInMethod::kFirstBoot,
        [&](Tx& tx, const Device& record) -> StatusOr<Entrant> {
          ASSIGN_OR_RETURN(auto verdict, entry_.Check(tx, record, SignInMethod::kFirstBoot,
                                                      ask.licence_accepted));
          return Entrant{std::move(verdict), "", ""};
        });
}

void UserFlow::Enter(const DeviceId& id, const std::string& request_id, SignInMethod method,
                     const Judge& judge) {
  SignInAnswer answer;
  SignInRefusal refusal = SignInRefusal::kNone;
  bool begun = false;
  const Status status = store_.WriteAndWait([&](Tx& tx) -> Status {
    refusal = SignInRefusal::kNone;
    begun = false;
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(id));
    // An answer that got lost is asked for again; nothing is begun twice.
    if (IsSignedIn(device)) {
      answer = SignedIn(request_id, device);
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const Entrant entrant, judge(tx, device));
    refusal = entrant.verdict.refusal;
    if (!entrant.verdict.accepted()) {
      answer = Refused(request_id, entrant.verdict);
      return OkStatus();
    }
    RETURN_IF_ERROR(entry_.Begin(tx, method, entrant.username, entrant.proof, &device));
    answer = SignedIn(request_id, device);
    begun = true;
    return OkStatus();
  });
  if (!status.ok()) {
    begun = false;
    answer = Failed(request_id, status);
    log::Warning("sign-in failed", {{"device", id.text()}, {"error", ToString(status)}});
  } else if (refusal != SignInRefusal::kNone) {
    log::Warning("sign-in refused", {{"device", id.text()}, {"why", NameOf(refusal)}});
  }
  Tell(id, answer);
  if (!begun) return;
  log::Info("user flow begun", {{"device", id.text()}, {"by", NameOf(method)}});
  dispatcher_.DispatchAndRefresh(id);
}

// Whether the device may is said before the person goes to the sign-in page in vain; it is looked
// at again when that has signed in.
void UserFlow::BeginElsewhere(const DeviceId& id, const SignInAsk& ask) {
  std::optional<SignInAnswer> answer;
  const Status status = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
    if (IsSignedIn(device)) {
      answer = SignedIn(ask.request_id, device);
      return OkStatus();
    }
    EntryVerdict verdict = EntryVerdict::Of(SignInRefusal::kNoMethod);
    if (sign_ins_) {
      ASSIGN_OR_RETURN(verdict, entry_.Check(tx, device, SignInMethod::kDeviceAuthorization,
                                             ask.licence_accepted));
      // Nobody's name is known yet, but whether anybody's would do.
      const bool anybody = verdict.accepted() && device.assigned_user.empty();
      if (anybody) verdict = entry_.CheckUser(device, "");
    }
    if (!verdict.accepted()) answer = Refused(ask.request_id, verdict);
    return OkStatus();
  });
  if (!status.ok()) {
    log::Warning("sign-in failed", {{"device", id.text()}, {"error", ToString(status)}});
    answer = Failed(ask.request_id, status);
  }
  if (answer) return Tell(id, *answer);
  sign_ins_->Begin(id, ask.request_id);
}

void UserFlow::Admit(const DeviceId& id, const std::string& request_id, const SignedInUser& user) {
  Enter(
      id, request_id, SignInMethod::kDeviceAuthorization,
      [&](Tx& tx, const Device& device) -> StatusOr<Entrant> {
        // The licence was accepted when the sign-in began.
        ASSIGN_OR_RETURN(auto verdict, entry_.Check(tx, device, SignInMethod::kDeviceAuthorization,
                                                    /*licence_accepted=*/true));
        if (verdict.accepted()) verdict = entry_.CheckUser(device, user.username);
        const std::string proof = fmt::format("{} {}", user.issuer, user.subject);
        if (!verdict.accepted()) {
          RETURN_IF_ERROR(entry_.NoteRefusal(tx, device, verdict, "user " + user.username, proof));
        }
        return Entrant{std::move(verdict), user.username, proof};
      });
}

void UserFlow::Tell(const DeviceId& device, const SignInAnswer& answer) {
  if (const auto link = live_.Find(device)) link->Tell(answer);
}

}  // namespace preseal::server
