// SPDX-License-Identifier: Apache-2.0
// Making, finding and using the AK and the device key.
#include <fmt/format.h>

#include <algorithm>

#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/loaded_key.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/adapters/tpm/tpm_error.h"
#include "agent/adapters/tpm/wire.h"
#include "common/base/limits.h"
#include "common/tpmwire/name.h"

namespace preseal::agent {
namespace {

constexpr size_t kCoordinateBytes = 32;  // P-256

Status CheckUnique(ByteView unique) {
  if (unique.size() == kKeyUniqueBytes) return OkStatus();
  return InvalidArgument(fmt::format("unique must have {} bytes", kKeyUniqueBytes));
}

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

// Using whatever key happens to sit there would hand our identity to its owner: it must be of our
// template, and a primary of the owner hierarchy of this very TPM.
Status CheckDeviceKey(const LoadedKey& key, uint32_t handle) {
  const auto area = tpmwire::ParsePublic(key.public_area());
  const bool ours =
      area.ok() && tpmwire::MatchesTemplate(*area, tpmwire::DeviceKeyTemplate({})) &&
      key.qualified_name() == tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, *area);
  if (ours) return OkStatus();
  const std::string name = area.ok() ? ToHex(tpmwire::NameOf(*area)) : "of an unknown kind";
  return AlreadyExists(fmt::format(
      "load device key: TPM handle {0:#010x} holds another key ({1}): free it (tpm2_evictcontrol "
      "-C o -c {0:#010x}) or configure another handle",
      handle, name));
}

StatusOr<std::unique_ptr<LoadedKey>> LoadDeviceKeyIn(Link& link,
                                                     const std::shared_ptr<Connection>& connection,
                                                     uint32_t handle) {
  KeyRecipe recipe;
  recipe.persistent_handle = handle;
  ASSIGN_OR_RETURN(auto key, LoadedKey::Load(link, connection, recipe, "load device key"));
  RETURN_IF_ERROR(CheckDeviceKey(*key, handle));
  return key;
}

Status CreateDeviceKeyIn(Link& link, const std::shared_ptr<Connection>& connection, ByteView unique,
                         uint32_t handle) {
  KeyRecipe recipe;
  recipe.hierarchy = ESYS_TR_RH_OWNER;
  ASSIGN_OR_RETURN(recipe.key_template, ToTss(tpmwire::DeviceKeyTemplate(unique)));
  ASSIGN_OR_RETURN(const auto primary,
                   LoadedKey::Load(link, connection, recipe, "create device key"));
  ASSIGN_OR_RETURN(const ESYS_TR transient, primary->Use(link));
  ESYS_TR persistent = ESYS_TR_NONE;
  RETURN_IF_ERROR(
      link.Check(Esys_EvictControl(link.esys(), ESYS_TR_RH_OWNER, transient, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, handle, &persistent),
                 "store device key"));
  Esys_TR_Close(link.esys(), &persistent);
  return OkStatus();
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

StatusOr<std::unique_ptr<TpmKey>> Tpm::CreateAk(ByteView unique) {
  RETURN_IF_ERROR(CheckUnique(unique));
  KeyRecipe recipe;
  recipe.hierarchy = ESYS_TR_RH_ENDORSEMENT;
  ASSIGN_OR_RETURN(recipe.key_template, ToTss(tpmwire::AkTemplate(unique)));
  std::unique_ptr<TpmKey> ak;
  RETURN_IF_ERROR(connection_->Run([this, &recipe, &ak](Link& link) {
    ASSIGN_OR_RETURN(ak, LoadedKey::Load(link, connection_, recipe, "create attestation key"));
    return OkStatus();
  }));
  return ak;
}

StatusOr<std::unique_ptr<TpmKey>> Tpm::CreateOrLoadDeviceKey(ByteView unique) {
  RETURN_IF_ERROR(CheckUnique(unique));
  const uint32_t handle = options_.device_key_handle;
  std::unique_ptr<TpmKey> key;
  RETURN_IF_ERROR(connection_->Run([this, unique, handle, &key](Link& link) {
    // Look before writing: another's key, or ours of an earlier pass, stays as it is.
    auto found = LoadDeviceKeyIn(link, connection_, handle);
    if (!found.ok() && IsNoSuchHandle(link.last())) {
      RETURN_IF_ERROR(CreateDeviceKeyIn(link, connection_, unique, handle));
      found = LoadDeviceKeyIn(link, connection_, handle);
    }
    ASSIGN_OR_RETURN(key, std::move(found));
    return OkStatus();
  }));
  return key;
}

StatusOr<std::unique_ptr<TpmKey>> Tpm::LoadDeviceKey() {
  std::unique_ptr<TpmKey> key;
  RETURN_IF_ERROR(connection_->Run([this, &key](Link& link) {
    ASSIGN_OR_RETURN(key, LoadDeviceKeyIn(link, connection_, options_.device_key_handle));
    return OkStatus();
  }));
  return key;
}

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
