// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// EventLog on one connection; the caller owns the transaction. Not thread-safe.
class EventRows final : public EventLog {
 public:
  explicit EventRows(sql::Connection* connection) : connection_(*connection) {}

  Status Append(const RunId& run, std::span<const Event> events, WallTime now) override;
  StatusOr<Bytes> DigestOf(const RunId& run, uint64_t sequence) override;
  StatusOr<std::vector<JournalRow>> List(const RunId& run, uint64_t after, int limit) override;
  StatusOr<std::vector<JournalContent>> Contents(const RunId& run, uint64_t after,
                                                 int limit) override;

 private:
  sql::Connection& connection_;
};

}  // namespace preseal::server
