// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "common/crypto/certificate_builder.h"
#include "common/crypto/issue.h"

namespace preseal::crypto {
namespace {

// What every certificate of an authority says besides its names.
Status AddCaExtensions(CertificateBuilder* builder) {
  RETURN_IF_ERROR(builder->AddBasicConstraints(true));
  return builder->AddKeyUsage(kKeyCertSign | kCrlSign);
}

}  // namespace

StatusOr<Certificate> IssueCa(const std::string& organisation, const std::string& common_name,
                              const Validity& validity, const PrivateKey& key) {
  RETURN_IF_ERROR(CheckNameText("organisation", organisation));
  RETURN_IF_ERROR(CheckNameText("common name", common_name));
  ASSIGN_OR_RETURN(auto builder, CertificateBuilder::Start(validity, key.public_key()));
  RETURN_IF_ERROR(builder.AddSubject(NID_organizationName, organisation));
  RETURN_IF_ERROR(builder.AddSubject(NID_commonName, common_name));
  RETURN_IF_ERROR(AddCaExtensions(&builder));
  return builder.SelfSign(key);
}

StatusOr<Certificate> IssueSuccessorCa(const Certificate& predecessor, const Validity& validity,
                                       const PrivateKey& key) {
  ASSIGN_OR_RETURN(auto builder, CertificateBuilder::Start(validity, key.public_key()));
  RETURN_IF_ERROR(builder.CopySubject(predecessor));
  RETURN_IF_ERROR(AddCaExtensions(&builder));
  return builder.SelfSign(key);
}

StatusOr<Certificate> IssueCaLink(const Certificate& successor, const IssuerRef& predecessor) {
  const Certificate& old = predecessor.certificate;
  if (successor.subject_der() != old.subject_der()) {
    return InvalidArgument("a successor keeps its predecessor's name");
  }
  const Validity both{std::max(successor.not_before(), old.not_before()),
                      std::min(successor.not_after(), old.not_after())};
  ASSIGN_OR_RETURN(const PublicKey key, successor.public_key());
  ASSIGN_OR_RETURN(auto builder, CertificateBuilder::Start(both, key));
  RETURN_IF_ERROR(builder.CopySubject(successor));
  RETURN_IF_ERROR(AddCaExtensions(&builder));
  return builder.Sign(predecessor);
}

}  // namespace preseal::crypto
