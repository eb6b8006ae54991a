// SPDX-License-Identifier: Apache-2.0
#include "server/domain/evidence/trust_used.h"

#include <set>
#include <string>
#include <utility>

#include "common/base/limits.h"
#include "common/tpmwire/ek_certificate.h"

namespace preseal::server {
namespace {

using Certificates = std::vector<crypto::Certificate>;

// Names of possible issuers, grown until nothing new turns up.
class Names {
 public:
  explicit Names(std::string first) : names_{std::move(first)} {}
  bool Holds(const crypto::Certificate& certificate) const { return Holds(certificate.subject()); }
  bool Holds(const std::string& name) const { return names_.contains(name); }
  // True if a name was new.
  bool Follow(const Certificates& pool) {
    const size_t before = names_.size();
    for (const crypto::Certificate& candidate : pool) {
      if (Holds(candidate)) names_.insert(candidate.issuer());
    }
    return names_.size() != before;
  }

 private:
  std::set<std::string> names_;
};

Certificates SentChain(const AttestationEvidence& evidence) {
  Certificates sent;
  for (const Bytes& der : evidence.ek_chain) {
    if (auto certificate = crypto::Certificate::FromDer(der); certificate.ok()) {
      sent.push_back(*std::move(certificate));
    }
  }
  return sent;
}

StatusOr<crypto::Certificate> Leaf(const AttestationEvidence& evidence, const RecordFacts& facts) {
  const Bytes& stored =
      evidence.ek_certificate.empty() ? facts.cached_ek_certificate : evidence.ek_certificate;
  ASSIGN_OR_RETURN(const auto unwrapped, tpmwire::UnwrapNvCertificate(stored));
  return crypto::Certificate::FromDer(unwrapped.der);
}

std::vector<Bytes> Named(const Certificates& pool, const Names& names) {
  std::vector<Bytes> out;
  for (const crypto::Certificate& certificate : pool) {
    if (out.size() == kEvidenceTrustCertificatesMax) break;
    if (names.Holds(certificate)) out.push_back(certificate.der());
  }
  return out;
}

StatusOr<Certificates> Parsed(const std::vector<Bytes>& list) {
  Certificates out;
  for (const Bytes& der : list) {
    ASSIGN_OR_RETURN(auto certificate, crypto::Certificate::FromDer(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

void KeepNotes(const TrustBundle& trust, const std::vector<Bytes>& kept, TrustRecord* record) {
  for (const Bytes& der : kept) {
    const auto note = trust.notes.find(crypto::Sha256(der));
    if (note != trust.notes.end()) record->notes.insert(*note);
  }
}

}  // namespace

TrustRecord TrustUsed(const TrustBundle& trust, const AttestationEvidence& evidence,
                      const RecordFacts& facts) {
  TrustRecord record{.version = trust.version, .sha256 = trust.sha256};
  record.eku_optional = trust.eku_optional;
  const auto leaf = Leaf(evidence, facts);
  if (!leaf.ok()) return record;  // no path is looked for
  const Certificates sent = SentChain(evidence);
  Names names(leaf->issuer());
  bool grown = true;
  for (size_t depth = 0; grown && depth < kEkChainDepthMax; ++depth) {
    grown = false;
    for (const Certificates* pool : {&trust.roots, &trust.lab_roots, &trust.intermediates, &sent}) {
      grown = names.Follow(*pool) || grown;
    }
  }
  record.roots = Named(trust.roots, names);
  record.intermediates = Named(trust.intermediates, names);
  record.lab_roots = Named(trust.lab_roots, names);
  for (const crypto::RevocationList& list : trust.revocations) {
    if (names.Holds(list.issuer())) record.revocations.push_back(list.der());
  }
  for (const auto* kept : {&record.roots, &record.intermediates, &record.lab_roots}) {
    KeepNotes(trust, *kept, &record);
  }
  return record;
}

StatusOr<TrustBundle> ToBundle(const TrustRecord& record) {
  TrustBundle bundle;
  bundle.version = record.version;
  bundle.sha256 = record.sha256;
  ASSIGN_OR_RETURN(bundle.roots, Parsed(record.roots));
  ASSIGN_OR_RETURN(bundle.intermediates, Parsed(record.intermediates));
  ASSIGN_OR_RETURN(bundle.lab_roots, Parsed(record.lab_roots));
  for (const Bytes& der : record.revocations) {
    ASSIGN_OR_RETURN(auto list, crypto::RevocationList::FromDer(der));
    bundle.revocations.push_back(std::move(list));
  }
  bundle.eku_optional = record.eku_optional;
  bundle.notes = record.notes;
  return bundle;
}

}  // namespace preseal::server
