// SPDX-License-Identifier: Apache-2.0
#include "server/service/device_edit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

Status CheckField(std::string_view field, const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return OkStatus();
  return InvalidArgument(fmt::format("{} is longer than {} bytes", field, bytes_max));
}

Status Set(std::string_view field, const std::optional<std::string>& from, size_t bytes_max,
           std::string* to, std::vector<std::string>* changed) {
  if (!from) return OkStatus();
  RETURN_IF_ERROR(CheckField(field, *from, bytes_max));
  if (*from == *to) return OkStatus();
  changed->push_back(fmt::format("{} \"{}\"", field, *from));
  *to = *from;
  return OkStatus();
}

Status SetAttributes(const DeviceChange& change, Device* device,
                     std::vector<std::string>* changed) {
  for (const auto& [key, value] : change.attributes) {
    if (key.empty()) return InvalidArgument("set_attributes.key is empty");
    RETURN_IF_ERROR(CheckField("set_attributes.key", key, kAttributeKeyBytesMax));
    RETURN_IF_ERROR(CheckField("set_attributes.value", value, kNameBytesMax));
    if (value.empty()) {
      device->attributes.erase(key);
    } else {
      device->attributes[key] = value;
    }
    changed->push_back(fmt::format("attribute {} \"{}\"", key, value));
  }
  if (device->attributes.size() <= kAttributesMax) return OkStatus();
  return InvalidArgument(fmt::format("a device has at most {} attributes", kAttributesMax));
}

Status CheckPinned(Tx& tx, const std::optional<std::string>& profile) {
  if (!profile || profile->empty() || profile->size() > kNameBytesMax) return OkStatus();
  const auto document =
      tx.documents.GetDocument(DocumentKind::kDeploymentProfile, *profile, /*version=*/0);
  if (document.ok() && !document->deleted) return OkStatus();
  if (!document.ok() && document.status().code() != StatusCode::kNotFound) return document.status();
  return NotFound(fmt::format(
      "there is no profile \"{}\": `preseal documents list` shows those there are", *profile));
}

}  // namespace

StatusOr<Device> DeviceEdit::Update(const Principal& actor, const DeviceId& id,
                                    const DeviceChange& change) {
  Device device;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(device, tx.devices.Get(id));
    if (device.state == DeviceState::kRetired) {
      return FailedPrecondition(fmt::format("{} is retired", id.text()));
    }
    RETURN_IF_ERROR(CheckPinned(tx, change.profile));
    std::vector<std::string> changed;
    RETURN_IF_ERROR(
        Set("assigned_user", change.assigned_user, kNameBytesMax, &device.assigned_user, &changed));
    RETURN_IF_ERROR(Set("group_tag", change.group_tag, kNameBytesMax, &device.group_tag, &changed));
    RETURN_IF_ERROR(Set("slot", change.slot, kSlotBytesMax, &device.slot, &changed));
    RETURN_IF_ERROR(Set("profile", change.profile, kNameBytesMax, &device.profile, &changed));
    RETURN_IF_ERROR(SetAttributes(change, &device, &changed));
    if (changed.empty()) return OkStatus();
    RETURN_IF_ERROR(tx.devices.Put(&device));
    return tx.audit.Record({.time = clock_.Now(),
                            .actor = actor.name,
                            .action = "device.update",
                            .subject = "devices/" + id.text(),
                            .detail = fmt::format("{}", fmt::join(changed, ", "))});
  }));
  landing_.Push(id);
  return device;
}

}  // namespace preseal::server
