// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/trust_rows.h"

#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kInsertBundle(
    "INSERT INTO trust_bundles (version, create_time, author, file) VALUES (:version,"
    " :create_time, :author, :file) ON CONFLICT DO NOTHING");
constexpr Sql kInsertPolicy(
    "INSERT INTO attestation_policies (version, create_time, author, policy) VALUES (:version,"
    " :create_time, :author, :policy) ON CONFLICT DO NOTHING");
constexpr Sql kBundle(
    "SELECT version, create_time, author, file FROM trust_bundles WHERE version = :version",
    "iitt");
constexpr Sql kNewestBundle(
    "SELECT version, create_time, author, file FROM trust_bundles ORDER BY version DESC LIMIT 1",
    "iitt");
constexpr Sql kPolicy(
    "SELECT version, create_time, author, policy FROM attestation_policies"
    " WHERE version = :version",
    "iitt");
constexpr Sql kPolicies(
    "SELECT version, create_time, author, policy FROM attestation_policies"
    " ORDER BY version DESC LIMIT :count",
    "iitt");
constexpr Sql kPutEk(
    "INSERT INTO cached_ek_certificates (spki_sha256, der, import_time, author) VALUES"
    " (:spki_sha256, :der, :import_time, :author) ON CONFLICT (spki_sha256) DO UPDATE SET"
    " der = excluded.der, import_time = excluded.import_time, author = excluded.author");
constexpr Sql kFindEk(
    "SELECT spki_sha256, der, import_time, author FROM cached_ek_certificates"
    " WHERE spki_sha256 = :spki_sha256",
    "bbit");

StoredText ReadText(sql::Row& row) {
  StoredText stored;
  stored.version = row.Unsigned();
  stored.create_time = row.Time();
  stored.author = row.Text();
  stored.text = row.Text();
  return stored;
}

StatusOr<StoredText> One(sql::Connection& connection, const Sql& sql, sql::Params params,
                         std::string_view what) {
  StoredText stored;
  ASSIGN_OR_RETURN(const bool found, connection.QueryOne(sql, params, [&stored](sql::Row& row) {
    stored = ReadText(row);
  }));
  if (!found) return NotFound(fmt::format("no such version of the {}", what));
  return stored;
}

}  // namespace

Status TrustRows::PutBundle(const StoredText& bundle) {
  return ExpectInserted(connection_.Execute(kInsertBundle, {bundle.version, bundle.create_time,
                                                            bundle.author, bundle.text}),
                        "this version of the trust bundle");
}

Status TrustRows::PutPolicy(const StoredText& policy) {
  return ExpectInserted(connection_.Execute(kInsertPolicy, {policy.version, policy.create_time,
                                                            policy.author, policy.text}),
                        "this version of the policy");
}

StatusOr<StoredText> TrustRows::GetBundle(uint64_t version) {
  if (version == 0) return One(connection_, kNewestBundle, {}, "trust bundle");
  return One(connection_, kBundle, {version}, "trust bundle");
}

StatusOr<StoredText> TrustRows::GetPolicy(uint64_t version) {
  if (version == 0) return One(connection_, kPolicies, {1}, "policy");
  return One(connection_, kPolicy, {version}, "policy");
}

StatusOr<std::vector<StoredText>> TrustRows::ListPolicies(int limit) {
  std::vector<StoredText> policies;
  RETURN_IF_ERROR(connection_.Query(kPolicies, {limit}, [&policies](sql::Row& row) {
    policies.push_back(ReadText(row));
    return OkStatus();
  }));
  return policies;
}

Status TrustRows::PutEkCertificate(const CachedEkCertificate& one) {
  return connection_.Execute(kPutEk, {one.spki_sha256, one.der, one.import_time, one.author})
      .status();
}

StatusOr<CachedEkCertificate> TrustRows::FindEkCertificate(ByteView spki_sha256) {
  CachedEkCertificate found;
  ASSIGN_OR_RETURN(const bool any,
                   connection_.QueryOne(kFindEk, {spki_sha256}, [&found](sql::Row& row) {
                     found.spki_sha256 = row.Blob();
                     found.der = row.Blob();
                     found.import_time = row.Time();
                     found.author = row.Text();
                   }));
  if (!any) return NotFound("no certificate was imported for this endorsement key");
  return found;
}

}  // namespace preseal::server
