// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/batch_rows.h"

#include <algorithm>

#include "server/adapters/sql/columns.h"

namespace preseal::server {
namespace {

using sql::Sql;

constexpr Sql kEnsure(
    "INSERT INTO batches (batch_id, create_time) VALUES (:batch_id, :create_time)"
    " ON CONFLICT (batch_id) DO NOTHING");
constexpr Sql kGet(
    "SELECT batch_id, create_time, silent, refused, update_time FROM batches"
    " WHERE batch_id = :batch_id",
    "tiiii");
constexpr Sql kList(
    "SELECT batch_id, create_time, silent, refused, update_time FROM batches"
    " WHERE batch_id > :after ORDER BY batch_id LIMIT :limit",
    "tiiii");
constexpr Sql kCounts(
    "SELECT state, devices FROM batch_counts WHERE batch_id = :batch_id AND devices > 0"
    " ORDER BY state",
    "ii");

Status ReadBatch(sql::Row& row, Batch* batch) {
  Columns columns(row, "batches");
  batch->id = columns.TextId<BatchId>();
  batch->create_time = columns->Time();
  batch->silent = static_cast<int>(columns->Integer());
  batch->refused = static_cast<int>(columns->Integer());
  batch->update_time = columns->OptionalTime();
  return columns.status();
}

}  // namespace

Status BatchRows::EnsureBatch(const BatchId& id, WallTime now) {
  return connection_.Execute(kEnsure, {id.text(), now}).status();
}

Status BatchRows::ReadCounts(Batch* batch) {
  return connection_.Query(kCounts, {batch->id.text()}, [batch](sql::Row& row) {
    Columns columns(row, "batch_counts");
    const auto state = columns.Enum(DeviceState::kRegistered, DeviceState::kRetired);
    batch->counts.emplace_back(state, static_cast<int>(columns->Integer()));
    return columns.status();
  });
}

StatusOr<std::optional<Batch>> BatchRows::Find(const BatchId& id) {
  std::optional<Batch> batch;
  RETURN_IF_ERROR(connection_.Query(
      kGet, {id.text()}, [&batch](sql::Row& row) { return ReadBatch(row, &batch.emplace()); }));
  if (batch) RETURN_IF_ERROR(ReadCounts(&*batch));
  return batch;
}

StatusOr<Batch> BatchRows::GetBatch(const BatchId& id) {
  ASSIGN_OR_RETURN(std::optional<Batch> batch, Find(id));
  if (!batch) return NotFound(fmt::format("no batch {}", id.text()));
  return *std::move(batch);
}

StatusOr<std::vector<Batch>> BatchRows::ListVisible(std::vector<BatchId> visible,
                                                    std::string_view after, int limit) {
  std::vector<Batch> batches;
  std::sort(visible.begin(), visible.end());
  visible.erase(std::unique(visible.begin(), visible.end()), visible.end());
  for (const BatchId& id : visible) {
    if (id.text() <= after) continue;
    if (batches.size() >= static_cast<size_t>(limit)) break;
    ASSIGN_OR_RETURN(std::optional<Batch> batch, Find(id));
    if (batch) batches.push_back(*std::move(batch));
  }
  return batches;
}

StatusOr<std::vector<Batch>> BatchRows::ListBatches(
    const std::optional<std::vector<BatchId>>& visible, std::optional<BatchId> after, int limit) {
  if (limit <= 0) return std::vector<Batch>();
  const std::string after_text = after ? after->text() : "";
  if (visible) return ListVisible(*visible, after_text, limit);
  std::vector<Batch> batches;
  RETURN_IF_ERROR(connection_.Query(kList, {after_text, limit}, [&batches](sql::Row& row) {
    return ReadBatch(row, &batches.emplace_back());
  }));
  for (Batch& batch : batches) RETURN_IF_ERROR(ReadCounts(&batch));
  return batches;
}

}  // namespace preseal::server
