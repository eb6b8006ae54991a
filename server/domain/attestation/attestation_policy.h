// SPDX-License-Identifier: Apache-2.0
// What a floor demands of a TPM. Data: it has a version and a digest, is kept with every piece of
// evidence judged by it, and can be tried on stored evidence before it goes live. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/digest.h"
#include "server/domain/attestation/trust_model.h"
#include "server/domain/event_log/boot_policy.h"
#include "server/domain/refusal/refusal.h"

namespace preseal::server {

// What a TPM certificate past its end means. A chip outlives its certificate.
enum class ExpiredEk { kRefuse, kAcceptWithFinding };
// How much the makers' revocation lists count. They come from the offline cache only.
//   kOff      not looked at
//   kPrefer   revoked is refused; not knowing is a finding
//   kRequire  not knowing is refused too
enum class RevocationUse { kOff, kPrefer, kRequire };
// kIfSent judges a log that came and finds fault with none that did not.
enum class EventLogUse { kOff, kIfSent, kRequire };
// kEnforce: PCR values must be those two people approved for the model.
enum class GoldenUse { kOff, kEnforce };

// One line of the advisory table.
struct FirmwareRule {
  uint32_t vendor = 0;                   // TCG vendor id; 0: any
  std::string model = "*";               // of the EK certificate; '*' stands for any text
  uint64_t versions_from = 0;            // concerns signed firmware versions from here ...
  uint64_t versions_below = UINT64_MAX;  // ... to below here: the first sound one
  bool denied = false;                   // no sound version exists: TPM_MODEL_DENIED
  std::string advisory;                  // CVE-2025-2884
  std::string remedy;                    // update to 15.23
};

// Firmware that leaves an allocated bank open for anybody to extend, allowed all the same.
struct OpenBankRule {
  std::string model;  // of the device, exactly
  uint16_t bank = 0;  // TPM_ALG_ID
  std::string reason;
};

// What some stations demand beyond or instead of the rest.
struct LineRule {
  std::string name;
  std::vector<std::string> stations;  // names in station certificates
  std::vector<TrustModel> require;    // all of them must hold
};

struct AttestationPolicy {
  std::string name = "built-in";
  uint64_t version = 0;
  crypto::Digest256 sha256{};  // of its canonical text (policy_text.h)

  std::vector<TrustModel> require = {
      TrustModel::kEkCert};  // all must hold, where no line says else
  std::vector<LineRule> lines;
  ExpiredEk expired_ek = ExpiredEk::kRefuse;
  RevocationUse revocation = RevocationUse::kPrefer;
  std::vector<uint32_t> vendors;  // allowed TCG vendor ids; empty: every known maker of hardware
  std::vector<FirmwareRule> firmware;
  EventLogUse event_log = EventLogUse::kRequire;
  std::vector<OpenBankRule> open_banks;
  GoldenUse golden = GoldenUse::kOff;  // the sets are the record's, not the policy's
  BootPolicy boot;                     // judged wherever an event log is
  // These refusals lead to quarantine instead: a certificate good for the quarantine profile only.
  std::vector<RefusalCode> quarantine;

  // The trust models a station's devices must satisfy, all of them. Empty means nobody may enrol.
  const std::vector<TrustModel>& RequiredAt(std::string_view station) const;
};

// True for refusals that say how a device started or how old its TPM is, not whom it is: only these
// may be listed under `quarantine`. After any other the evidence proves nothing to build on.
bool MayQuarantine(RefusalCode code);
// True for refusals that only say the EK certificate vouches for nothing. Where EKCert is not
// required they are findings; a certificate that contradicts the rest is refused everywhere.
bool OnlyLeavesUnvouched(RefusalCode code);

// The rule of `policy` against this TPM, null if there is none. A rule that denies comes before one
// that asks for an update.
const FirmwareRule* FindFirmwareRule(const AttestationPolicy& policy, uint32_t vendor,
                                     std::string_view model, uint64_t firmware_version);

}  // namespace preseal::server
