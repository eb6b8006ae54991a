// SPDX-License-Identifier: Apache-2.0
#include "agent/app/identity_keeper.h"

#include <utility>

#include "agent/domain/back_off.h"
#include "agent/service/change_signal.h"
#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/log/log.h"
#include "common/tpmwire/public_area.h"

namespace preseal::agent {
namespace {

bool MayPass(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted:
    case StatusCode::kAborted:
    case StatusCode::kCancelled:
    case StatusCode::kUnknown:
    // The server had the wrong idea of us, or we of it; a restart of either may cure it.
    case StatusCode::kInternal:
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
      return true;
    default:
      return false;
  }
}

// Asking again changes nothing until somebody decides, and then the device must notice.
bool AwaitsAPerson(const EnrollmentRefusal& refusal) {
  return refusal.code == "ATTEMPTS_EXCEEDED" || refusal.code == "DEVICE_REVOKED";
}

// With what the technician has left.
std::string RemedyOf(const EnrollmentRefusal& refusal) {
  if (refusal.attempts_left > 0) {
    return refusal.remedy + " Attempts left: " + std::to_string(refusal.attempts_left) + ".";
  }
  return refusal.remedy + " No attempts left: a person must unblock the device.";
}

}  // namespace

StatusOr<IdentityKeeper::Result> IdentityKeeper::Obtain(std::stop_token stop) {
  ASSIGN_OR_RETURN(auto identity, LoadUsable());
  if (identity) return Result{Result::Kind::kIdentity, *std::move(identity)};
  return EnrollAnew(stop);
}

StatusOr<IdentityKeeper::Result> IdentityKeeper::EnrollAnew(std::stop_token stop) {
  BackOff refused_pause(options_.enroll_retry, kEnrollRetryLongest);
  BackOff failed_pause(kReconnectFirst, kReconnectLongest);
  bool refused = false;
  while (!stop.stop_requested()) {
    // A red card must stay readable; only its successor may replace it.
    StatusDisplay& display = refused ? ports_.silent : ports_.display;
    auto outcome = Enroll({ports_.tpm, ports_.channel, ports_.store, ports_.machine, display},
                          {PRESEAL_VERSION, options_.slot, options_.order_code}, memory_);
    std::chrono::milliseconds pause{0};
    if (!outcome.ok()) {
      if (!MayPass(outcome.status())) return outcome.status();
      if (!refused) ShowRetry(outcome.status());
      pause = failed_pause.Next(0);
    } else if (auto* identity = std::get_if<DeviceIdentity>(&*outcome)) {
      log::Info("enrolled", {{"device", identity->device_id},
                             {"lab", identity->lab},
                             {"quarantined", identity->quarantined}});
      return Result{Result::Kind::kIdentity, std::move(*identity)};
    } else {
      const auto& refusal = std::get<EnrollmentRefusal>(*outcome);
      log::Warning("enrolment refused", {{"code", refusal.code}, {"message", refusal.message}});
      ShowRefusal(refusal);
      if (!refusal.retry_allowed && !AwaitsAPerson(refusal)) {
        return Result{Result::Kind::kRefused, {}};
      }
      refused = true;
      pause = AwaitsAPerson(refusal) ? kBlockedRetry : refused_pause.Next(0);
    }
    PauseUnlessStopped(pause, stop);
  }
  return Result{};
}

StatusOr<std::optional<DeviceIdentity>> IdentityKeeper::LoadUsable() {
  ASSIGN_OR_RETURN(auto identity, ports_.store.Load());
  if (!identity) return identity;
  const auto chain = crypto::ParsePemBundle(identity->certificate_chain_pem);
  if (!chain.ok() || chain->empty()) return DataLoss("stored device certificate does not parse");
  if (chain->front().not_after() <= std::chrono::system_clock::now()) {
    log::Info("device certificate has expired, enrolling again");
    return std::optional<DeviceIdentity>();
  }
  ASSIGN_OR_RETURN(const bool same, IsOfThisTpm(*identity));
  if (!same) {
    log::Warning("device certificate is for another TPM key, enrolling again");
    return std::optional<DeviceIdentity>();
  }
  return identity;
}

// After TPM2_Clear the device key is gone, or another one: TLS would fail without a word.
StatusOr<bool> IdentityKeeper::IsOfThisTpm(const DeviceIdentity& identity) {
  const auto key = ports_.tpm.LoadDeviceKey(identity.device_key_handle);
  const auto code = key.status().code();
  if (code == StatusCode::kNotFound || code == StatusCode::kAlreadyExists) return false;
  RETURN_IF_ERROR(key.status());
  ASSIGN_OR_RETURN(const auto area, tpmwire::ParsePublic((*key)->public_area()));
  if (area.ecc() == nullptr) return false;
  ASSIGN_OR_RETURN(const auto ours, crypto::PublicKey::FromEcAffine(crypto::Curve::kP256,
                                                                    area.ecc()->x, area.ecc()->y));
  ASSIGN_OR_RETURN(const auto chain, crypto::ParsePemBundle(identity.certificate_chain_pem));
  ASSIGN_OR_RETURN(const auto certified, chain.front().public_key());
  return ours.Equals(certified);
}

void IdentityKeeper::ShowRefusal(const EnrollmentRefusal& refusal) {
  ports_.display.ShowResult({.outcome = ResultCard::Outcome::kRefused,
                             .title = "Attestation refused",
                             .code = refusal.code,
                             .message = refusal.message,
                             .seen = refusal.seen,
                             .expected = refusal.expected,
                             .remedy = RemedyOf(refusal)});
}

void IdentityKeeper::ShowRetry(const Status& status) {
  log::Warning("cannot enrol yet", {{"error", ToString(status)}});
  ports_.display.ShowConnection(false, MessageOf(status));
  ports_.display.ShowActivity("Cannot enrol yet, trying again");
}

}  // namespace preseal::agent
