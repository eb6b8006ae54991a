// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/ek_path.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/base/limits.h"
#include "server/domain/attestation/ek_certificate_facts.h"

namespace preseal::server {
namespace {

using crypto::Certificate;
using Certificates = std::vector<Certificate>;

constexpr int kSecurityBitsMin = 112;  // SHA-1 and below are under it
constexpr int kSha1SecurityBits = 63;  // as OpenSSL counts it; MD5 has 39
constexpr int kRsaBitsMin = 2048;

// Critical extensions of an authority that are evaluated, or say nothing that could forbid an EK
// certificate below: policies matter only to who asks for one.
constexpr std::string_view kKnownCritical[] = {
    "2.5.29.15",  // keyUsage
    "2.5.29.19",  // basicConstraints
    "2.5.29.32",  // certificatePolicies
};

std::string Called(const Certificate& certificate) {
  return EscapeForLog(certificate.subject(), kNameBytesMax);
}

std::string Day(WallTime time) {
  if (time == WallTime::max()) return "never";
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

bool Holds(const Certificates* certificates, const Certificate& wanted) {
  return certificates != nullptr &&
         std::find(certificates->begin(), certificates->end(), wanted) != certificates->end();
}

bool Faultless(const Certificate& leaf, const EkPath& path, const TrustBundle* notes) {
  return WeakSignatureIn(leaf, path, notes).code == RefusalCode::kNone &&
         BadIssuerIn(path).code == RefusalCode::kNone &&
         IssuedOutOfTime(leaf, path).code == RefusalCode::kNone;
}

// Depth first, bounded twice: by depth, and by the signatures a device can make us check.
class Search {
 public:
  Search(const Certificate& leaf, const EkIssuers& issuers)
      : leaf_(leaf),
        issuers_(issuers),
        pools_{issuers.roots, issuers.lab_roots, issuers.intermediates, &issuers.sent} {}

  EkPath Run() {
    Extend(leaf_);
    if (!best_.found) best_.forged = forged_;
    return best_;
  }

 private:
  // True once a faultless path is found.
  bool Extend(const Certificate& child) {
    if (trail_.size() >= kEkChainDepthMax) return false;
    bool named = false;
    bool signed_by_any = false;
    for (const Certificates* pool : pools_) {
      if (pool == nullptr) continue;
      for (const Certificate& candidate : *pool) {
        if (!CouldIssue(candidate, child)) continue;
        if (signature_checks_++ >= kEkSignatureChecksMax) return false;
        named = true;
        if (!child.IsSignedBy(candidate)) continue;
        signed_by_any = true;
        if (Step(candidate)) return true;
      }
    }
    forged_ = forged_ || (named && !signed_by_any);
    return false;
  }

  // By name; loops end here.
  bool CouldIssue(const Certificate& candidate, const Certificate& child) const {
    return candidate.subject() == child.issuer() && candidate != child &&
           std::find(trail_.begin(), trail_.end(), candidate) == trail_.end();
  }

  bool Step(const Certificate& issuer) {
    trail_.push_back(issuer);
    const bool lab = Holds(issuers_.lab_roots, issuer);
    bool done = false;
    if (lab || Holds(issuers_.roots, issuer)) {
      const EkPath path{trail_, true, lab, false};
      done = Faultless(leaf_, path, issuers_.notes);
      if (done || !best_.found) best_ = path;
    } else {
      done = Extend(issuer);
    }
    trail_.pop_back();
    return done;
  }

  const Certificate& leaf_;
  const EkIssuers& issuers_;
  const std::array<const Certificates*, 4> pools_;
  Certificates trail_;
  EkPath best_;
  bool forged_ = false;
  size_t signature_checks_ = 0;
};

PathFault WeakKey(const Certificate& issuer) {
  const auto key = issuer.public_key();
  const bool strong =
      key.ok() && (key->kind() == crypto::KeyKind::kRsa ? key->bits() >= kRsaBitsMin
                                                        : key->bits() >= 2 * kSecurityBitsMin);
  if (strong) return {};
  return {RefusalCode::kEkSigAlgWeak, fmt::format("weak key of {}", Called(issuer)),
          "RSA of 2048 bits or more, or ECC of 224 or more"};
}

const crypto::Extension* UnknownCriticalIn(const Certificate& issuer) {
  for (const crypto::Extension& extension : issuer.extensions()) {
    const bool known = std::find(std::begin(kKnownCritical), std::end(kKnownCritical),
                                 extension.oid) != std::end(kKnownCritical);
    if (extension.critical && !known) return &extension;
  }
  return nullptr;
}

}  // namespace

EkPath FindEkPath(const Certificate& leaf, const EkIssuers& issuers) {
  return Search(leaf, issuers).Run();
}

EkIssuers EkIssuers::Of(const TrustBundle& trust, std::vector<Certificate> sent) {
  return {&trust.roots, &trust.lab_roots, &trust.intermediates, std::move(sent), &trust};
}

PathFault WeakSignatureIn(const Certificate& leaf, const EkPath& path, const TrustBundle* notes) {
  // The root is trusted as it is; its own signature never matters, its key does.
  bool sha1_accepted = false;
  for (size_t i = path.issuers.size(); i-- > 0;) {
    const Certificate& issuer = path.issuers[i];
    if (PathFault fault = WeakKey(issuer); fault.code != RefusalCode::kNone) return fault;
    // Said of an authority, it holds for all below.
    sha1_accepted = sha1_accepted || (notes != nullptr && notes->AllowsSha1Below(issuer));
    const Certificate& signed_by_it = i == 0 ? leaf : path.issuers[i - 1];
    const int bits_min = sha1_accepted ? kSha1SecurityBits : kSecurityBitsMin;
    if (SignatureSecurityBits(signed_by_it) >= bits_min) continue;
    return {RefusalCode::kEkSigAlgWeak,
            "weak signature on " + (i == 0 ? "the EK certificate" : Called(signed_by_it)),
            "SHA-256 or stronger"};
  }
  return {};
}

PathFault BadIssuerIn(const EkPath& path) {
  for (size_t i = 0; i < path.issuers.size(); ++i) {
    const Certificate& issuer = path.issuers[i];
    const auto usage = issuer.key_usage();
    if (!issuer.is_ca() || (usage && (*usage & crypto::kKeyCertSign) == 0)) {
      return {RefusalCode::kEkChainUntrusted, fmt::format("{} may not issue", Called(issuer)),
              "a certificate authority"};
    }
    if (const crypto::Extension* unknown = UnknownCriticalIn(issuer); unknown != nullptr) {
      return {RefusalCode::kEkChainUntrusted,
              fmt::format("{} has critical extension {}", Called(issuer), unknown->oid),
              "no constraints that are not evaluated"};
    }
    // pathLenConstraint counts the authorities between this one and the leaf.
    const auto length_max = issuer.path_length_max();
    if (length_max && static_cast<int64_t>(i) > *length_max) {
      return {RefusalCode::kEkChainUntrusted,
              fmt::format("{} authorities below {}", i, Called(issuer)),
              fmt::format("at most {}", *length_max)};
    }
  }
  return {};
}

PathFault IssuedOutOfTime(const Certificate& leaf, const EkPath& path) {
  for (const Certificate& issuer : path.issuers) {
    if (leaf.not_before() < issuer.not_before()) {
      return {RefusalCode::kEkNotYetValid,
              fmt::format("issued {}, {} valid from {}", Day(leaf.not_before()), Called(issuer),
                          Day(issuer.not_before())),
              "issued while its issuer was valid"};
    }
    if (leaf.not_before() > issuer.not_after()) {
      return {RefusalCode::kEkExpired,
              fmt::format("issued {}, {} valid until {}", Day(leaf.not_before()), Called(issuer),
                          Day(issuer.not_after())),
              "issued while its issuer was valid"};
    }
  }
  return {};
}

}  // namespace preseal::server
