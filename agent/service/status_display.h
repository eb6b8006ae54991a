// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "agent/domain/item.h"

namespace preseal::agent {

// What the technician compares before starting.
struct LandingCard {
  std::string organisation;
  std::string profile;
  std::string assigned_user;
  std::string device_id;
  std::string serial_number;
  std::string qr_text;       // shown as a QR code
  bool lab = false;          // attested through a lab root; shown in words, not only colour
  bool quarantined = false;  // only the quarantine profile runs; likewise

  bool operator==(const LandingCard&) const = default;
};

// The green or red card at the end of the technician flow, or of a refusal.
struct ResultCard {
  enum class Outcome { kReadyToSeal, kSealed, kFailed, kRefused, kBlocked };
  Outcome outcome = Outcome::kFailed;
  std::string title;    // "Ready to seal", "Attestation refused"
  std::string code;     // item or refusal code, empty when green
  std::string message;  // one plain sentence
  std::string seen;     // refusals: what was seen and expected
  std::string expected;
  std::string remedy;  // what to do next
  std::chrono::seconds elapsed{0};
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
};

}  // namespace preseal::agent
