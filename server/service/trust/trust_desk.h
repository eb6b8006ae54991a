// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/guarded.h"
#include "server/domain/trust/trust_document.h"
#include "server/domain/trust/trust_file.h"
#include "server/service/ports.h"
#include "server/service/principal.h"
#include "server/service/trust/trust_ports.h"
#include "server/service/trust/trust_source.h"

namespace preseal::server {

// One certificate or list of an import, and what became of it.
struct TrustImportResult {
  std::string subject;  // or the list's issuer
  std::string fingerprint;
  std::string outcome;  // "added", "changed", "unchanged", "refused"
  std::string why;      // of a refusal, or what to know
};

struct TrustChange {
  uint64_t version = 0;  // in force afterwards
  bool stored = false;   // false: nothing differed, something was refused, or a dry run
  std::vector<TrustImportResult> results;  // in the order asked
};

struct TrustImport {
  std::vector<Anchor> anchors;
  std::vector<Bytes> revocation_lists;  // DER
};

struct PolicyChange {
  uint64_t version = 0;  // in force afterwards
  bool stored = false;
  bool tried = false;  // whether past evidence could be judged again
  std::vector<PolicyDifference> differences;
};

// Keeps whose word counts and what is demanded: every change is a new version, signed, audited with
// its author, and in force for the next enrolment. Versions only grow. Thread-safe.
//
// Methods with a Principal need kManageTrust, checked here too; PermissionDenied. Every method:
// errors of the store.
class TrustDesk final : public TrustSource {
 public:
  // Takes up what the store holds, and makes `seed` version 1 of the bundle if it holds none. The
  // seed's policy is in force until one is applied. `store` and `signer` outlive this. DataLoss:
  // what is stored was changed by another hand.
  static StatusOr<std::unique_ptr<TrustDesk>> Open(Store& store, const TrustSigner& signer,
                                                   const Clock& clock, TrustBasis seed);

  std::shared_ptr<const TrustBasis> Current() const override;

  // All or nothing: one refused certificate, and nothing is stored. ResourceExhausted: the bundle
  // would exceed its limits.
  StatusOr<TrustChange> Import(const Principal& who, const TrustImport& import, bool dry_run);
  //   fingerprints  SHA-256 in hex, of certificates or revocation lists
  //   vendor        all of this vendor; empty: none
  // NotFound names a fingerprint or vendor that is not there.
  StatusOr<TrustChange> Remove(const Principal& who, const std::vector<std::string>& fingerprints,
                               std::string_view vendor, bool dry_run);
  // Only these vendors count; none: all. NotFound: no certificate is of such a vendor.
  StatusOr<TrustChange> Narrow(const Principal& who, std::vector<std::string> vendors);
  // SHA-1 below one authority, with a reason; an empty one ends it. NotFound.
  StatusOr<TrustChange> AcceptSha1(const Principal& who, std::string_view fingerprint,
                                   std::string_view reason);
  // A whole bundle, signed by this floor's key. A refusal is a value.
  StatusOr<TrustFileVerdict> ImportFile(const Principal& who, std::string_view file);
  // As a signed file; version 0: the one in force. NotFound.
  StatusOr<StoredText> Bundle(uint64_t version);

  // Makers' certificates for endorsement keys, in DER. All or nothing.
  StatusOr<TrustChange> ImportEkCertificates(const Principal& who, const std::vector<Bytes>& ders);

  //   text  as ParsePolicyText; InvalidArgument names the path of what is wrong
  StatusOr<PolicyChange> ApplyPolicy(const Principal& who, std::string_view text, bool dry_run);
  // Version 0: the one in force, which may have version 0 itself and no author. NotFound.
  StatusOr<StoredText> Policy(uint64_t version);
  StatusOr<std::vector<StoredText>> Policies(int limit);
  // Whom dry runs ask from now on; null: nobody. Call before serving.
  void set_trial(PolicyTrial* trial) { trial_ = trial; }

 private:
  // What changed, or an error; false: nothing did.
  using Edit = std::function<StatusOr<bool>(TrustDocument* document)>;

  TrustDesk(Store& store, const TrustSigner& signer, const Clock& clock, TrustBasis seed)
      : store_(store), signer_(signer), clock_(clock), seed_(std::move(seed)) {}

  Status SeedStore();
  Status Refresh();
  StatusOr<TrustDocument> Read(Tx& tx) const;
  Status Put(Tx& tx, const TrustDocument& document, const Principal& who, std::string_view action,
             std::string_view detail);
  StatusOr<TrustChange> Change(const Principal& who, std::string_view action,
                               std::string_view detail, bool dry_run, const Edit& edit);

  Store& store_;
  const TrustSigner& signer_;
  const Clock& clock_;
  const TrustBasis seed_;
  PolicyTrial* trial_ = nullptr;
  mutable Guarded<std::shared_ptr<const TrustBasis>> current_;
};

}  // namespace preseal::server
