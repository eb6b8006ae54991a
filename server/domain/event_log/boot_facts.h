// SPDX-License-Identifier: Apache-2.0
// What a log proves about a boot, once its replay equals a quote: taken only from bytes the digests
// vouch for (data_rules.h). Pure, thread-safe.
//
// Every text is escaped and at most kShownBytesMax bytes, so safe to show; every list is at most
// kBootFactsMax long.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/domain/event_log/data_rules.h"
#include "server/domain/event_log/event_log.h"
#include "server/domain/event_log/signature_list.h"

namespace preseal::server {

enum class SecureBootState {
  kNotLogged,
  kOff,        // one byte other than 1, or an empty variable
  kOn,         // exactly one byte, 1
  kMalformed,  // more than one byte
};

// One of PK, KEK, db, dbx as measured into PCR 7 before the separator.
struct SignatureDatabase {
  bool logged = false;  // absent is not empty
  SignatureLists lists;
};

enum class AuthorityKind { kCertificate, kImageHash, kOther };

// What an image that ran was allowed by (EV_EFI_VARIABLE_AUTHORITY).
struct AuthorityFact {
  uint32_t event = 0;
  uint32_t pcr = 0;
  std::string variable;  // "db", "Shim", "SbatLevel"
  AuthorityKind kind = AuthorityKind::kOther;
  // SHA-256, lower-case hex: of the certificate's DER; kImageHash: the hash itself; else of the
  // data.
  std::string fingerprint;
  std::string subject;  // kCertificate only
};

struct SeparatorFact {
  uint32_t event = 0;
  uint32_t pcr = 0;
  bool firmware_error = false;  // its digest is that of 00000001
  std::string data;             // hex
};

struct BootEntryFact {
  uint32_t event = 0;
  std::string name;            // "BootOrder", "Boot0001"
  bool name_attested = false;  // the digest covers the name, not only the content
  std::string description;     // of a load option
  std::string path;            // file path in its device path, if any
  bool well_formed = true;     // a load option whose lengths fit
};

struct TextFact {
  uint32_t event = 0;
  std::string text;
};

// Windows' event containers (SIPA, "WBCL") in PCR 11 to 14, up to the WBCL separator. Shown, never
// decisive.
struct EventTagFacts {
  uint32_t events = 0;  // whose digest covers the data
  uint32_t items = 0;
  int depth = 0;  // at most kEventTagDepthMax
  bool too_deep = false;
  bool malformed = false;
};

struct QuirkFact {
  uint32_t event = 0;
  std::string text;
};

struct BootFacts {
  SecureBootState secure_boot = SecureBootState::kNotLogged;
  std::optional<bool> setup_mode;  // nothing: not logged
  std::optional<bool> audit_mode;
  std::optional<bool> deployed_mode;
  SignatureDatabase pk, kek, db, dbx;
  std::vector<AuthorityFact> authorities;
  std::vector<SeparatorFact> separators;
  bool debug_mode = false;               // "UEFI Debug Mode"
  bool dma_protection_disabled = false;  // "DMA Protection Disabled"
  bool calling_boot_option = false;      // "Calling EFI Application from Boot Option"
  bool application_before_call = false;  // a boot application was measured before that
  bool exit_boot_services = false;       // ... "Returned with Success"
  std::vector<BootEntryFact> boot_entries;
  std::vector<TextFact> kernel_command_lines;  // PCR 8
  std::vector<TextFact> boot_loader_commands;  // PCR 8
  EventTagFacts event_tags;
  std::vector<QuirkFact> quirks;
  std::map<uint32_t, size_t> events_by_pcr;  // measured ones
  size_t measured = 0;
  size_t opaque = 0;    // measured, data not vouched for
  size_t altered = 0;   // data no rule ties to the digest although one must
  size_t left_out = 0;  // facts beyond kBootFactsMax
};

//   bindings  BindAll(log)
// Says nothing about whether the log is true: JudgeEventLog does.
BootFacts CollectBootFacts(const ParsedEventLog& log, const std::vector<DataBinding>& bindings);

// EscapeForLog with our limit.
std::string Shown(std::string_view text);

}  // namespace preseal::server
