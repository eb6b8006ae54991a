// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/loaded_key.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/adapters/tpm/nv.h"
#include "agent/adapters/tpm/tpm_error.h"
#include "agent/adapters/tpm/wire.h"
#include "common/tpmwire/name.h"

namespace preseal::agent {
namespace {

struct Opened {
  ESYS_TR handle = ESYS_TR_NONE;
  Bytes public_area;
};

StatusOr<Bytes> NameOfHandle(Link& link, ESYS_TR handle, std::string_view verb) {
  TPM2B_NAME* name = nullptr;
  const TSS2_RC rc = Esys_TR_GetName(link.esys(), handle, &name);
  const EsysPtr<TPM2B_NAME> owner(name);
  RETURN_IF_ERROR(link.Check(rc, verb));
  return Bytes(name->name, name->name + name->size);
}

// ESYS read the public area when it opened the handle but hands it out only inside its serialized
// form: handle, sized Name, kind, TPM2B_PUBLIC. That form is not promised, so what is taken from it
// counts only if its Name is the one ESYS computes with; nothing is returned otherwise.
std::optional<Bytes> PublicAreaKnown(Link& link, ESYS_TR handle, ByteView name) {
  constexpr size_t kBeforeName = 4;
  constexpr size_t kAfterName = 4;
  uint8_t* buffer = nullptr;
  size_t size = 0;
  if (Esys_TR_Serialize(link.esys(), handle, &buffer, &size) != TSS2_RC_SUCCESS) return {};
  const EsysPtr<uint8_t> owner(buffer);
  const ByteView bytes(buffer, size);
  const size_t before = kBeforeName + 2 + name.size() + kAfterName;
  if (bytes.size() < before) return {};
  const auto content = UnwrapSized(bytes.subspan(before));
  if (!content.ok()) return {};
  const auto area = tpmwire::ParsePublic(*content);
  if (!area.ok() || !std::ranges::equal(tpmwire::NameOf(*area), name)) return {};
  return ToBytes(*content);
}

StatusOr<Bytes> ReadPublicArea(Link& link, ESYS_TR handle, std::string_view verb) {
  TPM2B_PUBLIC* area = nullptr;
  const TSS2_RC rc = Esys_ReadPublic(link.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &area, nullptr, nullptr);
  const EsysPtr<TPM2B_PUBLIC> owner(area);
  RETURN_IF_ERROR(link.Check(rc, verb));
  return Marshal(area->publicArea);
}

StatusOr<Bytes> PublicAreaOf(Link& link, ESYS_TR handle, std::string_view verb) {
  ASSIGN_OR_RETURN(const Bytes name, NameOfHandle(link, handle, verb));
  if (auto known = PublicAreaKnown(link, handle, name)) return *std::move(known);
  return ReadPublicArea(link, handle, verb);
}

StatusOr<Opened> OpenPersistent(Link& link, uint32_t handle, std::string_view verb) {
  Opened opened;
  RETURN_IF_ERROR(link.Check(Esys_TR_FromTPMPublic(link.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                                   ESYS_TR_NONE, &opened.handle),
                             verb));
  link.Use(opened.handle);
  auto area = PublicAreaOf(link, opened.handle, verb);
  if (area.ok()) {
    opened.public_area = *std::move(area);
    return opened;
  }
  link.Drop(opened.handle);
  return area.status();
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
  uint32_t tpm_handle = 0;
  RETURN_IF_ERROR(link.Check(Esys_TR_GetTpmHandle(link.esys(), opened.handle, &tpm_handle), verb));
  link.held().insert(tpm_handle);
  return opened;
}

StatusOr<Opened> TryOpen(Link& link, const KeyRecipe& recipe, std::string_view verb) {
  if (recipe.persistent_handle != 0) return OpenPersistent(link, recipe.persistent_handle, verb);
  return CreatePrimary(link, recipe, verb);
}

// A persistent key needs a slot too, while it is looked at.
StatusOr<Opened> OpenKey(Link& link, const KeyRecipe& recipe, std::string_view verb) {
  auto opened = TryOpen(link, recipe, verb);
  if (opened.ok() || !IsOutOfSlots(link.last())) return opened;
  ASSIGN_OR_RETURN(const bool flushed, FlushLeftovers(link));
  return flushed ? TryOpen(link, recipe, verb) : std::move(opened);
}

}  // namespace

StatusOr<std::unique_ptr<LoadedKey>> LoadedKey::Load(Link& link,
                                                     std::shared_ptr<Connection> connection,
                                                     const KeyRecipe& recipe,
                                                     std::string_view verb) {
  ASSIGN_OR_RETURN(Opened opened, OpenKey(link, recipe, verb));
  std::unique_ptr<LoadedKey> key(new LoadedKey(std::move(connection), recipe));
  key->public_area_ = std::move(opened.public_area);
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

StatusOr<Bytes> LoadedKey::ReadQualifiedName(Link& link) const {
  ASSIGN_OR_RETURN(const ESYS_TR handle, Use(link));
  TPM2B_NAME* name = nullptr;
  const TSS2_RC rc = Esys_ReadPublic(link.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                     nullptr, nullptr, &name);
  const EsysPtr<TPM2B_NAME> owner(name);
  RETURN_IF_ERROR(link.Check(rc, "read qualified name"));
  return Bytes(name->name, name->name + name->size);
}

StatusOr<const LoadedKey*> LoadedKey::From(const TpmKey& key) {
  const auto* loaded = dynamic_cast<const LoadedKey*>(&key);
  if (loaded == nullptr) return Internal("key does not belong to this TPM");
  return loaded;
}

}  // namespace preseal::agent
