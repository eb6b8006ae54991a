// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/domain/sign_in/sign_in_rules.h"
#include "server/service/device_requests.h"
#include "server/service/flow/technician_flow.h"
#include "server/service/ports.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

struct EntryVerdict {
  SignInRefusal refusal = SignInRefusal::kNone;
  std::string sentence;        // for the person at the device
  uint32_t attempts_left = 0;  // of the code, after a wrong one

  bool accepted() const { return refusal == SignInRefusal::kNone; }
  static EntryVerdict Of(SignInRefusal refusal) {
    return {.refusal = refusal, .sentence = SentenceOf(refusal)};
  }
};

// For the person at a device for which no plan can be made: `why` is for the IT department.
std::string CannotBeSetUpSentence(const Status& why);

// Whether `code` can be used at `device` now; whether it is the right one is another question.
bool IsUsable(const UserCode& code, const Device& device, WallTime now);

// Who may begin the user flow of a device, and beginning it; inside the caller's transaction.
// Thread-safe.
class UserEntry {
 public:
  UserEntry(const Clock& clock, ProfileCatalog& profiles, TechnicianFlow& flow, SignInPolicy policy)
      : clock_(clock), profiles_(profiles), flow_(flow), policy_(policy) {}

  // What speaks against `method` before anybody's name is looked at.
  StatusOr<EntryVerdict> Check(Tx& tx, const Device& device, SignInMethod method,
                               bool licence_accepted) const;
  // Looks at the code in constant time and writes what came of it: accepted, it is spent; wrong, it
  // has one try less. The transaction must be kept either way.
  StatusOr<EntryVerdict> TakeCode(Tx& tx, const Device& device,
                                  const SignInAsk::OneTimeCode& entered) const;
  // Whether who signed in elsewhere may have the device.
  EntryVerdict CheckUser(const Device& device, std::string_view username) const;
  // For the audit log: `who` was refused, having shown `proof`.
  Status NoteRefusal(Tx& tx, const Device& device, const EntryVerdict& verdict, std::string who,
                     std::string_view proof) const;
  // SEALED to USER_SETUP, with a run of the user flow; the caller dispatches it after the
  // transaction. `username` is empty where nobody signs in; `proof` is for the audit log.
  // FailedPrecondition: no plan can be made; nothing may be kept then.
  Status Begin(Tx& tx, SignInMethod method, const std::string& username, std::string_view proof,
               Device* device) const;

 private:
  const Clock& clock_;
  ProfileCatalog& profiles_;
  TechnicianFlow& flow_;
  const SignInPolicy policy_;
};

}  // namespace preseal::server
