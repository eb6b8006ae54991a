// SPDX-License-Identifier: Apache-2.0
#include "server/cli/views_identity.h"

#include <fmt/format.h>

#include "common/base/bytes.h"

namespace preseal::server::cli {
namespace {

using Row = std::vector<Cell>;

std::string Hex(const std::string& bytes) { return ToHex(AsBytes(bytes)); }

std::string KindText(identity_v1::WaitingTpm::Kind kind) {
  return kind == identity_v1::WaitingTpm::KIND_VOUCH ? "vouch" : "rebind";
}

std::string GoldenStateText(identity_v1::GoldenSet::State state) {
  switch (state) {
    case identity_v1::GoldenSet::STATE_PROPOSED:
      return "PROPOSED";
    case identity_v1::GoldenSet::STATE_APPROVED:
      return "APPROVED";
    case identity_v1::GoldenSet::STATE_RETIRED:
      return "RETIRED";
    default:
      return "unknown";
  }
}

Cell GoldenStateCell(identity_v1::GoldenSet::State state) {
  const Tone tone = state == identity_v1::GoldenSet::STATE_APPROVED   ? Tone::kGood
                    : state == identity_v1::GoldenSet::STATE_PROPOSED ? Tone::kWarn
                                                                      : Tone::kDim;
  return {GoldenStateText(state), tone, true};
}

std::string Approvers(const identity_v1::GoldenSet& set) {
  return set.second_approver().empty() ? set.first_approver()
                                       : set.first_approver() + ", " + set.second_approver();
}

Section Facts(const identity_v1::Identity& identity) {
  Section section{.facts = true};
  section.table.columns = {"", ""};
  section.table.rows = {
      {{"Device"}, {IdOf(identity.device())}},
      {{"Serial number"}, {identity.serial_number()}},
      {{"State"}, {identity.state()}},
      {{"Attempts"},
       {fmt::format("{} used, {} left", identity.attempts_used(), identity.attempts_left()),
        identity.attempts_left() == 0 ? Tone::kBad : Tone::kPlain}}};
  return section;
}

Section Tpms(const identity_v1::Identity& identity) {
  Section section{.title = "TPMs", .when_empty = "none yet"};
  section.table.columns = {"EK", "FROM", "TO", "APPROVED BY", "REASON", "ENDED BY", "WHY"};
  for (const auto& tpm : identity.tpms()) {
    section.table.rows.push_back({{Hex(tpm.ek_spki_sha256())},
                                  {TimeText(tpm.start_time())},
                                  {TimeText(tpm.end_time())},
                                  {tpm.approver()},
                                  {tpm.reason()},
                                  {tpm.end_actor()},
                                  {tpm.end_reason()}});
  }
  return section;
}

Section Proposals(const identity_v1::Identity& identity) {
  Section section{.title = "Waiting for a person", .when_empty = "none"};
  section.table.columns = {"EK", "FOR", "CODE", "TPM", "LAST SEEN", "APPROVED BY", "USED"};
  for (const auto& waiting : identity.proposals()) {
    section.table.rows.push_back({{Hex(waiting.ek_spki_sha256())},
                                  {KindText(waiting.kind())},
                                  {waiting.code()},
                                  {waiting.tpm_manufacturer() + " " + waiting.tpm_model()},
                                  {TimeText(waiting.last_time())},
                                  {waiting.approver()},
                                  {TimeText(waiting.use_time())}});
  }
  return section;
}

Section Certificates(const identity_v1::Identity& identity) {
  Section section{.title = "Certificates", .when_empty = "none"};
  section.table.columns = {"SERIAL", "ISSUED", "CONFIRMED", "ENDS", "REVOKED", "WHY"};
  for (const auto& certificate : identity.certificates()) {
    section.table.rows.push_back({{certificate.serial_number()},
                                  {TimeText(certificate.issue_time())},
                                  {TimeText(certificate.confirm_time())},
                                  {TimeText(certificate.not_after())},
                                  {TimeText(certificate.revoke_time())},
                                  {certificate.revoke_reason()}});
  }
  return section;
}

}  // namespace

Report IdentityReport(const identity_v1::Identity& identity) {
  Report report;
  report.sections = {Facts(identity), Tpms(identity), Proposals(identity), Certificates(identity)};
  report.csv.columns = {"device",   "kind",   "ek_spki_sha256", "start_time",
                        "end_time", "person", "reason",         "code"};
  const std::string device = IdOf(identity.device());
  for (const auto& tpm : identity.tpms()) {
    report.csv.rows.push_back({{device},
                               {"bound"},
                               {Hex(tpm.ek_spki_sha256())},
                               {TimeText(tpm.start_time())},
                               {TimeText(tpm.end_time())},
                               {tpm.approver()},
                               {tpm.reason()},
                               {""}});
  }
  for (const auto& waiting : identity.proposals()) {
    report.csv.rows.push_back({{device},
                               {KindText(waiting.kind())},
                               {Hex(waiting.ek_spki_sha256())},
                               {TimeText(waiting.first_time())},
                               {TimeText(waiting.use_time())},
                               {waiting.approver()},
                               {waiting.reason()},
                               {waiting.code()}});
  }
  report.json = ToJson(identity);
  return report;
}

Report EkImportReport(const identity_v1::ImportListedEksResponse& response) {
  Report report;
  Section section{.facts = true};
  section.table.columns = {"", ""};
  section.table.rows = {{{"Added"}, {std::to_string(response.added())}},
                        {{"Known"}, {std::to_string(response.known())}}};
  report.sections = {std::move(section)};
  report.csv = {{"added", "known"},
                {{{std::to_string(response.added())}, {std::to_string(response.known())}}}};
  report.json = ToJson(response);
  return report;
}

Report EkListReport(const identity_v1::ListListedEksResponse& response) {
  Report report;
  Section section{.when_empty = "no endorsement key is listed"};
  section.table.columns = {"EK", "BATCH", "FROM", "BY", "AT"};
  report.csv.columns = {"ek_spki_sha256", "batch", "source", "actor", "create_time"};
  for (const auto& ek : response.eks()) {
    const std::string batch = IdOf(ek.batch());
    const std::string time = TimeText(ek.create_time());
    section.table.rows.push_back({{Hex(ek.ek_spki_sha256())},
                                  {batch.empty() ? "every" : batch},
                                  {ek.source()},
                                  {ek.actor()},
                                  {time}});
    report.csv.rows.push_back(
        {{Hex(ek.ek_spki_sha256())}, {batch}, {ek.source()}, {ek.actor()}, {time}});
  }
  report.sections = {std::move(section)};
  report.json = ToJson(response);
  return report;
}

Report OrderCodesReport(const identity_v1::ListOrderCodesResponse& response) {
  Report report;
  Section section{.when_empty = "no order code was made"};
  section.table.columns = {"CODE", "BATCH", "LEFT", "OF", "EXPIRES", "BY", "REVOKED"};
  report.csv.columns = {"code", "batch", "uses_left", "uses", "expire_time", "actor", "revoked"};
  for (const auto& code : response.order_codes()) {
    const Row row = {{IdOf(code.name())},
                     {IdOf(code.batch())},
                     {std::to_string(code.uses_left())},
                     {std::to_string(code.uses())},
                     {TimeText(code.expire_time())},
                     {code.actor()},
                     {code.revoked() ? "yes" : "no"}};
    section.table.rows.push_back(row);
    report.csv.rows.push_back(row);
  }
  report.sections = {std::move(section)};
  report.json = ToJson(response);
  return report;
}

Report GoldenSetsReport(const identity_v1::ListGoldenSetsResponse& response) {
  Report report;
  Section section{.when_empty = "no model has golden values yet"};
  section.table.columns = {"ID",    "MANUFACTURER", "MODEL",      "VARIANT",
                           "STATE", "FROM",         "APPROVED BY"};
  report.csv.columns = {"id", "manufacturer", "model", "variant", "state", "proposer", "approvers"};
  for (const auto& set : response.golden_sets()) {
    Row row = {{IdOf(set.name())},
               {set.manufacturer()},
               {set.model()},
               {std::to_string(set.variant())},
               GoldenStateCell(set.state()),
               {IdOf(set.proposer())},
               {Approvers(set)}};
    report.csv.rows.push_back(row);
    section.table.rows.push_back(std::move(row));
  }
  report.sections = {std::move(section)};
  report.json = ToJson(response);
  return report;
}

Report GoldenSetReport(const identity_v1::GoldenSet& set) {
  Report report;
  Section facts{.facts = true};
  facts.table.columns = {"", ""};
  facts.table.rows = {{{"Golden set"}, {IdOf(set.name())}},
                      {{"Model"}, {set.manufacturer() + " " + set.model()}},
                      {{"State"}, GoldenStateCell(set.state())},
                      {{"From"}, {IdOf(set.proposer())}},
                      {{"Approved by"}, {Approvers(set)}}};
  Section values{.title = "PCR values"};
  values.table.columns = {"BANK", "PCR", "VALUE"};
  report.csv.columns = {"id", "bank", "pcr", "value"};
  for (const auto& value : set.values()) {
    const std::string bank = fmt::format("0x{:04X}", value.hash_algorithm());
    values.table.rows.push_back({{bank}, {std::to_string(value.pcr())}, {Hex(value.value())}});
    report.csv.rows.push_back(
        {{IdOf(set.name())}, {bank}, {std::to_string(value.pcr())}, {Hex(value.value())}});
  }
  report.sections = {std::move(facts)};
  if (set.values_size() > 0) report.sections.push_back(std::move(values));
  report.json = ToJson(set);
  return report;
}

}  // namespace preseal::server::cli
