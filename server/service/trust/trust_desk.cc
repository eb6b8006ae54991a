// SPDX-License-Identifier: Apache-2.0
#include "server/service/trust/trust_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/log/log.h"
#include "server/domain/trust/policy_text.h"

namespace preseal::server {
namespace {

constexpr char kSubject[] = "trust";

std::string HexOf(const crypto::Digest256& digest) { return ToHex(digest); }

std::string_view TextOf(Merge merge) {
  switch (merge) {
    case Merge::kAdded:
      return "added";
    case Merge::kUnchanged:
      return "unchanged";
    case Merge::kChanged:
      return "changed";
  }
  return "";
}

std::string Joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, "; "));
}

TrustImportResult MergeOne(const Anchor& anchor, WallTime now, TrustDocument* document) {
  const crypto::Certificate& certificate = anchor.certificate;
  TrustImportResult result{certificate.subject(), HexOf(certificate.fingerprint()), "refused", ""};
  const AnchorOpinion opinion = Examine(certificate, anchor.role, now);
  result.why = opinion.refusal;
  if (anchor.vendor.size() > kVendorBytesMax) result.why = "its vendor's name is too long";
  if (!result.why.empty()) return result;
  result.outcome = TextOf(MergeAnchor(anchor, document));
  result.why = Joined(opinion.findings);
  return result;
}

// A list nobody of the bundle signed would only cost time.
bool SignedByAnyOf(const crypto::RevocationList& list, const TrustDocument& document) {
  return std::any_of(
      document.anchors.begin(), document.anchors.end(),
      [&list](const Anchor& anchor) { return list.IsSignedBy(anchor.certificate, true); });
}

TrustImportResult MergeOne(const Bytes& der, WallTime now, TrustDocument* document) {
  TrustImportResult result{"", HexOf(crypto::Sha256(der)), "refused", ""};
  const auto list = crypto::RevocationList::FromDer(der);
  if (!list.ok()) {
    result.why = MessageOf(list.status());
    return result;
  }
  result.subject = list->issuer();
  if (!SignedByAnyOf(*list, *document)) {
    result.why = "signed by no authority of the bundle: import that first";
    return result;
  }
  result.outcome = TextOf(MergeRevocations(*list, document));
  if (!list->IsCurrentAt(now)) result.why = "not current: get a newer one";
  return result;
}

Status CheckSize(const TrustDocument& document) {
  if (document.anchors.size() > kTrustAnchorsMax) {
    return ResourceExhausted("too many certificates for one trust bundle");
  }
  if (document.revocations.size() > kTrustListsMax) {
    return ResourceExhausted("too many revocation lists for one trust bundle");
  }
  if (TrustText(document).size() > kTrustBundleBytesMax) {
    return ResourceExhausted("trust bundle would be too large: remove vendors or long lists");
  }
  return OkStatus();
}

bool AnyRefused(const std::vector<TrustImportResult>& results) {
  return std::any_of(results.begin(), results.end(),
                     [](const auto& result) { return result.outcome == "refused"; });
}

TrustDocument DocumentOf(const TrustBundle& seed) {
  TrustDocument document;
  const std::pair<const std::vector<crypto::Certificate>*, AnchorRole> kPools[] = {
      {&seed.roots, AnchorRole::kRoot},
      {&seed.intermediates, AnchorRole::kIntermediate},
      {&seed.lab_roots, AnchorRole::kLab}};
  for (const auto& [pool, role] : kPools) {
    for (const crypto::Certificate& one : *pool) MergeAnchor({one, role, "", ""}, &document);
  }
  return document;
}

// How many certificates of the configuration the bundle lacks.
size_t MissingOf(const TrustBundle& seed, TrustDocument document) {
  size_t missing = 0;
  for (Anchor& anchor : DocumentOf(seed).anchors) {
    missing += MergeAnchor(std::move(anchor), &document) == Merge::kUnchanged ? 0 : 1;
  }
  return missing;
}

}  // namespace

StatusOr<Bytes> FindCachedEkCertificate(TrustStore& store, ByteView spki_sha256) {
  auto found = store.FindEkCertificate(spki_sha256);
  if (found.ok()) return std::move(found->der);
  if (found.status().code() == StatusCode::kNotFound) return Bytes();
  return found.status();
}

StatusOr<std::unique_ptr<TrustDesk>> TrustDesk::Open(Store& store, const TrustSigner& signer,
                                                     const Clock& clock, TrustBasis seed) {
  auto desk = std::unique_ptr<TrustDesk>(new TrustDesk(store, signer, clock, std::move(seed)));
  RETURN_IF_ERROR(desk->SeedStore());
  RETURN_IF_ERROR(desk->Refresh());
  return desk;
}

std::shared_ptr<const TrustBasis> TrustDesk::Current() const { return *current_.Lock(); }

Status TrustDesk::SeedStore() {
  return store_.WriteAndWait([this](Tx& tx) -> Status {
    const auto stored = Read(tx);
    if (stored.ok()) {
      // The configuration seeds once; from then on only an administrator changes what counts.
      const size_t missing = MissingOf(seed_.trust, *stored);
      if (missing > 0) {
        log::Warning("certificates of the configuration are not in the trust bundle as it says",
                     {{"count", static_cast<int64_t>(missing)}});
      }
      return OkStatus();
    }
    if (stored.status().code() != StatusCode::kNotFound) return stored.status();
    TrustDocument document = DocumentOf(seed_.trust);
    document.version = 1;
    const Principal server{"server", Role::kAdmin, {}};
    return Put(tx, document, server, "trust.seed", "from the configuration");
  });
}

Status TrustDesk::Refresh() {
  TrustBasis basis;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const TrustDocument document, Read(tx));
    basis.trust = ToBundle(document);
    const auto policy = tx.trust.GetPolicy(0);
    if (policy.ok()) {
      ASSIGN_OR_RETURN(basis.policy, ParsePolicyText(policy->text));
      basis.policy.version = policy->version;
      return OkStatus();
    }
    basis.policy = seed_.policy;
    basis.policy.sha256 = crypto::Sha256(AsBytes(PolicyText(seed_.policy)));
    return policy.status().code() == StatusCode::kNotFound ? OkStatus() : policy.status();
  }));
  auto current = current_.Lock();
  // Two changes may come here out of order; neither part ever goes back.
  const TrustBasis* old = current->get();
  if (old == nullptr ||
      (basis.trust.version >= old->trust.version && basis.policy.version >= old->policy.version)) {
    *current = std::make_shared<const TrustBasis>(std::move(basis));
  }
  return OkStatus();
}

StatusOr<TrustDocument> TrustDesk::Read(Tx& tx) const {
  ASSIGN_OR_RETURN(const StoredText stored, tx.trust.GetBundle(0));
  ASSIGN_OR_RETURN(TrustFileVerdict verdict,
                   OpenTrustFile(stored.text, signer_.TrustRoots(), stored.create_time, 0));
  if (verdict.taken() && verdict.document->version == stored.version) {
    return *std::move(verdict.document);
  }
  return DataLoss(
      fmt::format("trust bundle {} was changed in the database: {} {}: restore a backup",
                  stored.version, NameOf(verdict.code), verdict.detail));
}

Status TrustDesk::Put(Tx& tx, const TrustDocument& document, const Principal& who,
                      std::string_view action, std::string_view detail) {
  RETURN_IF_ERROR(CheckSize(document));
  const std::string text = TrustText(document);
  ASSIGN_OR_RETURN(const std::string jws,
                   signer_.SignTrust(TrustStatement(document.version, text)));
  const WallTime now = clock_.Now();
  RETURN_IF_ERROR(tx.trust.PutBundle({document.version, now, who.name, JoinTrustFile(jws, text)}));
  return tx.audit.Record({now, who.name, std::string(action), kSubject,
                          fmt::format("version {}: {}", document.version, detail)});
}

StatusOr<TrustChange> TrustDesk::Change(const Principal& who, std::string_view action,
                                        std::string_view detail, bool dry_run, const Edit& edit) {
  RETURN_IF_ERROR(Require(who, Right::kManageTrust));
  TrustChange change;
  const auto job = [&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(TrustDocument document, Read(tx));
    change.version = document.version;
    ASSIGN_OR_RETURN(const bool differs, edit(&document));
    if (!differs) return OkStatus();
    RETURN_IF_ERROR(CheckSize(document));
    if (dry_run) return OkStatus();
    ++document.version;
    RETURN_IF_ERROR(Put(tx, document, who, action, detail));
    change.version = document.version;
    change.stored = true;
    return OkStatus();
  };
  RETURN_IF_ERROR(dry_run ? store_.Read(job) : store_.WriteAndWait(job));
  if (change.stored) RETURN_IF_ERROR(Refresh());
  return change;
}

StatusOr<TrustChange> TrustDesk::Import(const Principal& who, const TrustImport& import,
                                        bool dry_run) {
  std::vector<TrustImportResult> results;
  const WallTime now = clock_.Now();
  const std::string detail = fmt::format("{} certificates and {} revocation lists",
                                         import.anchors.size(), import.revocation_lists.size());
  ASSIGN_OR_RETURN(
      TrustChange change,
      Change(who, "trust.import", detail, dry_run, [&](TrustDocument* document) -> StatusOr<bool> {
        results.clear();
        for (const Anchor& anchor : import.anchors)
          results.push_back(MergeOne(anchor, now, document));
        for (const Bytes& der : import.revocation_lists) {
          results.push_back(MergeOne(der, now, document));
        }
        return !AnyRefused(results) &&
               std::any_of(results.begin(), results.end(),
                           [](const auto& result) { return result.outcome != "unchanged"; });
      }));
  change.results = std::move(results);
  return change;
}

StatusOr<TrustChange> TrustDesk::Remove(const Principal& who,
                                        const std::vector<std::string>& fingerprints,
                                        std::string_view vendor, bool dry_run) {
  std::vector<TrustImportResult> results;
  const auto asked = [&](const std::string& hex) {
    return std::find(fingerprints.begin(), fingerprints.end(), hex) != fingerprints.end();
  };
  const auto edit = [&](TrustDocument* document) -> StatusOr<bool> {
    results.clear();
    std::erase_if(document->anchors, [&](const Anchor& anchor) {
      const std::string hex = HexOf(anchor.certificate.fingerprint());
      if (!asked(hex) && (vendor.empty() || anchor.vendor != vendor)) return false;
      results.push_back({anchor.certificate.subject(), hex, "removed", ""});
      return true;
    });
    std::erase_if(document->revocations, [&](const crypto::RevocationList& list) {
      const std::string hex = HexOf(list.fingerprint());
      if (!asked(hex)) return false;
      results.push_back({list.issuer(), hex, "removed", "a revocation list"});
      return true;
    });
    if (results.size() < fingerprints.size() || results.empty()) {
      return NotFound("the trust bundle holds no such certificate, list or vendor");
    }
    return true;
  };
  const std::string detail = fmt::format("{} {}", vendor, fmt::join(fingerprints, " "));
  ASSIGN_OR_RETURN(TrustChange change, Change(who, "trust.remove", detail, dry_run, edit));
  change.results = std::move(results);
  return change;
}

StatusOr<TrustChange> TrustDesk::Narrow(const Principal& who, std::vector<std::string> vendors) {
  std::sort(vendors.begin(), vendors.end());
  vendors.erase(std::unique(vendors.begin(), vendors.end()), vendors.end());
  const auto edit = [&vendors](TrustDocument* document) -> StatusOr<bool> {
    for (const std::string& vendor : vendors) {
      const bool known =
          std::any_of(document->anchors.begin(), document->anchors.end(),
                      [&vendor](const Anchor& anchor) { return anchor.vendor == vendor; });
      if (!known) return NotFound("no certificate is of vendor " + vendor);
    }
    const bool differs = document->allowed_vendors != vendors;
    document->allowed_vendors = vendors;
    return differs;
  };
  return Change(who, "trust.narrow", Joined(vendors), false, edit);
}

StatusOr<TrustChange> TrustDesk::AcceptSha1(const Principal& who, std::string_view fingerprint,
                                            std::string_view reason) {
  if (reason.size() > kTrustReasonBytesMax) return InvalidArgument("reason is too long");
  const auto edit = [&](TrustDocument* document) -> StatusOr<bool> {
    for (Anchor& anchor : document->anchors) {
      if (HexOf(anchor.certificate.fingerprint()) != fingerprint) continue;
      const bool differs = anchor.sha1_reason != reason;
      anchor.sha1_reason = std::string(reason);
      return differs;
    }
    return NotFound("the trust bundle holds no such certificate");
  };
  return Change(who, "trust.sha1", fmt::format("{}: {}", fingerprint, reason), false, edit);
}

StatusOr<TrustFileVerdict> TrustDesk::ImportFile(const Principal& who, std::string_view file) {
  RETURN_IF_ERROR(Require(who, Right::kManageTrust));
  TrustFileVerdict verdict;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const TrustDocument current, Read(tx));
    const WallTime now = clock_.Now();
    ASSIGN_OR_RETURN(verdict, OpenTrustFile(file, signer_.TrustRoots(), now, current.version));
    if (!verdict.taken()) return OkStatus();
    RETURN_IF_ERROR(CheckSize(*verdict.document));
    const uint64_t version = verdict.document->version;
    RETURN_IF_ERROR(tx.trust.PutBundle({version, now, who.name, std::string(file)}));
    return tx.audit.Record(
        {now, who.name, "trust.import_bundle", kSubject, fmt::format("version {}", version)});
  }));
  if (verdict.taken()) RETURN_IF_ERROR(Refresh());
  return verdict;
}

StatusOr<StoredText> TrustDesk::Bundle(uint64_t version) {
  StoredText bundle;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(bundle, tx.trust.GetBundle(version));
    return OkStatus();
  }));
  return bundle;
}

StatusOr<TrustChange> TrustDesk::ImportEkCertificates(const Principal& who,
                                                      const std::vector<Bytes>& ders) {
  RETURN_IF_ERROR(Require(who, Right::kManageTrust));
  TrustChange change;
  change.version = Current()->trust.version;
  std::vector<CachedEkCertificate> certificates;
  for (const Bytes& der : ders) {
    TrustImportResult result{"", HexOf(crypto::Sha256(der)), "refused", ""};
    const auto certificate = crypto::Certificate::FromDer(der);
    if (!certificate.ok()) {
      result.why = MessageOf(certificate.status());
    } else {
      result.subject = certificate->subject();
      const auto spki = certificate->spki_sha256();
      if (certificate->is_ca()) {
        result.why = "an authority, not an endorsement key's certificate";
      } else {
        result.outcome = "added";
        certificates.push_back({Bytes(spki.begin(), spki.end()), der, clock_.Now(), who.name});
      }
    }
    change.results.push_back(std::move(result));
  }
  if (AnyRefused(change.results) || certificates.empty()) return change;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    for (const auto& one : certificates) RETURN_IF_ERROR(tx.trust.PutEkCertificate(one));
    return tx.audit.Record({clock_.Now(), who.name, "trust.ek_cache", kSubject,
                            fmt::format("{} certificates", certificates.size())});
  }));
  change.stored = true;
  return change;
}

}  // namespace preseal::server
