// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/event_rows.h"

#include <fmt/format.h>

#include "common/crypto/digest.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kTaken(
    "SELECT sequence FROM events WHERE device_number = :device_number AND attempt = :attempt"
    " AND sequence BETWEEN :first AND :last ORDER BY sequence LIMIT 1",
    "i");
constexpr Sql kInsert(
    "INSERT INTO events (device_number, attempt, sequence, receive_time, kind, item_id, text,"
    " content) VALUES (:device_number, :attempt, :sequence, :receive_time, :kind, :item_id, :text,"
    " :content)");
constexpr Sql kContent(
    "SELECT content FROM events WHERE device_number = :device_number AND attempt = :attempt"
    " AND sequence = :sequence",
    "b");
constexpr Sql kList(
    "SELECT sequence, receive_time, kind, item_id, text FROM events"
    " WHERE device_number = :device_number AND attempt = :attempt AND sequence > :after"
    " ORDER BY sequence LIMIT :limit",
    "iittt");
constexpr Sql kContents(
    "SELECT sequence, receive_time, content FROM events"
    " WHERE device_number = :device_number AND attempt = :attempt AND sequence > :after"
    " AND kind <> 'log-line' ORDER BY sequence LIMIT :limit",
    "iib");

}  // namespace

Status EventRows::Append(const RunId& run, std::span<const Event> events, WallTime now) {
  if (events.empty()) return OkStatus();
  const uint64_t device = run.device().number();
  const uint32_t attempt = run.attempt();
  // Asked once for the whole stretch, so that a refused one leaves nothing behind.
  ASSIGN_OR_RETURN(const bool taken,
                   connection_.QueryOne(
                       kTaken, {device, attempt, events.front().sequence, events.back().sequence},
                       [](sql::Row&) {}));
  if (taken) return AlreadyExists(fmt::format("event sequence of {} is taken", run.text()));
  for (const Event& event : events) {
    RETURN_IF_ERROR(connection_
                        .Execute(kInsert, {device, attempt, event.sequence, now, KindOf(event),
                                           ItemOf(event), TextOf(event), event.content})
                        .status());
  }
  return OkStatus();
}

StatusOr<Bytes> EventRows::DigestOf(const RunId& run, uint64_t sequence) {
  Bytes digest;
  ASSIGN_OR_RETURN(const bool found,
                   connection_.QueryOne(kContent, {run.device().number(), run.attempt(), sequence},
                                        [&digest](sql::Row& row) {
                                          const auto sha256 = crypto::Sha256(row.Blob());
                                          digest.assign(sha256.begin(), sha256.end());
                                        }));
  if (!found) return NotFound(fmt::format("no event {} of {}", sequence, run.text()));
  return digest;
}

StatusOr<std::vector<JournalRow>> EventRows::List(const RunId& run, uint64_t after, int limit) {
  std::vector<JournalRow> journal;
  if (limit <= 0) return journal;
  RETURN_IF_ERROR(connection_.Query(kList, {run.device().number(), run.attempt(), after, limit},
                                    [&journal](sql::Row& row) {
                                      JournalRow& entry = journal.emplace_back();
                                      entry.sequence = row.Unsigned();
                                      entry.receive_time = row.Time();
                                      entry.kind = row.Text();
                                      entry.item_id = row.Text();
                                      entry.text = row.Text();
                                      return OkStatus();
                                    }));
  return journal;
}

StatusOr<std::vector<JournalContent>> EventRows::Contents(const RunId& run, uint64_t after,
                                                          int limit) {
  std::vector<JournalContent> journal;
  if (limit <= 0) return journal;
  RETURN_IF_ERROR(connection_.Query(kContents, {run.device().number(), run.attempt(), after, limit},
                                    [&journal](sql::Row& row) {
                                      JournalContent& entry = journal.emplace_back();
                                      entry.sequence = row.Unsigned();
                                      entry.receive_time = row.Time();
                                      entry.content = row.Blob();
                                      return OkStatus();
                                    }));
  return journal;
}

}  // namespace preseal::server
