// SPDX-License-Identifier: Apache-2.0
// Names cause and next step of common failures, with what was seen. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/diagnosis/case_file.h"

namespace preseal::server {

// Where something was seen ("event 17", "item office-suite", "device"), and what.
struct DiagnosisEvidence {
  std::string source;
  std::string text;

  bool operator==(const DiagnosisEvidence&) const = default;
};

struct Diagnosis {
  std::string_view rule;
  std::string_view cause;
  std::string_view next_step;
  uint32_t confidence = 0;
  std::vector<DiagnosisEvidence> evidence;  // 1..kDiagnosisEvidenceMax
};

// One rule. It fires when any of its signs is there; a sign is a row of data, except for `find`,
// which looks at what no text says. Only items in trouble are looked at: those that failed, stall
// or needed a second attempt. What an item that went well wrote in its log is no sign.
struct DiagnosisRule {
  std::string_view name;       // DISK_FULL_ON_TARGET; never renamed
  std::string_view when;       // for docs/diagnostics.md
  std::string_view cause;      // one plain sentence
  std::string_view next_step;  // what to do
  uint32_t confidence = 0;     // 1..100
  // Item codes (docs/formats.md "Item codes").
  std::span<const std::string_view> item_codes = {};
  // Lower-case parts of a line, compared without case, in messages and log lines.
  std::span<const std::string_view> texts = {};
  // Refusal codes of the device's failure; one that ends in '_' stands for all that begin so.
  std::span<const std::string_view> refusals = {};
  std::vector<DiagnosisEvidence> (*find)(const CaseFile&) = nullptr;
};

// All rules, most certain first; names are unique.
std::span<const DiagnosisRule> DiagnosisRules();

// What the rules see, most likely first; empty when none fires. Never fails.
std::vector<Diagnosis> Diagnose(const CaseFile& file);

// docs/diagnostics.md's table.
std::string DiagnosisRulesMarkdown();

}  // namespace preseal::server
