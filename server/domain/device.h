// SPDX-License-Identifier: Apache-2.0
// A device's record. Pure values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/device_state.h"
#include "server/domain/progress.h"

namespace preseal::server {

// Why a device is FAILED or BLOCKED; empty code when it is neither.
struct Failure {
  std::string code;
  std::string item_id;
  std::string message;
  std::string remedy;
  std::string seen;
  std::string expected;
};

// Values are stored and equal preseal.fleet.v1.Contact.State; never renumber.
enum class ContactState { kNever = 1, kConnected = 2, kDisconnected = 3, kSilent = 4 };

// One more enrolment of a device that was sealed before, allowed by a named person.
struct AllowNext {
  std::string actor;
  std::string reason;
  WallTime expire_time;
};

struct Device {
  DeviceId id;  // empty until inserted
  std::string serial_number;
  std::string manufacturer;
  std::string model;
  BatchId batch;
  std::string slot;
  std::string assigned_user;
  std::string profile;  // empty: the server's default
  DeviceState state = DeviceState::kRegistered;
  WallTime state_time;
  WallTime create_time;
  Failure failure;
  ContactState contact = ContactState::kNever;
  std::optional<WallTime> contact_time;
  bool lab = false;
  bool quarantined = false;       // only the quarantine profile runs, and no seal
  bool enrolled = false;          // a certificate was confirmed over mTLS
  uint32_t refused_attempts = 0;  // attestations refused since the last accepted one or unblock
  uint32_t attempt = 0;           // of the present run; 0 before the first
  // Summary of the present items, kept with the record so that lists need no other table.
  Phase phase = Phase::kDevicePreparation;
  std::string item_name;
  uint32_t items_done = 0;
  uint32_t items_total = 0;
  uint32_t percent = 0;
  bool blocking_satisfied = false;
  std::optional<WallTime> run_start_time;
  std::optional<WallTime> run_end_time;
  std::optional<CommandId> last_command;
  Bytes ek_spki_sha256;      // 32 bytes once an attestation was accepted
  Bytes certificate_sha256;  // of the newest issued certificate (DER), 32 bytes
  bool seal_unconfirmed = false;
  std::optional<WallTime> seal_time;
  std::string sku;
  std::string group_tag;
  std::map<std::string, std::string> attributes;  // free facts for group rules
  std::string device_name;                        // allocated from the profile's template
  Flow flow = Flow::kTechnician;                  // the half the present run belongs to
  bool held = false;                              // a person put the run on hold
  std::optional<Wait> wait;                       // what the run waits for most visibly
  std::string sealed_plan_digest;                 // of the plan that was sealed, lower-case hex
  uint32_t deployments = 0;                       // sealed so far
  std::optional<AllowNext> allow_next;            // one more enrolment
  std::string signed_in_user;                     // user flow
  uint64_t revision = 0;  // set by the store at every write; grows over all devices
};

inline LifecycleFacts FactsOf(const Device& device) {
  return {.enrolled = device.enrolled,
          .blocking_satisfied = device.blocking_satisfied,
          .user_flow = device.flow == Flow::kUser};
}

// Moves `device`; FailedPrecondition names the state and the event, and nothing changed.
Status Advance(LifecycleEvent event, WallTime now, Device* device);

// Copies the summary of `items` into the record.
void SetProgress(std::span<const Item> items, Device* device);

// Trims white space; keeps case.
std::string NormaliseSerial(std::string_view serial);
// True for values firmware ships when nobody set a serial ("To Be Filled By O.E.M.", "Default
// string", "0", …): they must never key a device.
bool IsJunkSerial(std::string_view serial);

}  // namespace preseal::server
