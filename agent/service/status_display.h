// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/domain/item.h"
#include "agent/domain/plan.h"

namespace preseal::agent {

// What a person at the device may ask for; the server decides by the rules of its API.
enum class DeviceAction { kRefresh, kProvision, kRetry, kReset, kDiagnostics, kContinue };

// What the first screen of the user flow offers.
struct UserFlowCard {
  OutOfBox out_of_box;
  Mode mode = Mode::kUserDriven;
  bool one_time_code = false;
  bool device_authorization = false;
  bool signed_in = false;

  bool operator==(const UserFlowCard&) const = default;
};

// What the technician compares before starting.
struct LandingCard {
  std::string organisation;
  std::string profile;
  std::string assigned_user;
  std::string device_id;
  std::string serial_number;
  std::string qr_text;        // shown as a QR code
  bool lab = false;           // attested through a lab root; shown in words, not only colour
  bool quarantined = false;   // only the quarantine profile runs; likewise
  std::string device_name;    // empty: not named yet
  std::string join;           // join provider, empty: none
  std::string error_message;  // of the ESP settings, for the red card
  std::string notice;         // what else the person should know, as the age of the seal
  bool show_progress = true;
  std::vector<DeviceAction> actions;      // that are allowed now
  std::optional<UserFlowCard> user_flow;  // in the user flow

  bool operator==(const LandingCard&) const = default;
};

// The green or red card at the end of a flow, or of a refusal.
struct ResultCard {
  enum class Outcome { kReadyToSeal, kSealed, kFailed, kRefused, kBlocked, kInService };
  Outcome outcome = Outcome::kFailed;
  std::string title;    // "Ready to seal", "Attestation refused"
  std::string code;     // item or refusal code, empty when green
  std::string message;  // one plain sentence
  std::string seen;     // refusals: what was seen and expected
  std::string expected;
  std::string remedy;  // what to do next
  std::chrono::seconds elapsed{0};
};

// What a person at the device is asked. The answer comes through PersonInput with the same id.
struct Question {
  std::string id;  // "language", "item/asset-tag": the prompt of an item
  std::string title;
  std::map<std::string, std::string> text;  // by BCP 47 language; "en" is there
  std::string language;                     // of the person; empty: not known, all are shown
  std::vector<std::string> choices;         // empty: free text
  std::string suggestion;                   // what an empty answer stands for
  std::string complaint;                    // about the answer before
  std::string qr_text;                      // shown beside it as a QR code
  bool secret = false;                      // not shown while it is typed

  bool operator==(const Question&) const = default;
};

// The screen of the device, a port of the agent's services: a full-screen view on a terminal, plain
// lines elsewhere. Calls come from one thread at a time and return quickly; none can fail.
class StatusDisplay {
 public:
  virtual ~StatusDisplay() = default;
  // What the agent is busy with outside a run: "Creating TPM keys", "Waiting for start".
  virtual void ShowActivity(std::string_view text) = 0;
  // Whether the server is reachable; work goes on without it.
  virtual void ShowConnection(bool connected, std::string_view detail) = 0;
  virtual void ShowLanding(const LandingCard& card) = 0;
  // The whole list after any change, in plan order, device preparation first.
  virtual void ShowItems(std::span<const Item> items, std::chrono::seconds elapsed) = 0;
  virtual void ShowLog(std::string_view item_id, std::string_view line) = 0;
  virtual void ShowResult(const ResultCard& card) = 0;
  // What is asked now; nothing: nobody is asked any more. Only screens a person can answer care.
  virtual void ShowQuestion(const std::optional<Question>& /*question*/) {}
  // What came of something a person did here: the server's answer, or why it was not asked.
  virtual void ShowNotice(std::string_view /*text*/) {}
};

}  // namespace preseal::agent
