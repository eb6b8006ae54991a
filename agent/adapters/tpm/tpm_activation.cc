// SPDX-License-Identifier: Apache-2.0
// TPM2_ActivateCredential: opening what only this TPM's EK, for this very AK, can open.
#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/loaded_key.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/adapters/tpm/wire.h"

namespace preseal::agent {
namespace {

// Sessions of a policy EK: salted to the EK and with the answer encrypted, so that the secret does
// not cross the bus in clear. Costs no further command.
Status StartPolicySession(Link& link, ESYS_TR ek, TPMI_ALG_HASH hash, Transient* session) {
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = 128;
  symmetric.mode.aes = TPM2_ALG_CFB;
  RETURN_IF_ERROR(link.Check(
      Esys_StartAuthSession(link.esys(), ek, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                            nullptr, TPM2_SE_POLICY, &symmetric, hash, session->out()),
      "start EK policy session"));
  RETURN_IF_ERROR(link.Check(
      Esys_PolicySecret(link.esys(), ESYS_TR_RH_ENDORSEMENT, session->get(), ESYS_TR_PASSWORD,
                        ESYS_TR_NONE, ESYS_TR_NONE, nullptr, nullptr, nullptr, 0, nullptr, nullptr),
      "satisfy EK policy"));
  // Without continueSession the TPM drops the session with the command: no flush needed.
  return link.Check(Esys_TRSess_SetAttributes(link.esys(), session->get(), TPMA_SESSION_ENCRYPT,
                                              TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION),
                    "prepare EK policy session");
}

StatusOr<Secret> Activate(Link& link, ESYS_TR ak, ESYS_TR ek, ESYS_TR ek_auth,
                          const TPM2B_ID_OBJECT& blob, const TPM2B_ENCRYPTED_SECRET& secret) {
  TPM2B_DIGEST* opened = nullptr;
  const TSS2_RC rc = Esys_ActivateCredential(link.esys(), ak, ek, ESYS_TR_PASSWORD, ek_auth,
                                             ESYS_TR_NONE, &blob, &secret, &opened);
  const EsysPtr<TPM2B_DIGEST> owner(opened);
  RETURN_IF_ERROR(link.Check(rc, "activate credential"));
  Secret out(Bytes(opened->buffer, opened->buffer + opened->size));
  explicit_bzero(opened->buffer, sizeof(opened->buffer));
  return out;
}

}  // namespace

StatusOr<Secret> Tpm::ActivateCredential(const TpmKey& ak, const EndorsementKey& ek,
                                         ByteView credential_blob, ByteView encrypted_secret) {
  if (ek.key == nullptr) return InvalidArgument("activate credential: no endorsement key");
  TPM2B_ID_OBJECT blob{};
  TPM2B_ENCRYPTED_SECRET secret{};
  ASSIGN_OR_RETURN_CTX(const ByteView blob_bytes, UnwrapSized(credential_blob), "credential");
  ASSIGN_OR_RETURN_CTX(const ByteView secret_bytes, UnwrapSized(encrypted_secret),
                       "encrypted secret");
  RETURN_IF_ERROR(FillSized(&blob, &TPM2B_ID_OBJECT::credential, blob_bytes));
  RETURN_IF_ERROR(FillSized(&secret, &TPM2B_ENCRYPTED_SECRET::secret, secret_bytes));
  ASSIGN_OR_RETURN(const LoadedKey* ak_key, LoadedKey::From(ak));
  ASSIGN_OR_RETURN(const LoadedKey* ek_key, LoadedKey::From(*ek.key));
  ASSIGN_OR_RETURN(const tpmwire::PublicArea ek_area, tpmwire::ParsePublic(ek_key->public_area()));
  const bool by_password = (ek_area.attributes & tpmwire::kAttributeUserWithAuth) != 0;
  const auto hash = static_cast<TPMI_ALG_HASH>(ek_area.name_algorithm);

  Secret opened;
  RETURN_IF_ERROR(connection_->Run([&](Link& link) {
    ASSIGN_OR_RETURN(const ESYS_TR ak_handle, ak_key->Use(link));
    ASSIGN_OR_RETURN(const ESYS_TR ek_handle, ek_key->Use(link));
    // An encrypted session would cost StartAuthSession, with an EK operation of its own, for a
    // secret that is used once and opens nothing outside this TLS connection. Whoever reads the bus
    // of such a chip sees it; docs/agent-tpm.md says so.
    if (by_password) {
      ASSIGN_OR_RETURN(opened,
                       Activate(link, ak_handle, ek_handle, ESYS_TR_PASSWORD, blob, secret));
      return OkStatus();
    }
    Transient session(link);
    RETURN_IF_ERROR(StartPolicySession(link, ek_handle, hash, &session));
    ASSIGN_OR_RETURN(opened, Activate(link, ak_handle, ek_handle, session.get(), blob, secret));
    // The TPM has dropped it; only ESYS's memory of it is left, if at all.
    ESYS_TR gone = session.Release();
    Esys_TR_Close(link.esys(), &gone);
    return OkStatus();
  }));
  return opened;
}

}  // namespace preseal::agent
