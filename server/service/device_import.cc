// SPDX-License-Identifier: Apache-2.0
#include "server/service/device_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

ImportRowResult Refuse(std::string_view code, std::string message) {
  return {
      .outcome = ImportOutcome::kRefused, .code = std::string(code), .message = std::move(message)};
}

// What is wrong with the row by itself; an empty code if nothing is.
ImportRowResult CheckForm(const ImportRow& row) {
  const std::string serial = NormaliseSerial(row.serial_number);
  if (serial.empty()) return Refuse("EMPTY_FIELD", "the serial number is empty");
  if (IsJunkSerial(serial)) {
    return Refuse(
        "JUNK_SERIAL",
        fmt::format("\"{}\" is what firmware shows when no serial was set: it cannot name "
                    "a device",
                    EscapeForLog(serial, 64)));
  }
  if (serial.size() > kSerialBytesMax) {
    return Refuse("FIELD_TOO_LONG",
                  fmt::format("the serial number is longer than {} bytes", kSerialBytesMax));
  }
  for (const auto& [name, value] :
       {std::pair<const char*, const std::string&>{"manufacturer", row.manufacturer},
        {"model", row.model},
        {"assigned user", row.assigned_user},
        {"SKU", row.sku},
        {"group tag", row.group_tag}}) {
    if (value.size() > kNameBytesMax) {
      return Refuse("FIELD_TOO_LONG",
                    fmt::format("{} is longer than {} bytes", name, kNameBytesMax));
    }
  }
  if (row.attributes.size() > kAttributesMax) {
    return Refuse("FIELD_TOO_LONG", fmt::format("more than {} attributes", kAttributesMax));
  }
  for (const auto& [key, value] : row.attributes) {
    if (key.empty()) return Refuse("EMPTY_FIELD", "an attribute has no name");
    if (key.size() > kAttributeKeyBytesMax || value.size() > kNameBytesMax) {
      return Refuse("FIELD_TOO_LONG", fmt::format("attribute {} is too long", key));
    }
  }
  const auto is_control = [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; };
  if (std::any_of(serial.begin(), serial.end(), is_control)) {
    return Refuse("JUNK_SERIAL", "the serial number has control characters");
  }
  return {};
}

std::string Fold(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

ImportRowResult CompareWithRecord(const Device& device, const BatchId& batch,
                                  const ImportRow& row) {
  if (device.batch != batch) {
    return Refuse("OTHER_BATCH",
                  fmt::format("{} has this serial number, in another batch", device.id.text()));
  }
  // What assignment goes by may be changed later; a list that does not name it says nothing.
  const bool other_details = device.manufacturer != row.manufacturer || device.model != row.model ||
                             device.assigned_user != row.assigned_user;
  const bool other_group = (!row.sku.empty() && device.sku != row.sku) ||
                           (!row.group_tag.empty() && device.group_tag != row.group_tag) ||
                           (!row.attributes.empty() && device.attributes != row.attributes);
  if (other_details || other_group) {
    return Refuse("CONFLICT",
                  fmt::format("{} has this serial number with other details", device.id.text()));
  }
  return {.outcome = ImportOutcome::kUnchanged, .device = device.id};
}

}  // namespace

StatusOr<std::vector<ImportRowResult>> DeviceImport::Import(const Principal& actor,
                                                            const BatchId& batch,
                                                            const std::vector<ImportRow>& rows,
                                                            bool validate_only) {
  if (rows.empty()) return InvalidArgument("no rows to import");
  if (rows.size() > kImportRowsMax) {
    return InvalidArgument(fmt::format("more than {} rows: split the file", kImportRowsMax));
  }
  std::vector<ImportRowResult> results;
  bool refused = false;
  std::unordered_map<std::string, size_t> first_row;
  for (size_t i = 0; i < rows.size(); ++i) {
    results.push_back(CheckForm(rows[i]));
    if (results.back().code.empty()) {
      const auto [it, fresh] = first_row.emplace(Fold(NormaliseSerial(rows[i].serial_number)), i);
      if (!fresh) {
        results.back() = Refuse("DUPLICATE_IN_FILE",
                                fmt::format("same serial number as row {}", it->second + 1));
      }
    }
    refused = refused || !results.back().code.empty();
  }
  const Status status = store_.WriteAndWait([&](Tx& tx) -> Status {
    RETURN_IF_ERROR(tx.batches.EnsureBatch(batch, clock_.Now()));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!results[i].code.empty()) continue;
      ASSIGN_OR_RETURN(results[i], ImportRowIn(tx, batch, rows[i], !validate_only && !refused));
      refused = refused || results[i].outcome == ImportOutcome::kRefused;
    }
    // Rolls back what was stored before the first refusal was found.
    if (refused || validate_only) return Cancelled("nothing imported");
    return tx.audit.Record({.time = clock_.Now(),
                            .actor = actor.name,
                            .action = "devices.import",
                            .subject = "batches/" + batch.text(),
                            .detail = fmt::format("{} rows", rows.size())});
  });
  if (!status.ok() && status.code() != StatusCode::kCancelled) return status;
  if (!status.ok()) {
    for (ImportRowResult& result : results) {
      if (result.outcome == ImportOutcome::kCreated) result.device = DeviceId();
    }
  } else {
    log::Info("devices imported", {{"batch", batch.text()}, {"rows", rows.size()}});
  }
  return results;
}

StatusOr<ImportRowResult> DeviceImport::ImportRowIn(Tx& tx, const BatchId& batch,
                                                    const ImportRow& row, bool store_it) {
  const std::string serial = NormaliseSerial(row.serial_number);
  const auto existing = tx.devices.FindBySerial(serial);
  if (existing.ok()) return CompareWithRecord(*existing, batch, row);
  if (existing.status().code() != StatusCode::kNotFound) return existing.status();
  if (!store_it) return ImportRowResult{.outcome = ImportOutcome::kCreated};
  const WallTime now = clock_.Now();
  Device device{.serial_number = serial,
                .manufacturer = row.manufacturer,
                .model = row.model,
                .batch = batch,
                .assigned_user = row.assigned_user,
                .state_time = now,
                .create_time = now,
                .sku = row.sku,
                .group_tag = row.group_tag,
                .attributes = row.attributes};
  RETURN_IF_ERROR(tx.devices.Insert(&device));
  return ImportRowResult{.outcome = ImportOutcome::kCreated, .device = device.id};
}

}  // namespace preseal::server
