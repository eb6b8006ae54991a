// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/device_rows.h"

#include <algorithm>
#include <array>

#include "common/base/limits.h"
#include "server/adapters/sql/columns.h"
#include "server/adapters/sql/device_record.h"

namespace preseal::server {
namespace {

using sql::Sql;

// Placeholders bind in this order: three times the same pattern.
#define PRESEAL_DEVICE_MATCHES                                                                 \
  "(lower(serial_number) LIKE :in_serial ESCAPE '\\' OR lower(slot) LIKE :in_slot ESCAPE '\\'" \
  " OR 'd-' || device_number LIKE :in_id ESCAPE '\\')"

constexpr Sql kGet("SELECT " PRESEAL_DEVICE_COLUMNS
                   " FROM devices WHERE device_number = :device_number",
                   PRESEAL_DEVICE_TYPES);
constexpr Sql kFindBySerial("SELECT " PRESEAL_DEVICE_COLUMNS
                            " FROM devices WHERE lower(serial_number) = lower(:serial)",
                            PRESEAL_DEVICE_TYPES);
constexpr Sql kFindByEk("SELECT " PRESEAL_DEVICE_COLUMNS " FROM devices WHERE ek_spki_sha256 = :ek",
                        PRESEAL_DEVICE_TYPES);
constexpr Sql kList("SELECT " PRESEAL_DEVICE_COLUMNS
                    " FROM devices WHERE device_number > :after AND " PRESEAL_DEVICE_MATCHES
                    " ORDER BY device_number LIMIT :limit",
                    PRESEAL_DEVICE_TYPES);
constexpr Sql kListState("SELECT " PRESEAL_DEVICE_COLUMNS
                         " FROM devices WHERE state = :state AND device_number > :after"
                         " AND " PRESEAL_DEVICE_MATCHES " ORDER BY device_number LIMIT :limit",
                         PRESEAL_DEVICE_TYPES);
constexpr Sql kListBatchState("SELECT " PRESEAL_DEVICE_COLUMNS
                              " FROM devices WHERE batch_id = :batch_id AND state = :state"
                              " AND device_number > :after AND " PRESEAL_DEVICE_MATCHES
                              " ORDER BY device_number LIMIT :limit",
                              PRESEAL_DEVICE_TYPES);
constexpr Sql kChanged("SELECT " PRESEAL_DEVICE_COLUMNS
                       " FROM devices WHERE revision > :cursor AND (:states >> state) & 1 = 1"
                       " AND " PRESEAL_DEVICE_MATCHES " ORDER BY revision LIMIT :limit",
                       PRESEAL_DEVICE_TYPES);
constexpr Sql kChangedInBatch("SELECT " PRESEAL_DEVICE_COLUMNS
                              " FROM devices WHERE batch_id = :batch_id AND revision > :cursor"
                              " AND (:states >> state) & 1 = 1 AND " PRESEAL_DEVICE_MATCHES
                              " ORDER BY revision LIMIT :limit",
                              PRESEAL_DEVICE_TYPES);
constexpr Sql kWithContact("SELECT " PRESEAL_DEVICE_COLUMNS
                           " FROM devices WHERE contact = :contact AND (:states >> state) & 1 = 1"
                           " ORDER BY device_number",
                           PRESEAL_DEVICE_TYPES);
constexpr Sql kMarks(
    "SELECT time, state, contact FROM device_marks WHERE device_number = :device_number"
    " ORDER BY mark_number LIMIT :limit",
    "iii");
constexpr Sql kNextValue("UPDATE counters SET value = value + 1 WHERE name = :name RETURNING value",
                         "i");
constexpr Sql kSerialTaken("SELECT 1 FROM devices WHERE lower(serial_number) = lower(:serial)",
                           "i");

StatusOr<uint64_t> NextValue(sql::Connection& connection, std::string_view counter) {
  uint64_t value = 0;
  ASSIGN_OR_RETURN(const bool found,
                   connection.QueryOne(kNextValue, {counter},
                                       [&value](sql::Row& row) { value = row.Unsigned(); }));
  if (!found) return DataLoss(fmt::format("counter {} is missing: restore a backup", counter));
  return value;
}

// `query` as a LIKE pattern for "contains", lower case; everything when empty.
std::string PatternOf(std::string_view query) {
  std::string pattern = "%";
  for (const char c : query) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!query.empty()) pattern += '%';
  return pattern;
}

// Bit n is state n.
int64_t MaskOf(const std::vector<DeviceState>& states) {
  if (states.empty()) return INT64_MAX;
  int64_t mask = 0;
  for (const DeviceState state : states) mask |= int64_t{1} << static_cast<int>(state);
  return mask;
}

StatusOr<Device> TheOne(StatusOr<std::vector<Device>> devices, std::string_view what) {
  if (!devices.ok()) return devices.status();
  if (devices->empty()) return NotFound(fmt::format("no device with {}", what));
  return std::move(devices->front());
}

}  // namespace

StatusOr<Device> DeviceRows::Get(const DeviceId& id) {
  return TheOne(QueryDevices(connection_, kGet, {id.number()}), "id " + id.text());
}

StatusOr<Device> DeviceRows::FindBySerial(std::string_view serial) {
  return TheOne(QueryDevices(connection_, kFindBySerial, {serial}), "this serial number");
}

StatusOr<Device> DeviceRows::FindByEk(ByteView ek_spki_sha256) {
  return TheOne(QueryDevices(connection_, kFindByEk, {ek_spki_sha256}), "this EK");
}

StatusOr<uint64_t> DeviceRows::NextRevision() {
  ASSIGN_OR_RETURN(revision_, NextValue(connection_, "revision"));
  return revision_;
}

Status DeviceRows::Insert(Device* device) {
  ASSIGN_OR_RETURN(const bool taken,
                   connection_.QueryOne(kSerialTaken, {device->serial_number}, [](sql::Row&) {}));
  if (taken) return AlreadyExists("serial number is taken");
  Device inserted = *device;
  ASSIGN_OR_RETURN(const uint64_t number, NextValue(connection_, "device_number"));
  inserted.id = DeviceId::FromNumber(number);
  ASSIGN_OR_RETURN(inserted.revision, NextRevision());
  RETURN_IF_ERROR(InsertDevice(connection_, inserted));
  *device = std::move(inserted);
  return OkStatus();
}

Status DeviceRows::Put(Device* device) {
  const uint64_t revision_before = device->revision;
  ASSIGN_OR_RETURN(device->revision, NextRevision());
  const Status status = UpdateDevice(connection_, *device);
  if (!status.ok()) device->revision = revision_before;
  return status;
}

StatusOr<std::vector<Device>> DeviceRows::ListInState(const DeviceFilter& filter, DeviceState state,
                                                      uint64_t after, int limit) {
  const std::string pattern = PatternOf(filter.query);
  if (filter.batch) {
    return QueryDevices(connection_, kListBatchState,
                        {filter.batch->text(), state, after, pattern, pattern, pattern, limit});
  }
  return QueryDevices(connection_, kListState, {state, after, pattern, pattern, pattern, limit});
}

StatusOr<std::vector<Device>> DeviceRows::List(const DeviceFilter& filter,
                                               std::optional<DeviceId> after, int limit) {
  if (limit <= 0) return std::vector<Device>();
  const uint64_t after_number = after ? after->number() : 0;
  if (!filter.batch && filter.states.empty()) {
    const std::string pattern = PatternOf(filter.query);
    return QueryDevices(connection_, kList, {after_number, pattern, pattern, pattern, limit});
  }
  // One page per state, each by id straight from its index, and merged: a page costs the same
  // however many devices the world or the batch has.
  std::vector<Device> merged;
  const int64_t wanted = MaskOf(filter.states);
  for (const DeviceState state : kAllDeviceStates) {
    if (((wanted >> static_cast<int>(state)) & 1) == 0) continue;
    ASSIGN_OR_RETURN(auto page, ListInState(filter, state, after_number, limit));
    merged.insert(merged.end(), std::make_move_iterator(page.begin()),
                  std::make_move_iterator(page.end()));
  }
  std::sort(merged.begin(), merged.end(),
            [](const Device& a, const Device& b) { return a.id.number() < b.id.number(); });
  if (merged.size() > static_cast<size_t>(limit)) merged.resize(static_cast<size_t>(limit));
  return merged;
}

StatusOr<std::vector<Device>> DeviceRows::ChangedSince(uint64_t cursor, const DeviceFilter& filter,
                                                       int limit) {
  if (limit <= 0) return std::vector<Device>();
  const std::string pattern = PatternOf(filter.query);
  const int64_t states = MaskOf(filter.states);
  if (filter.batch) {
    return QueryDevices(connection_, kChangedInBatch,
                        {filter.batch->text(), cursor, states, pattern, pattern, pattern, limit});
  }
  return QueryDevices(connection_, kChanged, {cursor, states, pattern, pattern, pattern, limit});
}

StatusOr<std::vector<Device>> DeviceRows::WithContact(ContactState contact,
                                                      const std::vector<DeviceState>& states) {
  return QueryDevices(connection_, kWithContact, {contact, MaskOf(states)});
}

StatusOr<std::vector<DeviceMark>> DeviceRows::Marks(const DeviceId& id) {
  std::vector<DeviceMark> marks;
  RETURN_IF_ERROR(
      connection_.Query(kMarks, {id.number(), kDeviceMarksMax}, [&marks](sql::Row& row) -> Status {
        Columns columns(row, "device_marks");
        DeviceMark& mark = marks.emplace_back();
        mark.time = columns->Time();
        mark.state = columns.Enum(DeviceState::kRegistered, DeviceState::kRetired);
        mark.contact = columns.Enum(ContactState::kNever, ContactState::kSilent);
        return columns.status();
      }));
  return marks;
}

}  // namespace preseal::server
