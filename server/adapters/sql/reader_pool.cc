// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/reader_pool.h"

#include "common/base/limits.h"
#include "common/sql/transaction.h"

namespace preseal::server {
namespace {

Status RunInTransaction(sql::Connection* connection, TxRows* rows, const Store::Job& job) {
  ASSIGN_OR_RETURN(auto transaction,
                   sql::Transaction::Begin(connection, sql::Transaction::Kind::kRead));
  RETURN_IF_ERROR(rows->Run(job));
  return transaction.Commit();
}

}  // namespace

StatusOr<std::unique_ptr<ReaderPool>> ReaderPool::Open(const std::string& path,
                                                       const Clock* clock) {
  std::unique_ptr<ReaderPool> pool(new ReaderPool());
  auto shared = pool->shared_.Lock();
  for (size_t i = 0; i < kReaderConnectionsMax; ++i) {
    ASSIGN_OR_RETURN(auto connection,
                     sql::Connection::Open(path, sql::Connection::Mode::kReadOnly));
    shared->idle.push_back(std::make_unique<Reader>(std::move(connection), clock));
  }
  return pool;
}

std::unique_ptr<ReaderPool::Reader> ReaderPool::Borrow() {
  auto shared = shared_.Lock();
  returned_.wait(shared.lock(), [&shared] { return shared->closed || !shared->idle.empty(); });
  if (shared->closed) return nullptr;
  auto reader = std::move(shared->idle.back());
  shared->idle.pop_back();
  return reader;
}

void ReaderPool::Return(std::unique_ptr<Reader> reader) {
  shared_.Lock()->idle.push_back(std::move(reader));
  // All, because Close may wait beside the jobs.
  returned_.notify_all();
}

Status ReaderPool::Run(const Store::Job& job) {
  auto reader = Borrow();
  if (reader == nullptr) return Unavailable("the store is closed");
  const Status status = RunInTransaction(reader->connection.get(), &reader->rows, job);
  Return(std::move(reader));
  return status;
}

void ReaderPool::Close() {
  auto shared = shared_.Lock();
  if (std::exchange(shared->closed, true)) return;
  returned_.notify_all();
  returned_.wait(shared.lock(), [&shared] { return shared->idle.size() == kReaderConnectionsMax; });
  shared->idle.clear();
}

}  // namespace preseal::server
