// SPDX-License-Identifier: Apache-2.0
#include "server/domain/trust/trust_document.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/base/limits.h"
#include "common/crypto/encoding.h"
#include "server/domain/trust/strict_json.h"

namespace preseal::server {
namespace {

using crypto::Certificate;
using crypto::RevocationList;

constexpr EnumName<AnchorRole> kRoles[] = {{AnchorRole::kRoot, "root"},
                                           {AnchorRole::kIntermediate, "intermediate"},
                                           {AnchorRole::kLab, "lab"}};
constexpr int kRsaBitsMin = 2048;
constexpr int kEcBitsMin = 256;

// The document as it is written: certificates as text.
struct WrittenAnchor {
  std::string der;
  AnchorRole role = AnchorRole::kIntermediate;
  std::string vendor;
  std::string sha1_reason;
};
struct Written {
  std::string version;
  std::vector<WrittenAnchor> anchors;
  std::vector<std::string> allowed_vendors;
  std::vector<std::string> eku_optional;
  std::vector<std::string> revocations;
};

template <typename Codec>
void DescribeTrust(Codec& codec, Written& written) {
  codec.Text("version", written.version, 20);
  codec.List("anchors", written.anchors, kTrustAnchorsMax, [](auto& child, WrittenAnchor& anchor) {
    child.Text("der", anchor.der, 2 * kCertificateBytesMax);
    child.Enum("role", anchor.role, kRoles);
    child.Text("vendor", anchor.vendor, kVendorBytesMax);
    child.Text("sha1_reason", anchor.sha1_reason, kTrustReasonBytesMax);
  });
  codec.Texts("allowed_vendors", written.allowed_vendors, kPolicyListMax, kVendorBytesMax);
  codec.Texts("eku_optional", written.eku_optional, kPolicyListMax, kVendorBytesMax);
  codec.Texts("revocation_lists", written.revocations, kTrustListsMax, kTrustBundleBytesMax);
}

template <typename T, typename KeyOf>
bool Ascends(const std::vector<T>& list, KeyOf key) {
  return std::adjacent_find(list.begin(), list.end(), [&](const T& a, const T& b) {
           return !(key(a) < key(b));
         }) == list.end();
}

Status CheckOrder(const TrustDocument& document) {
  const auto text = [](const std::string& value) { return value; };
  if (!Ascends(document.anchors, [](const Anchor& a) { return a.certificate.fingerprint(); }) ||
      !Ascends(document.revocations, [](const RevocationList& l) { return l.fingerprint(); }) ||
      !Ascends(document.allowed_vendors, text) || !Ascends(document.eku_optional, text)) {
    return InvalidArgument("a list is not sorted, or names something twice");
  }
  return OkStatus();
}

StatusOr<TrustDocument> FromWritten(const Written& written) {
  TrustDocument document;
  if (written.version.empty() || written.version[0] == '0' ||
      written.version.find_first_not_of("0123456789") != std::string::npos ||
      written.version.size() > 18) {
    return InvalidArgument("version: must be a number above 0");
  }
  document.version = std::stoull(written.version);
  for (size_t i = 0; i < written.anchors.size(); ++i) {
    const WrittenAnchor& one = written.anchors[i];
    const std::string path = fmt::format("anchors[{}].der", i);
    ASSIGN_OR_RETURN_CTX(const Bytes der, crypto::Base64Decode(one.der), path);
    ASSIGN_OR_RETURN_CTX(const auto certificate, Certificate::FromDer(der), path);
    document.anchors.push_back({certificate, one.role, one.vendor, one.sha1_reason});
  }
  for (size_t i = 0; i < written.revocations.size(); ++i) {
    const std::string path = fmt::format("revocation_lists[{}]", i);
    ASSIGN_OR_RETURN_CTX(const Bytes der, crypto::Base64Decode(written.revocations[i]), path);
    ASSIGN_OR_RETURN_CTX(const auto list, RevocationList::FromDer(der), path);
    document.revocations.push_back(list);
  }
  document.allowed_vendors = written.allowed_vendors;
  document.eku_optional = written.eku_optional;
  RETURN_IF_ERROR(CheckOrder(document));
  return document;
}

bool Allowed(const TrustDocument& document, const Anchor& anchor) {
  return anchor.role == AnchorRole::kLab || document.allowed_vendors.empty() ||
         std::binary_search(document.allowed_vendors.begin(), document.allowed_vendors.end(),
                            anchor.vendor);
}

std::string Day(WallTime time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string WeakKey(const Certificate& certificate) {
  const auto key = certificate.public_key();
  if (!key.ok()) return "its key cannot be read";
  const bool rsa = key->kind() == crypto::KeyKind::kRsa;
  if (key->bits() >= (rsa ? kRsaBitsMin : kEcBitsMin)) return {};
  return fmt::format("its key has only {} bits", key->bits());
}

}  // namespace

std::string_view NameOf(AnchorRole role) {
  switch (role) {
    case AnchorRole::kRoot:
      return "root";
    case AnchorRole::kIntermediate:
      return "intermediate";
    case AnchorRole::kLab:
      return "lab";
  }
  return "";
}

std::string TrustText(const TrustDocument& document) {
  Written written;
  written.version = std::to_string(document.version);
  for (const Anchor& anchor : document.anchors) {
    written.anchors.push_back({crypto::Base64Encode(anchor.certificate.der()), anchor.role,
                               anchor.vendor, anchor.sha1_reason});
  }
  for (const RevocationList& list : document.revocations) {
    written.revocations.push_back(crypto::Base64Encode(list.der()));
  }
  written.allowed_vendors = document.allowed_vendors;
  written.eku_optional = document.eku_optional;
  JsonWriter writer;
  DescribeTrust(writer, written);
  return writer.Dump();
}

StatusOr<TrustDocument> ParseTrustText(std::string_view text) {
  if (text.size() > kTrustBundleBytesMax) return ResourceExhausted("trust bundle is too large");
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseStrictJson(text));
  JsonFault fault;
  Written written;
  JsonReader reader(json, "", &fault);
  DescribeTrust(reader, written);
  reader.Finish();
  RETURN_IF_ERROR(fault.ToStatus());
  ASSIGN_OR_RETURN(TrustDocument document, FromWritten(written));
  // One document, one text: or a digest would not name it.
  if (TrustText(document) != text) return InvalidArgument("trust bundle is not canonical");
  return document;
}

TrustBundle ToBundle(const TrustDocument& document) {
  TrustBundle bundle;
  bundle.version = document.version;
  bundle.sha256 = crypto::Sha256(AsBytes(TrustText(document)));
  for (const Anchor& anchor : document.anchors) {
    if (!Allowed(document, anchor)) continue;
    auto& pool = anchor.role == AnchorRole::kRoot  ? bundle.roots
                 : anchor.role == AnchorRole::kLab ? bundle.lab_roots
                                                   : bundle.intermediates;
    pool.push_back(anchor.certificate);
    bundle.notes[anchor.certificate.fingerprint()] = {anchor.vendor, anchor.sha1_reason};
  }
  bundle.eku_optional = document.eku_optional;
  bundle.revocations = document.revocations;
  return bundle;
}

AnchorOpinion Examine(const Certificate& certificate, AnchorRole role, WallTime now) {
  AnchorOpinion opinion;
  const auto usage = certificate.key_usage();
  const bool self_issued = certificate.subject_der() == certificate.issuer_der();
  if (!certificate.is_ca()) {
    opinion.refusal = "not a certificate authority";
  } else if (usage && (*usage & crypto::kKeyCertSign) == 0) {
    opinion.refusal = "may not sign certificates";
  } else if (role == AnchorRole::kRoot && self_issued && !certificate.IsSignedBy(certificate)) {
    opinion.refusal = "calls itself a root but did not sign itself";
  } else {
    opinion.refusal = WeakKey(certificate);
  }
  if (role != AnchorRole::kIntermediate && !self_issued) {
    opinion.findings.push_back("a root that is signed by " + certificate.issuer());
  }
  if (certificate.not_after() < now) {
    opinion.findings.push_back("expired " + Day(certificate.not_after()));
  }
  if (certificate.not_before() > now) {
    opinion.findings.push_back("valid from " + Day(certificate.not_before()));
  }
  return opinion;
}

AnchorRole LikelyRole(const Certificate& certificate) {
  return certificate.subject_der() == certificate.issuer_der() ? AnchorRole::kRoot
                                                               : AnchorRole::kIntermediate;
}

Merge MergeAnchor(Anchor anchor, TrustDocument* document) {
  const auto fingerprint = anchor.certificate.fingerprint();
  auto& anchors = document->anchors;
  const auto at = std::lower_bound(anchors.begin(), anchors.end(), fingerprint,
                                   [](const Anchor& a, const crypto::Digest256& wanted) {
                                     return a.certificate.fingerprint() < wanted;
                                   });
  if (at == anchors.end() || at->certificate.fingerprint() != fingerprint) {
    anchors.insert(at, std::move(anchor));
    return Merge::kAdded;
  }
  if (anchor.vendor.empty()) anchor.vendor = at->vendor;
  if (anchor.sha1_reason.empty()) anchor.sha1_reason = at->sha1_reason;
  if (anchor.role == at->role && anchor.vendor == at->vendor &&
      anchor.sha1_reason == at->sha1_reason) {
    return Merge::kUnchanged;
  }
  *at = std::move(anchor);
  return Merge::kChanged;
}

Merge MergeRevocations(const RevocationList& list, TrustDocument* document) {
  auto& lists = document->revocations;
  const auto rivals = [&list](const RevocationList& other) {
    return other.issuer() == list.issuer() && other.Covers(true) == list.Covers(true) &&
           other.Covers(false) == list.Covers(false);
  };
  const bool superseded = std::any_of(lists.begin(), lists.end(), [&](const RevocationList& other) {
    return other.fingerprint() == list.fingerprint() ||
           (rivals(other) && other.this_update() >= list.this_update());
  });
  if (superseded) return Merge::kUnchanged;
  const size_t before = lists.size();
  lists.erase(std::remove_if(lists.begin(), lists.end(), rivals), lists.end());
  const bool replaced = lists.size() < before;
  const auto at = std::lower_bound(lists.begin(), lists.end(), list.fingerprint(),
                                   [](const RevocationList& l, const crypto::Digest256& wanted) {
                                     return l.fingerprint() < wanted;
                                   });
  lists.insert(at, list);
  return replaced ? Merge::kChanged : Merge::kAdded;
}

}  // namespace preseal::server
