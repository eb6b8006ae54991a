// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/identity/identity_files.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/crypto/random.h"
#include "common/files/files.h"

namespace preseal::agent {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
// Of identities stored before the handle was.
constexpr uint32_t kFirstHandleEver = 0x81050000;

Status Damaged(const std::string& file, std::string_view what) {
  return DataLoss(file + " is damaged (" + std::string(what) +
                  "): remove it to enrol this device again");
}

StatusOr<Json> ReadObject(const std::string& file) {
  ASSIGN_OR_RETURN(const Bytes bytes, files::Read(file, kIdentityFileBytesMax));
  Json json = Json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Damaged(file, "no JSON object");
  const auto version = json.find("version");
  if (version == json.end() || *version != kVersion) return Damaged(file, "unknown version");
  return json;
}

// Null if absent or of another type.
const std::string* FindText(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? nullptr : found->get_ptr<const std::string*>();
}

StatusOr<Bytes> ParseUnique(const Json& json, const char* key, const std::string& file) {
  const std::string* text = FindText(json, key);
  if (text == nullptr) return Damaged(file, key);
  auto bytes = FromHex(*text);
  if (!bytes.ok() || bytes->size() != kKeyUniqueBytes) return Damaged(file, key);
  return bytes;
}

StatusOr<std::vector<std::string>> ParseNames(const Json& json, const std::string& file) {
  std::vector<std::string> names;
  const auto found = json.find("server_names");
  if (found == json.end() || !found->is_array()) return Damaged(file, "server_names");
  for (const Json& name : *found) {
    if (!name.is_string()) return Damaged(file, "server_names");
    names.push_back(*name.get_ptr<const std::string*>());
  }
  return names;
}

StatusOr<DeviceIdentity> ParseIdentity(const Json& json, const std::string& file) {
  DeviceIdentity identity;
  const std::string* device_id = FindText(json, "device_id");
  if (device_id == nullptr || !DeviceId::Check(*device_id).ok()) return Damaged(file, "device_id");
  identity.device_id = *device_id;
  const std::string* chain = FindText(json, "certificate_chain_pem");
  if (chain == nullptr || !crypto::ParsePemBundle(*chain).ok()) {
    return Damaged(file, "certificate_chain_pem");
  }
  identity.certificate_chain_pem = *chain;
  const auto lab = json.find("lab");
  if (lab == json.end() || !lab->is_boolean()) return Damaged(file, "lab");
  identity.lab = *lab == true;
  // Identities stored before there was a quarantine lack it.
  if (const auto quarantined = json.find("quarantined"); quarantined != json.end()) {
    if (!quarantined->is_boolean()) return Damaged(file, "quarantined");
    identity.quarantined = *quarantined == true;
  }
  ASSIGN_OR_RETURN(identity.server_names, ParseNames(json, file));
  const auto handle = json.find("device_key_handle");
  if (handle == json.end()) {
    identity.device_key_handle = kFirstHandleEver;
    return identity;
  }
  if (!handle->is_number_unsigned()) return Damaged(file, "device_key_handle");
  identity.device_key_handle = handle->get<uint32_t>();
  return identity;
}

Status WriteObject(const std::string& file, const Json& json) {
  // Invalid UTF-8 cannot be in here but must not throw either.
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return files::WriteAtomic(file, AsBytes(text), kFileMode);
}

}  // namespace

StatusOr<std::unique_ptr<IdentityFiles>> IdentityFiles::Open(const std::string& directory) {
  RETURN_IF_ERROR(files::MakeDirectories(directory, kDirectoryMode));
  return std::unique_ptr<IdentityFiles>(new IdentityFiles(directory));
}

StatusOr<KeyUniques> IdentityFiles::LoadOrCreateUniques() {
  auto json = ReadObject(uniques_file_);
  if (json.status().code() == StatusCode::kNotFound) return CreateUniques();
  RETURN_IF_ERROR(json.status());
  KeyUniques uniques;
  ASSIGN_OR_RETURN(uniques.ak, ParseUnique(*json, "ak", uniques_file_));
  ASSIGN_OR_RETURN(uniques.device_key, ParseUnique(*json, "device_key", uniques_file_));
  return uniques;
}

StatusOr<KeyUniques> IdentityFiles::CreateUniques() {
  KeyUniques uniques;
  ASSIGN_OR_RETURN(uniques.ak, crypto::RandomBytes(kKeyUniqueBytes));
  ASSIGN_OR_RETURN(uniques.device_key, crypto::RandomBytes(kKeyUniqueBytes));
  RETURN_IF_ERROR(WriteObject(uniques_file_, {{"version", kVersion},
                                              {"ak", ToHex(uniques.ak)},
                                              {"device_key", ToHex(uniques.device_key)}}));
  return uniques;
}

StatusOr<std::optional<DeviceIdentity>> IdentityFiles::Load() {
  auto json = ReadObject(identity_file_);
  if (json.status().code() == StatusCode::kNotFound) return std::optional<DeviceIdentity>();
  RETURN_IF_ERROR(json.status());
  ASSIGN_OR_RETURN(DeviceIdentity identity, ParseIdentity(*json, identity_file_));
  return std::optional<DeviceIdentity>(std::move(identity));
}

Status IdentityFiles::Save(const DeviceIdentity& identity) {
  // First the copy: whoever sees the new identity finds the new chain beside it.
  RETURN_IF_ERROR(
      files::WriteAtomic(chain_file_, AsBytes(identity.certificate_chain_pem), kFileMode));
  return WriteObject(identity_file_, {{"version", kVersion},
                                      {"device_id", identity.device_id},
                                      {"lab", identity.lab},
                                      {"quarantined", identity.quarantined},
                                      {"server_names", identity.server_names},
                                      {"device_key_handle", identity.device_key_handle},
                                      {"certificate_chain_pem", identity.certificate_chain_pem}});
}

}  // namespace preseal::agent
