// SPDX-License-Identifier: Apache-2.0
// TrustDesk: what is demanded, version by version.
#include <fmt/format.h>

#include "server/domain/trust/policy_text.h"
#include "server/service/trust/trust_desk.h"

namespace preseal::server {
namespace {

constexpr int kDifferencesMax = 1000;  // more devices than that, and a person reads totals

}  // namespace

StatusOr<PolicyChange> TrustDesk::ApplyPolicy(const Principal& who, std::string_view text,
                                              bool dry_run) {
  RETURN_IF_ERROR(Require(who, Right::kManageTrust));
  ASSIGN_OR_RETURN(const AttestationPolicy candidate, ParsePolicyText(text));
  PolicyChange change;
  change.version = Current()->policy.version;
  if (trial_ != nullptr && dry_run) {
    ASSIGN_OR_RETURN(change.differences, trial_->Try(candidate, kDifferencesMax));
    change.tried = true;
  }
  if (dry_run) return change;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    const auto newest = tx.trust.GetPolicy(0);
    if (!newest.ok() && newest.status().code() != StatusCode::kNotFound) return newest.status();
    change.version = newest.ok() ? newest->version + 1 : 1;
    const WallTime now = clock_.Now();
    const std::string canonical = PolicyText(candidate);
    RETURN_IF_ERROR(tx.trust.PutPolicy({change.version, now, who.name, canonical}));
    return tx.audit.Record({now, who.name, "policy.apply", "policy",
                            fmt::format("version {}, sha256 {}", change.version,
                                        ToHex(crypto::Sha256(AsBytes(canonical))))});
  }));
  change.stored = true;
  RETURN_IF_ERROR(Refresh());
  return change;
}

StatusOr<StoredText> TrustDesk::Policy(uint64_t version) {
  const auto current = Current();
  if (version == 0 && current->policy.version == 0) {
    return StoredText{0, WallTime(), "", PolicyText(current->policy)};
  }
  StoredText policy;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(policy, tx.trust.GetPolicy(version));
    return OkStatus();
  }));
  return policy;
}

StatusOr<std::vector<StoredText>> TrustDesk::Policies(int limit) {
  std::vector<StoredText> policies;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(policies, tx.trust.ListPolicies(limit));
    return OkStatus();
  }));
  return policies;
}

}  // namespace preseal::server
