// SPDX-License-Identifier: Apache-2.0
// Making the AK and the device key, and where the device key lives.
#include <fmt/format.h>

#include "agent/adapters/tpm/connection.h"
#include "agent/adapters/tpm/loaded_key.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/adapters/tpm/tpm_error.h"
#include "agent/adapters/tpm/wire.h"
#include "common/base/limits.h"
#include "common/log/log.h"
#include "common/tpmwire/name.h"

namespace preseal::agent {
namespace {

StatusOr<KeyRecipe> PrimaryRecipe(ESYS_TR hierarchy, ByteView unique,
                                  tpmwire::PublicArea (*make_template)(ByteView)) {
  if (unique.size() != kKeyUniqueBytes) {
    return InvalidArgument(fmt::format("unique must have {} bytes", kKeyUniqueBytes));
  }
  KeyRecipe recipe;
  recipe.hierarchy = hierarchy;
  ASSIGN_OR_RETURN(recipe.key_template, ToTss(make_template(unique)));
  return recipe;
}

// What sits at a handle where our device key should be.
enum class Occupant { kThisKey, kEarlierKey, kForeign };

// Ours is a primary of the owner hierarchy of this very TPM, of our template. Using or removing
// whatever else happens to sit there would hand our identity to its owner, or break its owner.
StatusOr<bool> IsDeviceKey(Link& link, const LoadedKey& key) {
  const auto area = tpmwire::ParsePublic(key.public_area());
  if (!area.ok() || !tpmwire::MatchesTemplate(*area, tpmwire::DeviceKeyTemplate({}))) return false;
  ASSIGN_OR_RETURN(const Bytes qualified_name, key.ReadQualifiedName(link));
  return qualified_name == tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, *area);
}

StatusOr<std::unique_ptr<LoadedKey>> LoadAt(Link& link,
                                            const std::shared_ptr<Connection>& connection,
                                            uint32_t handle) {
  KeyRecipe recipe;
  recipe.persistent_handle = handle;
  return LoadedKey::Load(link, connection, recipe, "load device key");
}

StatusOr<Occupant> LookAt(Link& link, const LoadedKey& occupant, const LoadedKey& key) {
  if (occupant.public_area() == key.public_area()) return Occupant::kThisKey;
  ASSIGN_OR_RETURN(const bool ours, IsDeviceKey(link, occupant));
  return ours ? Occupant::kEarlierKey : Occupant::kForeign;
}

// Stores at `handle`, or, if `object` is the persistent key there, removes it.
Status EvictControl(Link& link, ESYS_TR object, uint32_t handle, std::string_view verb) {
  ESYS_TR persistent = ESYS_TR_NONE;
  RETURN_IF_ERROR(
      link.Check(Esys_EvictControl(link.esys(), ESYS_TR_RH_OWNER, object, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, handle, &persistent),
                 verb));
  if (persistent != ESYS_TR_NONE) Esys_TR_Close(link.esys(), &persistent);
  return OkStatus();
}

Status RemoveAt(Link& link, uint32_t handle) {
  ESYS_TR object = ESYS_TR_NONE;
  RETURN_IF_ERROR(link.Check(
      Esys_TR_FromTPMPublic(link.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object),
      "remove earlier device key"));
  const Status removed = EvictControl(link, object, handle, "remove earlier device key");
  // ESYS would go on taking what comes to this handle for the key that was there.
  Esys_TR_Close(link.esys(), &object);
  return removed;
}

// True once `key` is at `handle`; false if a foreign key is.
StatusOr<bool> PersistAt(Link& link, const std::shared_ptr<Connection>& connection,
                         const LoadedKey& key, uint32_t handle) {
  ASSIGN_OR_RETURN(const ESYS_TR transient, key.Use(link));
  // The TPM never overwrites: trying is looking.
  const Status stored = EvictControl(link, transient, handle, "store device key");
  if (stored.ok()) return true;
  if (!IsHandleTaken(link.last())) return stored;
  Occupant occupant;
  {
    ASSIGN_OR_RETURN(const auto there, LoadAt(link, connection, handle));
    ASSIGN_OR_RETURN(occupant, LookAt(link, *there, key));
  }
  switch (occupant) {
    case Occupant::kThisKey:
      return true;
    case Occupant::kForeign:
      log::Warning("device key handle holds another's key, taking the next",
                   {{"handle", fmt::format("{:#010x}", handle)}});
      return false;
    case Occupant::kEarlierKey:
      break;
  }
  RETURN_IF_ERROR(RemoveAt(link, handle));
  RETURN_IF_ERROR(EvictControl(link, transient, handle, "store device key"));
  return true;
}

}  // namespace

StatusOr<std::unique_ptr<TpmKey>> Tpm::CreateAk(ByteView unique) {
  ASSIGN_OR_RETURN(const KeyRecipe recipe,
                   PrimaryRecipe(ESYS_TR_RH_ENDORSEMENT, unique, tpmwire::AkTemplate));
  std::unique_ptr<TpmKey> ak;
  RETURN_IF_ERROR(connection_->Run([this, &recipe, &ak](Link& link) {
    ASSIGN_OR_RETURN(ak, LoadedKey::Load(link, connection_, recipe, "create attestation key"));
    return OkStatus();
  }));
  return ak;
}

StatusOr<std::unique_ptr<TpmKey>> Tpm::CreateDeviceKey(ByteView unique) {
  ASSIGN_OR_RETURN(const KeyRecipe recipe,
                   PrimaryRecipe(ESYS_TR_RH_OWNER, unique, tpmwire::DeviceKeyTemplate));
  std::unique_ptr<TpmKey> key;
  RETURN_IF_ERROR(connection_->Run([this, &recipe, &key](Link& link) {
    ASSIGN_OR_RETURN(key, LoadedKey::Load(link, connection_, recipe, "create device key"));
    return OkStatus();
  }));
  return key;
}

StatusOr<uint32_t> Tpm::PersistDeviceKey(const TpmKey& key) {
  ASSIGN_OR_RETURN(const LoadedKey* device_key, LoadedKey::From(key));
  const uint32_t first = options_.device_key_handle;
  const uint32_t last = first + kDeviceKeyHandlesMax - 1;
  uint32_t taken = 0;
  RETURN_IF_ERROR(connection_->Run([this, device_key, first, last, &taken](Link& link) {
    for (uint32_t handle = first; handle <= last; ++handle) {
      ASSIGN_OR_RETURN(const bool stored, PersistAt(link, connection_, *device_key, handle));
      if (!stored) continue;
      taken = handle;
      return OkStatus();
    }
    return AlreadyExists(fmt::format(
        "store device key: TPM handles {0:#010x} to {1:#010x} hold others' keys: free one "
        "(tpm2_evictcontrol -C o -c {0:#010x})",
        first, last));
  }));
  return taken;
}

StatusOr<std::unique_ptr<TpmKey>> Tpm::LoadDeviceKey(uint32_t handle) {
  std::unique_ptr<TpmKey> key;
  RETURN_IF_ERROR(connection_->Run([this, handle, &key](Link& link) {
    ASSIGN_OR_RETURN(auto there, LoadAt(link, connection_, handle));
    ASSIGN_OR_RETURN(const bool ours, IsDeviceKey(link, *there));
    if (!ours) {
      return AlreadyExists(
          fmt::format("load device key: TPM handle {:#010x} holds another's key", handle));
    }
    key = std::move(there);
    return OkStatus();
  }));
  return key;
}

}  // namespace preseal::agent
