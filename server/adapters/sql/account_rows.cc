// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/account_rows.h"

#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kGetUser(
    "SELECT username, role, password_hash, one_time, failures, failure_window_start"
    " FROM users WHERE username = :username",
    "titiii");
constexpr Sql kPutUser(
    "INSERT INTO users (username, role, password_hash, one_time, failures, failure_window_start)"
    " VALUES (:username, :role, :password_hash, :one_time, :failures, :failure_window_start)"
    " ON CONFLICT (username) DO UPDATE SET role = excluded.role,"
    " password_hash = excluded.password_hash, one_time = excluded.one_time,"
    " failures = excluded.failures, failure_window_start = excluded.failure_window_start");

constexpr Sql kDropExpired("DELETE FROM sessions WHERE expire_time <= :now");
constexpr Sql kPutSession(
    "INSERT INTO sessions (token_sha256, username, create_time, expire_time)"
    " VALUES (:token_sha256, :username, :create_time, :expire_time)");
constexpr Sql kFindSession(
    "SELECT token_sha256, username, create_time, expire_time FROM sessions"
    " WHERE token_sha256 = :token_sha256",
    "btii");
constexpr Sql kDropSession("DELETE FROM sessions WHERE token_sha256 = :token_sha256");

#define PRESEAL_TOKEN_COLUMNS                                                             \
  "token_id, secret_sha256, display_name, role, create_time, expire_time, last_use_time," \
  " revoked"
#define PRESEAL_TOKEN_TYPES "tbtiiiii"

constexpr Sql kPutToken("INSERT INTO api_tokens (" PRESEAL_TOKEN_COLUMNS
                        ") VALUES (:token_id, :secret_sha256, :display_name, :role, :create_time,"
                        " :expire_time, :last_use_time, :revoked)"
                        " ON CONFLICT (token_id) DO UPDATE SET"
                        " secret_sha256 = excluded.secret_sha256,"
                        " display_name = excluded.display_name, role = excluded.role,"
                        " create_time = excluded.create_time, expire_time = excluded.expire_time,"
                        " last_use_time = excluded.last_use_time, revoked = excluded.revoked");
constexpr Sql kDropTokenBatches("DELETE FROM api_token_batches WHERE token_id = :token_id");
constexpr Sql kPutTokenBatch(
    "INSERT INTO api_token_batches (token_id, position, batch_id)"
    " VALUES (:token_id, :position, :batch_id)");
constexpr Sql kFindToken("SELECT " PRESEAL_TOKEN_COLUMNS
                         " FROM api_tokens WHERE token_id = :token_id",
                         PRESEAL_TOKEN_TYPES);
constexpr Sql kListTokens("SELECT " PRESEAL_TOKEN_COLUMNS " FROM api_tokens ORDER BY token_id",
                          PRESEAL_TOKEN_TYPES);
constexpr Sql kTokenBatches(
    "SELECT batch_id FROM api_token_batches WHERE token_id = :token_id ORDER BY position", "t");

Status ReadUser(sql::Row& row, User* user) {
  Columns columns(row, "users");
  user->username = columns->Text();
  user->role = columns.Enum(Role::kOperator, Role::kAuditor);
  user->password_hash = columns->Text();
  user->one_time = columns->Flag();
  user->failures = static_cast<int>(columns->Integer());
  user->failure_window_start = columns->OptionalTime();
  return columns.status();
}

Status ReadToken(sql::Row& row, ApiToken* token) {
  Columns columns(row, "api_tokens");
  token->token_id = columns->Text();
  token->secret_sha256 = columns->Blob();
  token->display_name = columns->Text();
  token->role = columns.Enum(Role::kOperator, Role::kAuditor);
  token->create_time = columns->Time();
  token->expire_time = columns->Time();
  token->last_use_time = columns->OptionalTime();
  token->revoked = columns->Flag();
  return columns.status();
}

}  // namespace

StatusOr<User> AccountRows::GetUser(std::string_view username) {
  std::optional<User> user;
  RETURN_IF_ERROR(connection_.Query(
      kGetUser, {username}, [&user](sql::Row& row) { return ReadUser(row, &user.emplace()); }));
  if (!user) return NotFound("no such user");
  return *std::move(user);
}

Status AccountRows::PutUser(const User& user) {
  return connection_
      .Execute(kPutUser, {user.username, user.role, user.password_hash, user.one_time,
                          user.failures, user.failure_window_start})
      .status();
}

Status AccountRows::PutSession(const Session& session) {
  RETURN_IF_ERROR(connection_.Execute(kDropExpired, {clock_.Now()}).status());
  return connection_
      .Execute(kPutSession,
               {session.token_sha256, session.username, session.create_time, session.expire_time})
      .status();
}

StatusOr<Session> AccountRows::FindSession(ByteView token_sha256) {
  Session session;
  ASSIGN_OR_RETURN(const bool found,
                   connection_.QueryOne(kFindSession, {token_sha256}, [&session](sql::Row& row) {
                     session.token_sha256 = row.Blob();
                     session.username = row.Text();
                     session.create_time = row.Time();
                     session.expire_time = row.Time();
                   }));
  if (!found) return NotFound("no such session");
  return session;
}

Status AccountRows::DropSession(ByteView token_sha256) {
  return connection_.Execute(kDropSession, {token_sha256}).status();
}

Status AccountRows::PutToken(const ApiToken& t) {
  RETURN_IF_ERROR(
      connection_
          .Execute(kPutToken, {t.token_id, t.secret_sha256, t.display_name, t.role, t.create_time,
                               t.expire_time, t.last_use_time, t.revoked})
          .status());
  RETURN_IF_ERROR(connection_.Execute(kDropTokenBatches, {t.token_id}).status());
  int position = 0;
  for (const BatchId& batch : t.batches) {
    RETURN_IF_ERROR(
        connection_.Execute(kPutTokenBatch, {t.token_id, ++position, batch.text()}).status());
  }
  return OkStatus();
}

Status AccountRows::ReadBatches(ApiToken* token) {
  return connection_.Query(kTokenBatches, {token->token_id}, [token](sql::Row& row) {
    Columns columns(row, "api_token_batches");
    token->batches.push_back(columns.TextId<BatchId>());
    return columns.status();
  });
}

StatusOr<ApiToken> AccountRows::FindToken(std::string_view token_id) {
  std::optional<ApiToken> token;
  RETURN_IF_ERROR(connection_.Query(kFindToken, {token_id}, [&token](sql::Row& row) {
    return ReadToken(row, &token.emplace());
  }));
  if (!token) return NotFound("no such token");
  RETURN_IF_ERROR(ReadBatches(&*token));
  return *std::move(token);
}

StatusOr<std::vector<ApiToken>> AccountRows::ListTokens() {
  std::vector<ApiToken> tokens;
  RETURN_IF_ERROR(connection_.Query(kListTokens, {}, [&tokens](sql::Row& row) {
    return ReadToken(row, &tokens.emplace_back());
  }));
  for (ApiToken& token : tokens) RETURN_IF_ERROR(ReadBatches(&token));
  return tokens;
}

}  // namespace preseal::server
