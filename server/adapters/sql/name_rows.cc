// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "server/adapters/sql/columns.h"
#include "server/adapters/sql/document_rows.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kFind(
    "SELECT name, device_number, name_template, reserve_time FROM device_names"
    " WHERE name_key = :name_key",
    "titi");
constexpr Sql kOfDevice(
    "SELECT name, device_number, name_template, reserve_time FROM device_names"
    " WHERE device_number = :device_number",
    "titi");
constexpr Sql kFree("DELETE FROM device_names WHERE device_number = :device_number");
constexpr Sql kInsert(
    "INSERT INTO device_names (name_key, name, device_number, name_template, reserve_time)"
    " VALUES (:name_key, :name, :device_number, :name_template, :reserve_time)"
    " ON CONFLICT DO NOTHING");
constexpr Sql kPeek("SELECT next FROM name_sequences WHERE name_template = :name_template", "i");
constexpr Sql kAdvance(
    "INSERT INTO name_sequences (name_template, next) VALUES (:name_template, 2)"
    " ON CONFLICT (name_template) DO UPDATE SET next = next + 1");

// Device names are letters, digits and hyphens of ASCII.
std::string KeyOf(std::string_view name) {
  std::string key(name);
  std::transform(key.begin(), key.end(), key.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return key;
}

}  // namespace

StatusOr<NameReservation> NameRows::Select(const Sql& sql, sql::Params params,
                                           std::string_view what) {
  NameReservation found;
  ASSIGN_OR_RETURN(const bool any, connection_.QueryOne(sql, params, [&found](sql::Row& row) {
    found.name = row.Text();
    found.device_id = DeviceId::FromNumber(row.Unsigned());
    found.name_template = row.Text();
    found.time = row.Time();
  }));
  if (any) return found;
  return NotFound(fmt::format("no name is reserved: {}", what));
}

Status NameRows::ReserveName(const NameReservation& wanted) {
  auto holder = FindName(wanted.name);
  if (holder.ok() && holder->device_id != wanted.device_id) {
    return AlreadyExists(
        fmt::format("the name {} belongs to {}", wanted.name, holder->device_id.text()));
  }
  if (!holder.ok() && !IsNotFound(holder.status())) return holder.status();
  RETURN_IF_ERROR(FreeName(wanted.device_id));
  return ExpectInserted(
      connection_.Execute(kInsert, {KeyOf(wanted.name), wanted.name, wanted.device_id.number(),
                                    wanted.name_template, wanted.time}),
      fmt::format("the name {}", wanted.name));
}

StatusOr<NameReservation> NameRows::FindName(std::string_view name) {
  return Select(kFind, {KeyOf(name)}, name);
}

StatusOr<NameReservation> NameRows::NameOfDevice(const DeviceId& device) {
  return Select(kOfDevice, {device.number()}, device.text());
}

Status NameRows::FreeName(const DeviceId& device) {
  return connection_.Execute(kFree, {device.number()}).status();
}

StatusOr<uint64_t> NameRows::PeekSequence(std::string_view name_template) {
  uint64_t next = 1;
  RETURN_IF_ERROR(
      connection_
          .QueryOne(kPeek, {name_template}, [&next](sql::Row& row) { next = row.Unsigned(); })
          .status());
  return next;
}

StatusOr<uint64_t> NameRows::NextInSequence(std::string_view name_template) {
  ASSIGN_OR_RETURN(const uint64_t next, PeekSequence(name_template));
  RETURN_IF_ERROR(connection_.Execute(kAdvance, {name_template}).status());
  return next;
}

}  // namespace preseal::server
