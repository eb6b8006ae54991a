// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/user_flow_rows.h"

#include <fmt/format.h>

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kPutCode(
    "INSERT OR REPLACE INTO user_codes (device_number, username, code_sha256, create_time,"
    " expire_time, attempts_left, used) VALUES (:device_number, :username, :code_sha256,"
    " :create_time, :expire_time, :attempts_left, :used)");
constexpr Sql kGetCode(
    "SELECT username, code_sha256, create_time, expire_time, attempts_left, used"
    " FROM user_codes WHERE device_number = :device_number",
    "tbiiii");
constexpr Sql kDue(
    "SELECT device_number, attempt FROM service_records_due"
    " ORDER BY device_number, attempt LIMIT :limit",
    "ii");
constexpr Sql kStrikeOff(
    "DELETE FROM service_records_due WHERE device_number = :device_number AND attempt = :attempt");
constexpr Sql kInsertRecord(
    "INSERT INTO service_records (device_number, attempt, create_time, jws)"
    " VALUES (:device_number, :attempt, :create_time, :jws)");
constexpr Sql kRecord(
    "SELECT jws FROM service_records WHERE device_number = :device_number"
    " ORDER BY service_record_number DESC LIMIT 1",
    "t");

}  // namespace

Status UserFlowRows::PutUserCode(const UserCode& code) {
  return connection_
      .Execute(kPutCode, {code.device_id.number(), code.username, code.code_sha256,
                          code.create_time, code.expire_time, code.attempts_left, code.used})
      .status();
}

StatusOr<UserCode> UserFlowRows::GetUserCode(const DeviceId& device) {
  UserCode code{.device_id = device};
  ASSIGN_OR_RETURN(const bool found,
                   connection_.QueryOne(kGetCode, {device.number()}, [&code](sql::Row& row) {
                     code.username = row.Text();
                     code.code_sha256 = row.Blob();
                     code.create_time = row.Time();
                     code.expire_time = row.Time();
                     code.attempts_left = row.Unsigned32();
                     code.used = row.Flag();
                   }));
  if (!found) return NotFound(fmt::format("no user code was issued for {}", device.text()));
  return code;
}

StatusOr<std::vector<RunId>> UserFlowRows::ServiceRecordsDue(int limit) {
  std::vector<RunId> runs;
  RETURN_IF_ERROR(connection_.Query(kDue, {limit}, [&runs](sql::Row& row) {
    const DeviceId device = DeviceId::FromNumber(row.Unsigned());
    runs.push_back(RunId::Of(device, row.Unsigned32()));
    return OkStatus();
  }));
  return runs;
}

Status UserFlowRows::PutServiceRecord(const RunId& run, std::string_view jws, WallTime now) {
  const uint64_t device = run.device().number();
  RETURN_IF_ERROR(connection_.Execute(kInsertRecord, {device, run.attempt(), now, jws}).status());
  return connection_.Execute(kStrikeOff, {device, run.attempt()}).status();
}

StatusOr<std::string> UserFlowRows::ServiceRecord(const DeviceId& device) {
  std::string jws;
  ASSIGN_OR_RETURN(const bool found,
                   connection_.QueryOne(kRecord, {device.number()},
                                        [&jws](sql::Row& row) { jws = row.Text(); }));
  if (!found) return NotFound(fmt::format("{} has no service record yet", device.text()));
  return jws;
}

}  // namespace preseal::server
