// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>

#include "agent/app/options.h"
#include "agent/service/enrollment/enroll.h"

namespace preseal::agent {

// Sees to it that the device has an identity the server should accept. For one thread.
class IdentityKeeper {
 public:
  struct Ports {
    TpmPort& tpm;
    EnrollmentChannel& channel;
    IdentityStore& store;
    Machine& machine;
    StatusDisplay& display;
    StatusDisplay& silent;  // shown nothing: while a red card is up
  };
  IdentityKeeper(Ports ports, const Options& options) : ports_(ports), options_(options) {}

  // What Obtain came to.
  struct Result {
    enum class Kind { kIdentity, kRefused, kStopped };
    Kind kind = Kind::kStopped;
    DeviceIdentity identity;
  };
  // The stored identity if it is whole, still valid and for the TPM's device key; else a new one.
  // Tries again for as long as it takes while the server or the TPM is busy or away, and while a
  // refusal allows a retry; the red card stays up meanwhile.
  // A Status for what waiting cannot cure (a broken TPM, an unreadable file).
  StatusOr<Result> Obtain(std::stop_token stop);
  // A new one in any case.
  StatusOr<Result> EnrollAnew(std::stop_token stop);

 private:
  StatusOr<std::optional<DeviceIdentity>> LoadUsable();
  StatusOr<bool> IsOfThisTpm(const DeviceIdentity& identity);
  void ShowRefusal(const EnrollmentRefusal& refusal);
  void ShowRetry(const Status& status);

  Ports ports_;
  const Options& options_;
  EnrollmentMemory memory_;
};

}  // namespace preseal::agent
