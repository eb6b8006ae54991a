// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/admission_rows.h"

#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kList(
    "INSERT INTO listed_eks (batch_id, ek_spki_sha256, source, create_time, actor) VALUES"
    " (:batch_id, :ek, :source, :create_time, :actor) ON CONFLICT DO NOTHING");
constexpr Sql kUnlist("DELETE FROM listed_eks WHERE batch_id = :batch_id AND ek_spki_sha256 = :ek");
constexpr Sql kUnlistAll("DELETE FROM listed_eks WHERE batch_id = :batch_id");
constexpr Sql kIsListed(
    "SELECT 1 FROM listed_eks WHERE batch_id IN ('', :batch_id) AND ek_spki_sha256 = :ek LIMIT 1",
    "i");
constexpr Sql kListed(
    "SELECT batch_id, ek_spki_sha256, source, create_time, actor FROM listed_eks"
    " WHERE batch_id = :batch_id AND ek_spki_sha256 > :after ORDER BY ek_spki_sha256 LIMIT :limit",
    "tbtit");
constexpr Sql kCount("SELECT count(*) FROM listed_eks", "i");

#define PRESEAL_ORDER_CODE_COLUMNS                                                      \
  "code_id, secret_sha256, batch_id, uses, uses_left, create_time, expire_time, actor," \
  " revoked"
#define PRESEAL_ORDER_CODE_TYPES "tbtiiiiti"

constexpr Sql kPutCode("INSERT OR REPLACE INTO order_codes (" PRESEAL_ORDER_CODE_COLUMNS
                       ") VALUES (:code_id, :secret_sha256, :batch_id, :uses, :uses_left,"
                       " :create_time, :expire_time, :actor, :revoked)");
constexpr Sql kFindCode("SELECT " PRESEAL_ORDER_CODE_COLUMNS
                        " FROM order_codes WHERE code_id = :code_id",
                        PRESEAL_ORDER_CODE_TYPES);
constexpr Sql kCodes("SELECT " PRESEAL_ORDER_CODE_COLUMNS
                     " FROM order_codes ORDER BY create_time DESC, code_id",
                     PRESEAL_ORDER_CODE_TYPES);

Status ReadListed(sql::Row& row, ListedEk* ek) {
  Columns columns(row, "listed_eks");
  ek->batch = columns.TextId<BatchId>();
  ek->ek_spki_sha256 = columns->Blob();
  ek->source = columns->Text();
  ek->create_time = columns->Time();
  ek->actor = columns->Text();
  return columns.status();
}

Status ReadCode(sql::Row& row, OrderCode* code) {
  Columns columns(row, "order_codes");
  code->code_id = columns->Text();
  code->secret_sha256 = columns->Blob();
  code->batch = columns.TextId<BatchId>();
  code->uses = columns->Unsigned32();
  code->uses_left = columns->Unsigned32();
  code->create_time = columns->Time();
  code->expire_time = columns->Time();
  code->actor = columns->Text();
  code->revoked = columns->Flag();
  return columns.status();
}

StatusOr<std::vector<OrderCode>> SelectCodes(sql::Connection& connection, const Sql& sql,
                                             sql::Params params) {
  std::vector<OrderCode> codes;
  RETURN_IF_ERROR(connection.Query(
      sql, params, [&codes](sql::Row& row) { return ReadCode(row, &codes.emplace_back()); }));
  return codes;
}

}  // namespace

StatusOr<bool> AdmissionRows::ListEk(const ListedEk& e) {
  ASSIGN_OR_RETURN(const int64_t added,
                   connection_.Execute(kList, {e.batch.text(), e.ek_spki_sha256, e.source,
                                               e.create_time, e.actor}));
  return added == 1;
}

StatusOr<int64_t> AdmissionRows::UnlistEks(const BatchId& batch, ByteView ek_spki_sha256) {
  if (ek_spki_sha256.empty()) return connection_.Execute(kUnlistAll, {batch.text()});
  return connection_.Execute(kUnlist, {batch.text(), ek_spki_sha256});
}

StatusOr<bool> AdmissionRows::IsListed(ByteView ek_spki_sha256, const BatchId& batch) {
  return connection_.QueryOne(kIsListed, {batch.text(), ek_spki_sha256}, [](sql::Row&) {});
}

StatusOr<std::vector<ListedEk>> AdmissionRows::ListedEks(const BatchId& batch, ByteView after,
                                                         int limit) {
  std::vector<ListedEk> eks;
  RETURN_IF_ERROR(connection_.Query(kListed, {batch.text(), after, limit}, [&eks](sql::Row& row) {
    return ReadListed(row, &eks.emplace_back());
  }));
  return eks;
}

StatusOr<int64_t> AdmissionRows::CountListedEks() {
  int64_t count = 0;
  RETURN_IF_ERROR(
      connection_.QueryOne(kCount, {}, [&count](sql::Row& row) { count = row.Integer(); })
          .status());
  return count;
}

Status AdmissionRows::PutOrderCode(const OrderCode& c) {
  return connection_
      .Execute(kPutCode, {c.code_id, c.secret_sha256, c.batch.text(), c.uses, c.uses_left,
                          c.create_time, c.expire_time, c.actor, c.revoked})
      .status();
}

StatusOr<OrderCode> AdmissionRows::FindOrderCode(std::string_view code_id) {
  ASSIGN_OR_RETURN(auto codes, SelectCodes(connection_, kFindCode, {code_id}));
  if (codes.empty()) return NotFound("no such order code");
  return std::move(codes.front());
}

StatusOr<std::vector<OrderCode>> AdmissionRows::OrderCodes() {
  return SelectCodes(connection_, kCodes, {});
}

}  // namespace preseal::server
