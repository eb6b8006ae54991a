// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/birth_certificate.h"

#include <nlohmann/json.hpp>

#include "common/crypto/digest.h"
#include "server/service/flow/record_json.h"

namespace preseal::server {
namespace {

using nlohmann::json;

std::string Sha256Hex(ByteView bytes) { return ToHex(crypto::Sha256(bytes)); }

json AttestationJson(const BirthFacts& facts) {
  return {{"ak_name", ToHex(facts.ak_name)},
          {"attested", Iso8601(facts.attestation.decide_time)},
          {"ek_sha256", ToHex(facts.device.ek_spki_sha256)},
          {"evidence_sha256", ToHex(facts.attestation.evidence_sha256)},
          {"lab", facts.attestation.lab},
          {"seal_quote_sha256", Sha256Hex(facts.seal_quote_attest)},
          {"trust_models", json::array({"EKCert"})}};
}

}  // namespace

std::string BirthCertificateJson(const BirthFacts& facts) {
  const Device& device = facts.device;
  json payload = RecordHead(facts.issuer, facts.issue_time, device);
  payload.update({
      {"profile", {{"digest", facts.run.profile_digest}, {"name", facts.run.profile}}},
      {"attestation", AttestationJson(facts)},
      {"run",
       {{"attempt", facts.run.run_id.attempt()},
        {"started", Iso8601(facts.run.start_time)},
        {"finished", Iso8601(facts.run.end_time.value_or(facts.issue_time))}}},
      {"items", ItemsJson(facts.items)},
      {"waivers", WaiversJson(facts.items)},
      {"sealed_requested_by", facts.command.actor},
  });
  return payload.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace preseal::server
