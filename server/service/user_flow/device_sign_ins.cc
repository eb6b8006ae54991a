// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/device_sign_ins.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

constexpr auto kSlowDownBy = std::chrono::seconds(5);  // RFC 8628, section 3.5
constexpr int kDoublingsMax = 4;

// Backs off while the provider is away, as RFC 8628 asks.
std::chrono::seconds PauseAfter(std::chrono::seconds interval, int failures) {
  const auto pause = interval * (1 << std::min(failures, kDoublingsMax));
  return std::max(interval, std::min<std::chrono::seconds>(pause, kSignInIntervalMax));
}

SignInRefusal RefusalOf(const Status& status) {
  return status.code() == StatusCode::kUnavailable ? SignInRefusal::kProviderAway
                                                   : SignInRefusal::kProviderRefuses;
}

}  // namespace

DeviceSignIns::DeviceSignIns(SignInProvider& provider, const Clock& clock, Post post, Tell tell,
                             Admit admit)
    : provider_(provider),
      clock_(clock),
      post_(std::move(post)),
      tell_(std::move(tell)),
      admit_(std::move(admit)) {}

SignInAnswer DeviceSignIns::PendingAnswer(const Pending& pending) const {
  const auto left =
      std::chrono::duration_cast<std::chrono::seconds>(pending.until - clock_.Steady());
  return {.request_id = pending.request_id,
          .state = SignInAnswer::State::kPending,
          .user_code = pending.begun->user_code,
          .verification_uri = pending.begun->verification_uri,
          .verification_uri_complete = pending.begun->verification_uri_complete,
          .expires_in = std::max(left, std::chrono::seconds(0))};
}

void DeviceSignIns::Refuse(const DeviceId& device, const std::string& request_id,
                           SignInRefusal refusal) const {
  log::Info("sign-in ended without a user", {{"device", device.text()}, {"why", NameOf(refusal)}});
  tell_(device, {.request_id = request_id,
                 .state = SignInAnswer::State::kRefused,
                 .message = SentenceOf(refusal)});
}

DeviceSignIns::Pending* DeviceSignIns::Find(Map& map, const DeviceId& device, uint64_t serial) {
  const auto found = map.find(device);
  return found != map.end() && found->second.serial == serial ? &found->second : nullptr;
}

std::optional<DeviceSignIns::Pending> DeviceSignIns::TakeOut(const DeviceId& device,
                                                             uint64_t serial) {
  auto pending = pending_.Lock();
  Pending* const found = Find(*pending, device, serial);
  if (found == nullptr) return std::nullopt;
  Pending taken = std::move(*found);
  pending->erase(device);
  return taken;
}

void DeviceSignIns::Begin(const DeviceId& device, const std::string& request_id) {
  const Time now = clock_.Steady();
  std::optional<SignInAnswer> repeated;
  SignInRefusal refusal = SignInRefusal::kNone;
  const uint64_t serial = ++*serial_.Lock();
  {
    auto pending = pending_.Lock();
    const auto found = pending->find(device);
    const bool known = found != pending->end();
    if (known && found->second.request_id == request_id) {
      if (!found->second.begun) return;  // its answer is on its way
      repeated = PendingAnswer(found->second);
    } else if (!rate_.Lock()->Take(device.text(), now)) {
      refusal = SignInRefusal::kTooSoon;
    } else if (!known && pending->size() >= static_cast<size_t>(kDeviceAuthorizationsMax)) {
      refusal = SignInRefusal::kBusy;
    } else {
      (*pending)[device] = {.serial = serial,
                            .request_id = request_id,
                            .until = now + kSignInCodeLifeMax,
                            .busy = true};
    }
  }
  if (repeated) return tell_(device, *repeated);
  if (refusal != SignInRefusal::kNone) return Refuse(device, request_id, refusal);
  if (post_([this, device, serial] { AskToBegin(device, serial); })) return;
  if (TakeOut(device, serial)) Refuse(device, request_id, SignInRefusal::kBusy);
}

void DeviceSignIns::AskToBegin(const DeviceId& device, uint64_t serial) {
  if (stopped_) return;
  auto begun = provider_.Begin();
  if (!begun.ok()) {
    log::Warning("cannot begin a sign-in",
                 {{"device", device.text()}, {"error", ToString(begun.status())}});
    const auto taken = TakeOut(device, serial);
    if (taken) Refuse(device, taken->request_id, RefusalOf(begun.status()));
    return;
  }
  std::optional<SignInAnswer> answer;
  {
    auto pending = pending_.Lock();
    Pending* const entry = Find(*pending, device, serial);
    if (entry == nullptr) return;  // another one has taken its place
    const Time now = clock_.Steady();
    entry->interval = std::max(begun->interval, std::chrono::seconds(1));
    entry->until = now + begun->expires_in;
    entry->next = now + entry->interval;
    entry->begun = *std::move(begun);
    entry->busy = false;
    answer = PendingAnswer(*entry);
  }
  tell_(device, *answer);
}

void DeviceSignIns::Tick() {
  struct Due {
    DeviceId device;
    uint64_t serial;
    std::string code;  // the device code: a secret; empty: it took too long
  };
  if (stopped_) return;
  std::vector<Due> due;
  const Time now = clock_.Steady();
  {
    auto pending = pending_.Lock();
    for (auto& [device, entry] : *pending) {
      if (entry.busy || now < std::min(entry.next, entry.until)) continue;
      const bool over = now >= entry.until;
      due.push_back({device, entry.serial, over ? "" : entry.begun->device_code});
      entry.busy = true;
    }
  }
  for (const Due& one : due) {
    if (one.code.empty()) {
      const auto taken = TakeOut(one.device, one.serial);
      if (taken) Refuse(one.device, taken->request_id, SignInRefusal::kTooLate);
      continue;
    }
    if (post_([this, one] { AskAgain(one.device, one.serial, one.code); })) continue;
    auto pending = pending_.Lock();
    if (Pending* const entry = Find(*pending, one.device, one.serial)) entry->busy = false;
  }
}

void DeviceSignIns::AskAgain(const DeviceId& device, uint64_t serial,
                             const std::string& device_code) {
  if (stopped_) return;
  const auto poll = provider_.Poll(device_code);
  if (!poll.ok()) return OnPollFailed(device, serial, poll.status());
  OnPoll(device, serial, *poll);
}

void DeviceSignIns::OnPollFailed(const DeviceId& device, uint64_t serial, const Status& status) {
  log::Warning("cannot ask how a sign-in went",
               {{"device", device.text()}, {"error", ToString(status)}});
  if (status.code() != StatusCode::kUnavailable) {
    const auto taken = TakeOut(device, serial);
    if (taken) Refuse(device, taken->request_id, RefusalOf(status));
    return;
  }
  auto pending = pending_.Lock();
  Pending* const entry = Find(*pending, device, serial);
  if (entry == nullptr) return;
  entry->busy = false;
  entry->next = clock_.Steady() + PauseAfter(entry->interval, ++entry->failures);
}

void DeviceSignIns::OnPoll(const DeviceId& device, uint64_t serial, const SignInPoll& poll) {
  if (poll.outcome == SignInOutcome::kPending || poll.outcome == SignInOutcome::kSlowDown) {
    auto pending = pending_.Lock();
    Pending* const entry = Find(*pending, device, serial);
    if (entry == nullptr) return;
    if (poll.outcome == SignInOutcome::kSlowDown) entry->interval += kSlowDownBy;
    entry->failures = 0;
    entry->busy = false;
    entry->next = clock_.Steady() + entry->interval;
    return;
  }
  const auto taken = TakeOut(device, serial);
  // The device was given another code since: whoever used the old one did not mean this.
  if (!taken) return;
  if (poll.outcome == SignInOutcome::kSignedIn) {
    return admit_(device, taken->request_id, poll.user);
  }
  Refuse(device, taken->request_id,
         poll.outcome == SignInOutcome::kDenied ? SignInRefusal::kDenied : SignInRefusal::kTooLate);
}

}  // namespace preseal::server
