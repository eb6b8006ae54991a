// SPDX-License-Identifier: Apache-2.0
#include "server/domain/diagnosis/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "server/domain/diagnosis/thresholds.h"
#include "server/domain/diagnosis/trouble.h"

namespace preseal::server {
namespace {

// Several lines of one kind say no more than the first few.
void Add(std::vector<DiagnosisEvidence> more, std::vector<DiagnosisEvidence>* evidence) {
  for (DiagnosisEvidence& one : more) {
    const bool full = evidence->size() >= kDiagnosisEvidenceMax;
    const bool known = std::find(evidence->begin(), evidence->end(), one) != evidence->end();
    if (!full && !known) evidence->push_back(std::move(one));
  }
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool HoldsOneOf(std::string_view lower, std::span<const std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [lower](std::string_view part) {
    return lower.find(part) != std::string_view::npos;
  });
}

std::vector<DiagnosisEvidence> ByItemCode(const CaseFile& file,
                                          std::span<const std::string_view> codes) {
  std::vector<DiagnosisEvidence> evidence;
  for (const Item& item : file.items) {
    if (std::find(codes.begin(), codes.end(), item.code) == codes.end()) continue;
    if (InTrouble(item)) evidence.push_back(EvidenceOf(item));
  }
  return evidence;
}

// What texts are looked for in, once for all rules.
struct Said {
  std::string lower;
  DiagnosisEvidence evidence;
};

std::vector<Said> WhatIsSaid(const CaseFile& file) {
  std::vector<Said> said;
  std::set<std::string_view> troubled;
  for (const Item& item : file.items) {
    if (!InTrouble(item)) continue;
    troubled.insert(item.item_id.text());
    said.push_back({Lower(item.message), EvidenceOf(item)});
  }
  for (const JournalLine& line : file.journal) {
    // The agent's own lines belong to no item: they are told when something went wrong.
    const bool counts = line.item_id.empty() || troubled.contains(line.item_id);
    if (counts && line.kind == "log-line") said.push_back({Lower(line.text), EvidenceOf(line)});
  }
  return said;
}

std::vector<DiagnosisEvidence> ByText(const std::vector<Said>& said,
                                      std::span<const std::string_view> parts) {
  std::vector<DiagnosisEvidence> evidence;
  for (const Said& one : said) {
    if (HoldsOneOf(one.lower, parts)) evidence.push_back(one.evidence);
  }
  return evidence;
}

bool Names(std::string_view pattern, std::string_view code) {
  return pattern.ends_with('_') ? code.starts_with(pattern) : code == pattern;
}

std::vector<DiagnosisEvidence> ByRefusal(const CaseFile& file,
                                         std::span<const std::string_view> refusals) {
  const Failure& failure = file.device.failure;
  if (failure.code.empty()) return {};
  const bool named = std::any_of(refusals.begin(), refusals.end(), [&](std::string_view pattern) {
    return Names(pattern, failure.code);
  });
  if (!named) return {};
  std::string text = failure.code + ": " + failure.message;
  if (!failure.seen.empty()) text += fmt::format(" (seen: {})", failure.seen);
  return {{"device", Shortened(text)}};
}

}  // namespace

std::vector<Diagnosis> Diagnose(const CaseFile& file) {
  std::vector<Diagnosis> diagnoses;
  const std::vector<Said> said = WhatIsSaid(file);
  for (const DiagnosisRule& rule : DiagnosisRules()) {
    Diagnosis found{rule.name, rule.cause, rule.next_step, rule.confidence, {}};
    Add(ByRefusal(file, rule.refusals), &found.evidence);
    Add(ByItemCode(file, rule.item_codes), &found.evidence);
    Add(ByText(said, rule.texts), &found.evidence);
    if (rule.find != nullptr) Add(rule.find(file), &found.evidence);
    if (!found.evidence.empty()) diagnoses.push_back(std::move(found));
  }
  return diagnoses;
}

std::string DiagnosisRulesMarkdown() {
  std::string text =
      "| rule | fires when | cause | next step | confidence |\n|---|---|---|---|---|\n";
  for (const DiagnosisRule& rule : DiagnosisRules()) {
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", rule.name, rule.when, rule.cause,
                        rule.next_step, rule.confidence);
  }
  return text;
}

}  // namespace preseal::server
