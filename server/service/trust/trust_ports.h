// SPDX-License-Identifier: Apache-2.0
// What the trust desk needs of a store, of the floor's signing key, and of whoever can try a policy
// on past evidence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/status/status.h"
#include "server/domain/attestation/attestation_policy.h"

namespace preseal::server {

// A version of the trust bundle or of the policy. Never changed once stored.
struct StoredText {
  uint64_t version = 0;
  WallTime create_time;
  std::string author;
  std::string text;  // a trust file (trust_file.h), or a policy text (policy_text.h)
};

// A maker's certificate for an endorsement key, imported by a person.
struct CachedEkCertificate {
  Bytes spki_sha256;  // 32 bytes
  Bytes der;
  WallTime import_time;
  std::string author;
};

// Errors as in ports.h.
class TrustStore {
 public:
  virtual ~TrustStore() = default;
  // AlreadyExists: that version is taken.
  virtual Status PutBundle(const StoredText& bundle) = 0;
  virtual Status PutPolicy(const StoredText& policy) = 0;
  // The newest for version 0. NotFound.
  virtual StatusOr<StoredText> GetBundle(uint64_t version) = 0;
  virtual StatusOr<StoredText> GetPolicy(uint64_t version) = 0;
  // Newest first.
  virtual StatusOr<std::vector<StoredText>> ListPolicies(int limit) = 0;
  virtual Status PutEkCertificate(const CachedEkCertificate& certificate) = 0;  // insert or replace
  virtual StatusOr<CachedEkCertificate> FindEkCertificate(ByteView spki_sha256) = 0;  // NotFound
};

// The maker's certificate for the endorsement key with this SHA-256 of its SubjectPublicKeyInfo, in
// DER; empty if none was imported. For RecordFacts::cached_ek_certificate.
StatusOr<Bytes> FindCachedEkCertificate(TrustStore& store, ByteView spki_sha256);

// Signs statements about trust bundles (trust_file.h). Thread-safe.
class TrustSigner {
 public:
  virtual ~TrustSigner() = default;
  // JWS with kTrustStatementType.
  virtual StatusOr<std::string> SignTrust(std::string_view payload) const = 0;
  // What such a statement must lead to.
  virtual std::vector<crypto::Certificate> TrustRoots() const = 0;
};

// How one past attestation would have ended under another policy.
struct PolicyDifference {
  std::string device;  // D-1042
  std::string before;  // outcome or refusal code
  std::string after;
};

// Judges stored evidence again. Thread-safe.
class PolicyTrial {
 public:
  virtual ~PolicyTrial() = default;
  // Only what would differ, at most `limit`.
  virtual StatusOr<std::vector<PolicyDifference>> Try(const AttestationPolicy& candidate,
                                                      int limit) = 0;
};

}  // namespace preseal::server
