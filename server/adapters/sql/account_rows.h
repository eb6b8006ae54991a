// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/clock.h"
#include "common/sql/connection.h"
#include "server/service/ports.h"

namespace preseal::server {

// AccountStore on one connection; the caller owns the transaction. Not thread-safe.
class AccountRows final : public AccountStore {
 public:
  // `clock` says which sessions have expired; it must outlive this.
  AccountRows(sql::Connection* connection, const Clock* clock)
      : connection_(*connection), clock_(*clock) {}

  StatusOr<User> GetUser(std::string_view username) override;
  Status PutUser(const User& user) override;
  Status PutSession(const Session& session) override;
  StatusOr<Session> FindSession(ByteView token_sha256) override;
  Status DropSession(ByteView token_sha256) override;
  Status PutToken(const ApiToken& token) override;
  StatusOr<ApiToken> FindToken(std::string_view token_id) override;
  StatusOr<std::vector<ApiToken>> ListTokens() override;

 private:
  Status ReadBatches(ApiToken* token);

  sql::Connection& connection_;
  const Clock& clock_;
};

}  // namespace preseal::server
