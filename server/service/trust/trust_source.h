// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "server/domain/attestation/attestation_policy.h"
#include "server/domain/attestation/trust_bundle.h"

namespace preseal::server {

// What devices are judged by. Immutable: a change makes a new one.
struct TrustBasis {
  AttestationPolicy policy;
  TrustBundle trust;
};

// The basis in force. Thread-safe. A pass takes it once and keeps it to its end, so that a change
// in between never judges half of the evidence by other rules.
class TrustSource {
 public:
  virtual ~TrustSource() = default;
  virtual std::shared_ptr<const TrustBasis> Current() const = 0;  // never null
};

// One that does not change.
class FixedTrust final : public TrustSource {
 public:
  explicit FixedTrust(TrustBasis basis)
      : basis_(std::make_shared<const TrustBasis>(std::move(basis))) {}
  std::shared_ptr<const TrustBasis> Current() const override { return basis_; }

 private:
  std::shared_ptr<const TrustBasis> basis_;
};

}  // namespace preseal::server
