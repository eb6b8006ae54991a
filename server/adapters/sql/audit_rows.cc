// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/audit_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/crypto/digest.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr std::string_view kDomain = "preseal audit chain v1";

constexpr Sql kLast(
    "SELECT audit_number, chain_sha256 FROM audit_log ORDER BY audit_number DESC LIMIT 1", "ib");
constexpr Sql kInsert(
    "INSERT INTO audit_log (audit_number, time, actor, action, subject, detail, chain_sha256)"
    " VALUES (:audit_number, :time, :actor, :action, :subject, :detail, :chain_sha256)");
constexpr Sql kAll(
    "SELECT audit_number, chain_sha256, time, actor, action, subject, detail FROM audit_log"
    " ORDER BY audit_number",
    "ibitttt");

// The end of the chain so far.
struct Link {
  uint64_t number = 0;
  Bytes chain = Bytes(32, 0);
};

void AddNumber(uint64_t value, crypto::Sha256Stream* stream) {
  std::array<uint8_t, 8> big_endian = {};
  for (size_t i = 0; i < big_endian.size(); ++i) {
    big_endian[i] = static_cast<uint8_t>(value >> (56 - 8 * i));
  }
  stream->Update(big_endian);
}

void AddText(std::string_view text, crypto::Sha256Stream* stream) {
  // The length first: without it "ab","c" and "a","bc" would be the same bytes.
  AddNumber(text.size(), stream);
  stream->Update(AsBytes(text));
}

Link Next(const Link& previous, const AuditRow& row) {
  crypto::Sha256Stream stream;
  AddText(kDomain, &stream);
  stream.Update(previous.chain);
  AddNumber(previous.number + 1, &stream);
  AddNumber(static_cast<uint64_t>(ToMicros(row.time)), &stream);
  for (const auto* text : {&row.actor, &row.action, &row.subject, &row.detail}) {
    AddText(*text, &stream);
  }
  const auto digest = stream.Finish();
  return Link{previous.number + 1, Bytes(digest.begin(), digest.end())};
}

}  // namespace

Status AuditRows::Record(const AuditRow& row) {
  Link last;
  RETURN_IF_ERROR(connection_
                      .QueryOne(kLast, {},
                                [&last](sql::Row& columns) {
                                  last.number = columns.Unsigned();
                                  last.chain = columns.Blob();
                                })
                      .status());
  const Link next = Next(last, row);
  return connection_
      .Execute(kInsert,
               {next.number, row.time, row.actor, row.action, row.subject, row.detail, next.chain})
      .status();
}

Status AuditRows::VerifyChain() {
  Link last;
  return connection_.Query(kAll, {}, [&last](sql::Row& columns) {
    const uint64_t number = columns.Unsigned();
    const Bytes chain = columns.Blob();
    AuditRow row;
    row.time = columns.Time();
    row.actor = columns.Text();
    row.action = columns.Text();
    row.subject = columns.Text();
    row.detail = columns.Text();
    last = Next(last, row);
    if (number == last.number && chain == last.chain) return OkStatus();
    return DataLoss(fmt::format("audit log was changed: row {} does not fit", number));
  });
}

}  // namespace preseal::server
