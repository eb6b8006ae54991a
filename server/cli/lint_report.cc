// SPDX-License-Identifier: Apache-2.0
#include "server/cli/lint_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace preseal::server::cli {
namespace {

using nlohmann::ordered_json;

// A finding's code is the server's answer where it does not allow this: its remedy helps too.
std::string RemedyOf(const LintFinding& finding) {
  if (!finding.remedy.empty()) return finding.remedy;
  const RefusalInfo* info = InfoOf(finding.code);
  return info == nullptr ? std::string() : std::string(info->remedy);
}

ordered_json FindingJson(const LintFinding& finding) {
  ordered_json json;
  json["number"] = finding.number;
  json["check"] = finding.check;
  json["verdict"] = NameOf(finding.verdict);
  json["code"] = NameOf(finding.code);
  json["seen"] = finding.seen;
  json["expected"] = finding.expected;
  json["remedy"] = RemedyOf(finding);
  return json;
}

ordered_json PcrsJson(const LintPcrs& pcrs) {
  ordered_json banks = ordered_json::object();
  for (const auto& [bank, values] : pcrs) {
    ordered_json& json = banks[bank] = ordered_json::object();
    for (const auto& [pcr, hex] : values) json[std::to_string(pcr)] = hex;
  }
  return banks;
}

bool IsCertificate(LintKind kind) {
  return kind == LintKind::kEkCertificate || kind == LintKind::kCaCertificate ||
         kind == LintKind::kPlatformCertificate;
}

Tone ToneOf(LintVerdict verdict) {
  switch (verdict) {
    case LintVerdict::kValid:
      return Tone::kGood;
    case LintVerdict::kFindings:
      return Tone::kWarn;
    case LintVerdict::kRefused:
      return Tone::kBad;
  }
  return Tone::kPlain;
}

std::string FileOf(const LintLine& line) {
  return line.result.index ? fmt::format("{} [{}]", line.file, *line.result.index) : line.file;
}

Cell Plain(std::string_view text) { return {std::string(text)}; }

}  // namespace

void Count(LintCounts& counts, const LintResult& result) {
  switch (result.verdict()) {
    case LintVerdict::kValid:
      ++counts.valid;
      break;
    case LintVerdict::kFindings:
      ++counts.findings;
      break;
    case LintVerdict::kRefused:
      ++counts.refused;
      break;
  }
}

std::string LintSummary(const LintCounts& counts) {
  std::string text = fmt::format("{} judged: {} valid, {} with findings, {} refused",
                                 counts.valid + counts.findings + counts.refused, counts.valid,
                                 counts.findings, counts.refused);
  if (counts.unreadable > 0) text += fmt::format("; {} could not be read", counts.unreadable);
  return text;
}

std::string LintJsonLine(std::string_view file, const LintResult& result) {
  ordered_json json;
  json["file"] = file;
  if (result.index) json["index"] = *result.index;
  json["kind"] = NameOf(result.kind);
  json["verdict"] = NameOf(result.verdict());
  json["code"] = NameOf(result.code());
  json["findings"] = ordered_json::array();
  for (const LintFinding& finding : result.findings) {
    json["findings"].push_back(FindingJson(finding));
  }
  if (result.kind == LintKind::kEventLog) json["pcrs"] = PcrsJson(result.pcrs.value_or(LintPcrs()));
  if (IsCertificate(result.kind)) {
    json["spki"] = result.spki;
    json["manufacturer"] = result.manufacturer;
    json["model"] = result.model;
    json["version"] = result.version;
    json["chain"] = result.chain;
  }
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Report LintReport(const std::vector<LintLine>& lines) {
  Section verdicts;
  verdicts.table.columns = {"Verdict", "Kind", "Code", "File"};
  verdicts.when_empty = "no files";
  Section findings;
  findings.title = "Findings";
  findings.table.columns = {"File", "Check", "Seen", "Expected", "Remedy"};
  Report report;
  report.csv.columns = {"file",   "index", "kind", "verdict",  "code",
                        "number", "check", "seen", "expected", "remedy"};
  for (const LintLine& line : lines) {
    const LintResult& result = line.result;
    const std::string file = FileOf(line);
    const LintVerdict verdict = result.verdict();
    verdicts.table.rows.push_back({{std::string(NameOf(verdict)), ToneOf(verdict), true},
                                   Plain(NameOf(result.kind)),
                                   Plain(NameOf(result.code())),
                                   Plain(file)});
    const std::vector<Cell> about = {
        Plain(line.file), Plain(result.index ? std::to_string(*result.index) : ""),
        Plain(NameOf(result.kind)), Plain(NameOf(verdict)), Plain(NameOf(result.code()))};
    for (const LintFinding& finding : result.findings) {
      const std::vector<Cell> what = {Plain(finding.seen), Plain(finding.expected),
                                      Plain(RemedyOf(finding))};
      std::vector<Cell> row = {Plain(file),
                               Plain(fmt::format("{} {}", finding.number, finding.check))};
      row.insert(row.end(), what.begin(), what.end());
      findings.table.rows.push_back(std::move(row));
      std::vector<Cell> flat = about;
      flat.push_back(Plain(std::to_string(finding.number)));
      flat.push_back(Plain(finding.check));
      flat.insert(flat.end(), what.begin(), what.end());
      report.csv.rows.push_back(std::move(flat));
    }
    if (result.findings.empty()) {
      std::vector<Cell> flat = about;
      flat.resize(report.csv.columns.size());
      report.csv.rows.push_back(std::move(flat));
    }
  }
  report.sections.push_back(std::move(verdicts));
  if (!findings.table.rows.empty()) report.sections.push_back(std::move(findings));
  return report;
}

}  // namespace preseal::server::cli
