// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "common/base/bytes.h"
#include "server/domain/attestation/attestation_checks.h"

namespace preseal::server {
namespace {

const std::vector<TrustModel>& Required(const Examination& e) {
  return e.context.policy->RequiredAt(e.context.record.station);
}

bool Requires(const Examination& e, TrustModel model) {
  const auto& required = Required(e);
  return std::find(required.begin(), required.end(), model) != required.end();
}

// A policy that asks for nothing would let everybody in.
CheckResult SomethingIsRequired(Examination& e) {
  if (!Required(e).empty()) return Pass();
  return Refuse(RefusalCode::kTrustModel, "the policy requires nothing",
                "at least one trust model");
}

CheckResult EkIsListed(Examination& e) {
  if (e.context.record.ek_listed) {
    e.trust_models.push_back(TrustModel::kEkPub);
    return Pass();
  }
  if (!Requires(e, TrustModel::kEkPub)) return Pass();
  return Refuse(RefusalCode::kEkNotListed, "EK " + ToHex(e.ek_spki_sha256),
                "an EK on the order's list");
}

// The groups before have refused a bad certificate already, wherever one is required.
CheckResult EkIsCertified(Examination& e) {
  if (e.path.found && !e.unvouched) e.trust_models.push_back(TrustModel::kEkCert);
  return Pass();
}

CheckResult PersonVouches(Examination& e) {
  const TokenState token = e.context.record.token;
  if (token == TokenState::kVouched) {
    e.trust_models.push_back(TrustModel::kToken);
    return Pass();
  }
  if (token == TokenState::kNone || !Requires(e, TrustModel::kToken)) return Pass();
  return Refuse(RefusalCode::kApprovalPending, "a good order code, nobody approved yet",
                "the approval of a named person");
}

std::string NamesOf(const std::vector<TrustModel>& models) {
  std::string names;
  for (const TrustModel model : models) {
    if (!names.empty()) names += ", ";
    names += NameOf(model);
  }
  return names.empty() ? "none" : names;
}

CheckResult AllRequiredHold(Examination& e) {
  for (const TrustModel model : Required(e)) {
    if (std::find(e.trust_models.begin(), e.trust_models.end(), model) != e.trust_models.end()) {
      continue;
    }
    return Refuse(RefusalCode::kTrustModel, NamesOf(e.trust_models), NamesOf(Required(e)));
  }
  return Pass();
}

constexpr AttestationCheck kChecks[] = {
    {551, "policy requires a trust model", SomethingIsRequired},
    {552, "EK is on the order's list", EkIsListed},
    {553, "EK is vouched for by its maker", EkIsCertified},
    {554, "EK is vouched for by a person", PersonVouches},
    {555, "every required trust model holds", AllRequiredHold},
};

}  // namespace

AttestationChecks TrustModelChecks() { return kChecks; }

}  // namespace preseal::server
