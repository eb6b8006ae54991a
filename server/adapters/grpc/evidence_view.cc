// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/evidence_view.h"

#include <nlohmann/json.hpp>

#include "server/adapters/grpc/convert.h"

namespace preseal::server {

Status FillEvidence(const AttestationRecord& record, fleet::v1::AttestationEvidence* out) {
  out->set_challenge(ToString(record.challenge));
  out->set_evidence(ToString(record.evidence));
  out->set_credential(ToString(record.credential));
  out->set_proof(ToString(record.proof));
  out->set_server_leaf_sha256(ToString(record.server_leaf_sha256));
  out->set_quote_qualifying_data(ToString(record.quote_qualifying_data));
  out->set_certify_qualifying_data(ToString(record.certify_qualifying_data));
  out->set_accepted(record.accepted);
  out->set_refusal_code(record.refusal_code);
  SetTime(record.decide_time, out->mutable_decide_time());
  out->set_device_certificate(ToString(record.certificate));
  const auto findings = nlohmann::json::parse(record.findings, nullptr, false);
  if (!findings.is_array()) return DataLoss("the stored findings are not a JSON array");
  for (const auto& row : findings) {
    if (!row.is_object()) return DataLoss("a stored finding is not a JSON object");
    auto* finding = out->add_findings();
    finding->set_number(row.value("number", 0u));
    finding->set_check(row.value("check", ""));
    finding->set_verdict(row.value("verdict", ""));
    finding->set_code(row.value("code", ""));
    finding->set_seen(row.value("seen", ""));
    finding->set_expected(row.value("expected", ""));
  }
  return OkStatus();
}

}  // namespace preseal::server
