// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/enrollment.h"

#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "server/service/enrollment/enrollment_pass.h"
#include "server/service/flow/dispatcher.h"

namespace preseal::server {

StatusOr<std::unique_ptr<EnrollmentPass>> Enrollment::Begin(
    std::string station, std::string peer, const crypto::Digest256& server_leaf_sha256) {
  ChallengeFacts challenge;
  ASSIGN_OR_RETURN(challenge.session_id, crypto::RandomBytes(kSessionIdBytes));
  ASSIGN_OR_RETURN(challenge.nonce, crypto::RandomBytes(kNonceBytes));
  challenge.server_time = parts_.clock.Now();
  challenge.expire_time = challenge.server_time + kEnrollmentSessionMax;
  challenge.pcrs = QuotedPcrs();
  auto basis = parts_.trust.Current();
  challenge.policy_sha256 = ToBytes(ByteView(basis->policy.sha256));
  challenge.trust_bundle_sha256 = ToBytes(ByteView(basis->trust.sha256));
  if (in_flight_.fetch_add(1) >= kEnrollmentsInFlightMax) {
    in_flight_.fetch_sub(1);
    return ResourceExhausted("too many devices enrol at once, try again shortly");
  }
  return std::unique_ptr<EnrollmentPass>(
      std::make_unique<Pass>(*this, std::move(station), std::move(peer), server_leaf_sha256,
                             std::move(challenge), std::move(basis)));
}

std::string FindingsJson(const std::vector<AttestationFinding>& findings) {
  auto rows = nlohmann::json::array();
  for (const AttestationFinding& finding : findings) {
    rows.push_back({{"number", finding.number},
                    {"check", finding.check},
                    {"verdict", NameOf(finding.verdict)},
                    {"code", NameOf(finding.code)},
                    {"seen", finding.seen},
                    {"expected", finding.expected}});
  }
  return rows.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace preseal::server
