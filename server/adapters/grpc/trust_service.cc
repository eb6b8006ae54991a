// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/trust_service.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/paging.h"
#include "server/wire/wire_time.h"

namespace preseal::server {

namespace tv1 = trust::v1;

namespace {

constexpr int kPoliciesListed = 1000;

StatusOr<AnchorRole> ToDomain(tv1::Anchor::Role role) {
  switch (role) {
    case tv1::Anchor::ROLE_ROOT:
      return AnchorRole::kRoot;
    case tv1::Anchor::ROLE_INTERMEDIATE:
      return AnchorRole::kIntermediate;
    case tv1::Anchor::ROLE_LAB:
      return AnchorRole::kLab;
    default:
      return InvalidArgument("an anchor needs a role");
  }
}

StatusOr<TrustImport> ToDomain(const tv1::ImportTrustRequest& request) {
  if (request.anchors_size() > static_cast<int>(kTrustAnchorsMax) ||
      request.revocation_lists_size() > static_cast<int>(kTrustListsMax)) {
    return InvalidArgument("too much for one import");
  }
  TrustImport import;
  for (int i = 0; i < request.anchors_size(); ++i) {
    const tv1::Anchor& one = request.anchors(i);
    const std::string context = fmt::format("anchors[{}]", i);
    ASSIGN_OR_RETURN_CTX(auto certificate, crypto::Certificate::FromDer(AsBytes(one.certificate())),
                         context);
    ASSIGN_OR_RETURN_CTX(const AnchorRole role, ToDomain(one.role()), context);
    RETURN_IF_ERROR(CheckLength("vendor", one.vendor(), kVendorBytesMax));
    import.anchors.push_back({std::move(certificate), role, one.vendor(), ""});
  }
  for (const std::string& list : request.revocation_lists()) {
    import.revocation_lists.push_back(ToBytes(list));
  }
  return import;
}

void Fill(const TrustChange& change, tv1::TrustChange* out) {
  out->set_version(change.version);
  out->set_stored(change.stored);
  for (const TrustImportResult& result : change.results) {
    auto* one = out->add_results();
    one->set_subject(result.subject);
    one->set_fingerprint(result.fingerprint);
    one->set_outcome(result.outcome);
    one->set_message(result.why);
  }
}

Status FillFrom(const StatusOr<TrustChange>& change, tv1::TrustChange* out) {
  RETURN_IF_ERROR(change.status());
  Fill(*change, out);
  return OkStatus();
}

void Fill(const StoredText& policy, bool with_text, tv1::Policy* out) {
  out->set_version(policy.version);
  if (policy.version > 0) SetTime(policy.create_time, out->mutable_create_time());
  out->set_author(policy.author);
  out->set_sha256(ToHex(crypto::Sha256(AsBytes(policy.text))));
  if (with_text) out->set_text(policy.text);
}

template <typename Field>
std::vector<std::string> Texts(const Field& field) {
  return {field.begin(), field.end()};
}

}  // namespace

TrustService::Unary TrustService::Serve(Context context, Right right, Work work) {
  return workers_.Serve(context, [this, context, right, work = std::move(work)]() -> Status {
    ASSIGN_OR_RETURN(const Principal principal, Authorise(*context, accounts_, right));
    return work(principal);
  });
}

TrustService::Unary TrustService::GetTrustBundle(Context context,
                                                 const tv1::GetTrustBundleRequest* request,
                                                 tv1::TrustBundle* response) {
  return Serve(context, Right::kSeeEvidence, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(StoredText bundle, desk_.Bundle(request->version()));
    response->set_version(bundle.version);
    SetTime(bundle.create_time, response->mutable_create_time());
    response->set_author(bundle.author);
    response->set_file(std::move(bundle.text));
    return OkStatus();
  });
}

TrustService::Unary TrustService::ImportTrust(Context context,
                                              const tv1::ImportTrustRequest* request,
                                              tv1::TrustChange* response) {
  return Serve(context, Right::kManageTrust,
               [this, request, response](const Principal& who) -> Status {
                 ASSIGN_OR_RETURN(const TrustImport import, ToDomain(*request));
                 return FillFrom(desk_.Import(who, import, request->validate_only()), response);
               });
}

TrustService::Unary TrustService::RemoveTrust(Context context,
                                              const tv1::RemoveTrustRequest* request,
                                              tv1::TrustChange* response) {
  return Serve(context, Right::kManageTrust, [this, request, response](const Principal& who) {
    return FillFrom(desk_.Remove(who, Texts(request->fingerprints()), request->vendor(),
                                 request->validate_only()),
                    response);
  });
}

TrustService::Unary TrustService::NarrowTrust(Context context,
                                              const tv1::NarrowTrustRequest* request,
                                              tv1::TrustChange* response) {
  return Serve(context, Right::kManageTrust, [this, request, response](const Principal& who) {
    return FillFrom(desk_.Narrow(who, Texts(request->vendors())), response);
  });
}

TrustService::Unary TrustService::AcceptSha1(Context context, const tv1::AcceptSha1Request* request,
                                             tv1::TrustChange* response) {
  return Serve(context, Right::kManageTrust, [this, request, response](const Principal& who) {
    return FillFrom(desk_.AcceptSha1(who, request->fingerprint(), request->reason()), response);
  });
}

TrustService::Unary TrustService::ImportTrustBundle(Context context,
                                                    const tv1::ImportTrustBundleRequest* request,
                                                    tv1::TrustChange* response) {
  return Serve(
      context, Right::kManageTrust, [this, request, response](const Principal& who) -> Status {
        ASSIGN_OR_RETURN(const auto verdict, desk_.ImportFile(who, request->file()));
        if (!verdict.taken()) {
          return FailedPrecondition(fmt::format("{}: {}", NameOf(verdict.code), verdict.detail));
        }
        response->set_version(verdict.document->version);
        response->set_stored(true);
        return OkStatus();
      });
}

TrustService::Unary TrustService::ImportEkCertificates(
    Context context, const tv1::ImportEkCertificatesRequest* request, tv1::TrustChange* response) {
  return Serve(context, Right::kManageTrust,
               [this, request, response](const Principal& who) -> Status {
                 if (request->certificates_size() > static_cast<int>(kEkCacheImportMax)) {
                   return InvalidArgument("too many certificates for one import");
                 }
                 std::vector<Bytes> ders;
                 for (const std::string& der : request->certificates()) {
                   ders.push_back(ToBytes(der));
                 }
                 return FillFrom(desk_.ImportEkCertificates(who, ders), response);
               });
}

TrustService::Unary TrustService::ApplyPolicy(Context context,
                                              const tv1::ApplyPolicyRequest* request,
                                              tv1::ApplyPolicyResponse* response) {
  return Serve(
      context, Right::kManageTrust, [this, request, response](const Principal& who) -> Status {
        ASSIGN_OR_RETURN(const PolicyChange change,
                         desk_.ApplyPolicy(who, request->policy(), request->validate_only()));
        response->set_version(change.version);
        response->set_stored(change.stored);
        response->set_tried(change.tried);
        for (const PolicyDifference& difference : change.differences) {
          auto* one = response->add_differences();
          one->set_device("devices/" + difference.device);
          one->set_before(difference.before);
          one->set_after(difference.after);
        }
        return OkStatus();
      });
}

TrustService::Unary TrustService::GetPolicy(Context context, const tv1::GetPolicyRequest* request,
                                            tv1::Policy* response) {
  return Serve(context, Right::kSeeEvidence, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const StoredText policy, desk_.Policy(request->version()));
    Fill(policy, true, response);
    return OkStatus();
  });
}

TrustService::Unary TrustService::ListPolicies(Context context, const tv1::ListPoliciesRequest*,
                                               tv1::ListPoliciesResponse* response) {
  return Serve(context, Right::kSeeEvidence, [this, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const auto policies, desk_.Policies(kPoliciesListed));
    for (const StoredText& policy : policies) Fill(policy, false, response->add_policies());
    return OkStatus();
  });
}

}  // namespace preseal::server
