// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/attack_chip.h"

#include "agent/adapters/tpm/wire.h"

namespace preseal::test {
namespace {

using agent::EsysPtr;
using agent::Link;

TPMT_SIG_SCHEME KeysOwnScheme() {
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_NULL;
  return scheme;
}

StatusOr<agent::SignedStatement> Statement(const EsysPtr<TPM2B_ATTEST>& attest,
                                           const EsysPtr<TPMT_SIGNATURE>& signature) {
  agent::SignedStatement statement;
  statement.attest.assign(attest->attestationData, attest->attestationData + attest->size);
  ASSIGN_OR_RETURN(statement.signature, agent::Marshal(*signature));
  return statement;
}

}  // namespace

StatusOr<std::unique_ptr<AttackChip>> AttackChip::Open(const std::string& tcti) {
  ASSIGN_OR_RETURN(auto connection, agent::Connection::Open(tcti));
  return std::unique_ptr<AttackChip>(new AttackChip(std::move(connection)));
}

StatusOr<std::unique_ptr<agent::LoadedKey>> AttackChip::Create(
    const tpmwire::PublicArea& key_template, Hierarchy hierarchy) {
  agent::KeyRecipe recipe;
  recipe.hierarchy = hierarchy == Hierarchy::kOwner ? ESYS_TR_RH_OWNER : ESYS_TR_RH_ENDORSEMENT;
  ASSIGN_OR_RETURN(recipe.key_template, agent::ToTss(key_template));
  std::unique_ptr<agent::LoadedKey> key;
  RETURN_IF_ERROR(connection_->Run([&](Link& link) {
    ASSIGN_OR_RETURN(key, agent::LoadedKey::Load(link, connection_, recipe, "create"));
    return OkStatus();
  }));
  return key;
}

StatusOr<agent::SignedStatement> AttackChip::Certify(const agent::LoadedKey& key,
                                                     const agent::LoadedKey& ak,
                                                     ByteView qualifying_data) {
  agent::SignedStatement statement;
  RETURN_IF_ERROR(connection_->Run([&](Link& link) {
    TPM2B_DATA data{};
    RETURN_IF_ERROR(agent::FillSized(&data, &TPM2B_DATA::buffer, qualifying_data));
    ASSIGN_OR_RETURN(const ESYS_TR subject, key.Use(link));
    ASSIGN_OR_RETURN(const ESYS_TR signer, ak.Use(link));
    const TPMT_SIG_SCHEME scheme = KeysOwnScheme();
    TPM2B_ATTEST* attest = nullptr;
    TPMT_SIGNATURE* signature = nullptr;
    const TSS2_RC rc =
        Esys_Certify(link.esys(), subject, signer, ESYS_TR_PASSWORD, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                     &data, &scheme, &attest, &signature);
    const EsysPtr<TPM2B_ATTEST> attest_owner(attest);
    const EsysPtr<TPMT_SIGNATURE> signature_owner(signature);
    RETURN_IF_ERROR(link.Check(rc, "certify"));
    ASSIGN_OR_RETURN(statement, Statement(attest_owner, signature_owner));
    return OkStatus();
  }));
  return statement;
}

StatusOr<agent::SignedStatement> AttackChip::Quote(const agent::LoadedKey& ak,
                                                   ByteView qualifying_data,
                                                   const tpmwire::PcrSelections& pcrs) {
  agent::SignedStatement statement;
  RETURN_IF_ERROR(connection_->Run([&](Link& link) {
    TPM2B_DATA data{};
    RETURN_IF_ERROR(agent::FillSized(&data, &TPM2B_DATA::buffer, qualifying_data));
    ASSIGN_OR_RETURN(const TPML_PCR_SELECTION selection, agent::ToTss(pcrs));
    ASSIGN_OR_RETURN(const ESYS_TR signer, ak.Use(link));
    const TPMT_SIG_SCHEME scheme = KeysOwnScheme();
    TPM2B_ATTEST* attest = nullptr;
    TPMT_SIGNATURE* signature = nullptr;
    const TSS2_RC rc = Esys_Quote(link.esys(), signer, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &data, &scheme, &selection, &attest, &signature);
    const EsysPtr<TPM2B_ATTEST> attest_owner(attest);
    const EsysPtr<TPMT_SIGNATURE> signature_owner(signature);
    RETURN_IF_ERROR(link.Check(rc, "quote"));
    ASSIGN_OR_RETURN(statement, Statement(attest_owner, signature_owner));
    return OkStatus();
  }));
  return statement;
}

StatusOr<Bytes> AttackChip::HashAndSign(const agent::LoadedKey& key, ByteView message) {
  Bytes marshalled;
  RETURN_IF_ERROR(connection_->Run([&](Link& link) {
    TPM2B_MAX_BUFFER data{};
    RETURN_IF_ERROR(agent::FillSized(&data, &TPM2B_MAX_BUFFER::buffer, message));
    TPM2B_DIGEST* digest = nullptr;
    TPMT_TK_HASHCHECK* ticket = nullptr;
    const TSS2_RC hashed = Esys_Hash(link.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                                     TPM2_ALG_SHA256, ESYS_TR_RH_ENDORSEMENT, &digest, &ticket);
    const EsysPtr<TPM2B_DIGEST> digest_owner(digest);
    const EsysPtr<TPMT_TK_HASHCHECK> ticket_owner(ticket);
    RETURN_IF_ERROR(link.Check(hashed, "hash"));
    ASSIGN_OR_RETURN(const ESYS_TR signer, key.Use(link));
    const TPMT_SIG_SCHEME scheme = KeysOwnScheme();
    TPMT_SIGNATURE* signature = nullptr;
    const TSS2_RC rc = Esys_Sign(link.esys(), signer, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                 digest, &scheme, ticket, &signature);
    const EsysPtr<TPMT_SIGNATURE> signature_owner(signature);
    RETURN_IF_ERROR(link.Check(rc, "sign"));
    ASSIGN_OR_RETURN(marshalled, agent::Marshal(*signature));
    return OkStatus();
  }));
  return marshalled;
}

}  // namespace preseal::test
