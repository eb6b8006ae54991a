// SPDX-License-Identifier: Apache-2.0
// Using the AK and the device key.
#include <algorithm>

#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/loaded_key.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/adapters/tpm/wire.h"

namespace preseal::agent {
namespace {

constexpr size_t kCoordinateBytes = 32;  // P-256

// The key's own scheme.
TPMT_SIG_SCHEME NoScheme() {
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_NULL;
  return scheme;
}

StatusOr<SignedStatement> ToStatement(const TPM2B_ATTEST& attest, const TPMT_SIGNATURE& signature) {
  SignedStatement statement;
  statement.attest = Bytes(attest.attestationData, attest.attestationData + attest.size);
  ASSIGN_OR_RETURN(statement.signature, Marshal(signature));
  return statement;
}

// ECDSA takes the leftmost bits of the digest as a number, as many as the group order has. So a
// longer digest may be cut and a shorter one padded on the left, and the TPM, whose key is bound to
// SHA-256, signs for every TLS signature hash.
TPM2B_DIGEST FitDigest(ByteView digest) {
  TPM2B_DIGEST out{};
  out.size = kCoordinateBytes;
  const size_t size = std::min(digest.size(), kCoordinateBytes);
  std::copy_n(digest.begin(), size, out.buffer + kCoordinateBytes - size);
  return out;
}

Bytes Padded(const TPM2B_ECC_PARAMETER& number) {
  Bytes out(kCoordinateBytes);
  const size_t size = std::min<size_t>(number.size, kCoordinateBytes);
  std::copy_n(number.buffer, size, out.end() - static_cast<ptrdiff_t>(size));
  return out;
}

}  // namespace

StatusOr<SignedStatement> Tpm::Certify(const TpmKey& key, const TpmKey& ak,
                                       ByteView qualifying_data) {
  TPM2B_DATA qualifying{};
  RETURN_IF_ERROR(FillSized(&qualifying, &TPM2B_DATA::buffer, qualifying_data));
  ASSIGN_OR_RETURN(const LoadedKey* subject, LoadedKey::From(key));
  ASSIGN_OR_RETURN(const LoadedKey* signer, LoadedKey::From(ak));
  SignedStatement statement;
  RETURN_IF_ERROR(connection_->Run([&qualifying, subject, signer, &statement](Link& link) {
    ASSIGN_OR_RETURN(const ESYS_TR subject_handle, subject->Use(link));
    ASSIGN_OR_RETURN(const ESYS_TR signer_handle, signer->Use(link));
    const TPMT_SIG_SCHEME scheme = NoScheme();
    TPM2B_ATTEST* attest = nullptr;
    TPMT_SIGNATURE* signature = nullptr;
    const TSS2_RC rc =
        Esys_Certify(link.esys(), subject_handle, signer_handle, ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                     ESYS_TR_NONE, &qualifying, &scheme, &attest, &signature);
    const EsysPtr<TPM2B_ATTEST> attest_owner(attest);
    const EsysPtr<TPMT_SIGNATURE> signature_owner(signature);
    RETURN_IF_ERROR(link.Check(rc, "certify device key"));
    ASSIGN_OR_RETURN(statement, ToStatement(*attest, *signature));
    return OkStatus();
  }));
  return statement;
}

StatusOr<SignedStatement> Tpm::Quote(const TpmKey& ak, ByteView qualifying_data,
                                     const tpmwire::PcrSelections& pcrs) {
  TPM2B_DATA qualifying{};
  RETURN_IF_ERROR(FillSized(&qualifying, &TPM2B_DATA::buffer, qualifying_data));
  ASSIGN_OR_RETURN(const TPML_PCR_SELECTION selection, ToTss(pcrs));
  ASSIGN_OR_RETURN(const LoadedKey* signer, LoadedKey::From(ak));
  SignedStatement statement;
  RETURN_IF_ERROR(connection_->Run([&qualifying, &selection, signer, &statement](Link& link) {
    ASSIGN_OR_RETURN(const ESYS_TR handle, signer->Use(link));
    const TPMT_SIG_SCHEME scheme = NoScheme();
    TPM2B_ATTEST* attest = nullptr;
    TPMT_SIGNATURE* signature = nullptr;
    const TSS2_RC rc = Esys_Quote(link.esys(), handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &qualifying, &scheme, &selection, &attest, &signature);
    const EsysPtr<TPM2B_ATTEST> attest_owner(attest);
    const EsysPtr<TPMT_SIGNATURE> signature_owner(signature);
    RETURN_IF_ERROR(link.Check(rc, "quote PCRs"));
    ASSIGN_OR_RETURN(statement, ToStatement(*attest, *signature));
    return OkStatus();
  }));
  return statement;
}

StatusOr<EcdsaSignature> Tpm::Sign(const TpmKey& key, ByteView digest) {
  ASSIGN_OR_RETURN(const LoadedKey* signer, LoadedKey::From(key));
  ASSIGN_OR_RETURN(const tpmwire::PublicArea area, tpmwire::ParsePublic(key.public_area()));
  if ((area.attributes & tpmwire::kAttributeRestricted) != 0) {
    return FailedPrecondition("sign: a restricted key signs only what the TPM made");
  }
  const TPM2B_DIGEST fitted = FitDigest(digest);
  EcdsaSignature out;
  RETURN_IF_ERROR(connection_->Run([&fitted, signer, &out](Link& link) {
    ASSIGN_OR_RETURN(const ESYS_TR handle, signer->Use(link));
    const TPMT_SIG_SCHEME scheme = NoScheme();
    // No ticket: an unrestricted key needs no proof of where the digest came from.
    TPMT_TK_HASHCHECK no_ticket{};
    no_ticket.tag = TPM2_ST_HASHCHECK;
    no_ticket.hierarchy = TPM2_RH_NULL;
    TPMT_SIGNATURE* signature = nullptr;
    const TSS2_RC rc = Esys_Sign(link.esys(), handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                 &fitted, &scheme, &no_ticket, &signature);
    const EsysPtr<TPMT_SIGNATURE> owner(signature);
    RETURN_IF_ERROR(link.Check(rc, "sign with device key"));
    if (signature->sigAlg != TPM2_ALG_ECDSA) return DataLoss("sign: TPM used another scheme");
    out.r = Padded(signature->signature.ecdsa.signatureR);
    out.s = Padded(signature->signature.ecdsa.signatureS);
    return OkStatus();
  }));
  return out;
}

}  // namespace preseal::agent
