// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/loaded_key.h"

#include <utility>

#include "agent/adapters/tpm/wire.h"

namespace preseal::agent {
namespace {

struct Opened {
  ESYS_TR handle = ESYS_TR_NONE;
  Bytes public_area;
  Bytes qualified_name;
};

StatusOr<Opened> OpenPersistent(Link& link, uint32_t handle, std::string_view verb) {
  Opened opened;
  RETURN_IF_ERROR(link.Check(Esys_TR_FromTPMPublic(link.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                                   ESYS_TR_NONE, &opened.handle),
                             verb));
  TPM2B_PUBLIC* area = nullptr;
  TPM2B_NAME* qualified_name = nullptr;
  const TSS2_RC rc = Esys_ReadPublic(link.esys(), opened.handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &area, nullptr, &qualified_name);
  const EsysPtr<TPM2B_PUBLIC> area_owner(area);
  const EsysPtr<TPM2B_NAME> name_owner(qualified_name);
  Status read = link.Check(rc, verb);
  if (read.ok()) {
    auto bytes = Marshal(area->publicArea);
    if (bytes.ok()) {
      opened.public_area = *std::move(bytes);
      opened.qualified_name = ToBytes(ByteView(qualified_name->name, qualified_name->size));
      return opened;
    }
    read = bytes.status();
  }
  Esys_TR_Close(link.esys(), &opened.handle);
  return read;
}

StatusOr<Opened> CreatePrimary(Link& link, const KeyRecipe& recipe, std::string_view verb) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside_info{};
  const TPML_PCR_SELECTION creation_pcrs{};
  Transient primary(link);
  TPM2B_PUBLIC* area = nullptr;
  const TSS2_RC rc =
      Esys_CreatePrimary(link.esys(), recipe.hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                         ESYS_TR_NONE, &sensitive, &recipe.key_template, &outside_info,
                         &creation_pcrs, primary.out(), &area, nullptr, nullptr, nullptr);
  const EsysPtr<TPM2B_PUBLIC> area_owner(area);
  RETURN_IF_ERROR(link.Check(rc, verb));
  Opened opened;
  ASSIGN_OR_RETURN(opened.public_area, Marshal(area->publicArea));
  opened.handle = primary.Release();
  return opened;
}

StatusOr<Opened> OpenKey(Link& link, const KeyRecipe& recipe, std::string_view verb) {
  if (recipe.persistent_handle != 0) return OpenPersistent(link, recipe.persistent_handle, verb);
  return CreatePrimary(link, recipe, verb);
}

}  // namespace

StatusOr<std::unique_ptr<LoadedKey>> LoadedKey::Load(Link& link,
                                                     std::shared_ptr<Connection> connection,
                                                     const KeyRecipe& recipe,
                                                     std::string_view verb) {
  ASSIGN_OR_RETURN(Opened opened, OpenKey(link, recipe, verb));
  std::unique_ptr<LoadedKey> key(new LoadedKey(std::move(connection), recipe));
  key->public_area_ = std::move(opened.public_area);
  key->qualified_name_ = std::move(opened.qualified_name);
  key->handle_ = opened.handle;
  key->generation_ = link.generation();
  return key;
}

LoadedKey::~LoadedKey() {
  if (handle_ == ESYS_TR_NONE) return;
  if (recipe_.persistent_handle != 0) {
    connection_->Forget(handle_, generation_);
  } else {
    connection_->Flush(handle_, generation_);
  }
}

StatusOr<ESYS_TR> LoadedKey::Use(Link& link) const {
  if (handle_ != ESYS_TR_NONE && generation_ == link.generation()) return handle_;
  handle_ = ESYS_TR_NONE;
  ASSIGN_OR_RETURN(const Opened opened, OpenKey(link, recipe_, "load TPM key again"));
  handle_ = opened.handle;
  generation_ = link.generation();
  // Evidence already names the key; silently going on with another would only fail later and worse.
  if (opened.public_area != public_area_) {
    return FailedPrecondition(
        "load TPM key again: the TPM gives another key than before; it was cleared or exchanged: "
        "start over");
  }
  return handle_;
}

StatusOr<const LoadedKey*> LoadedKey::From(const TpmKey& key) {
  const auto* loaded = dynamic_cast<const LoadedKey*>(&key);
  if (loaded == nullptr) return Internal("key does not belong to this TPM");
  return loaded;
}

}  // namespace preseal::agent
