// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/sql/group_writer.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/base/limits.h"
#include "common/log/log.h"
#include "common/sql/transaction.h"

namespace preseal::server {
namespace {

// Callbacks belong to others; what they throw must not end the writer.
template <typename Call>
void CallSafely(std::string_view what, const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    log::Error("callback of the store threw", {{"callback", what}, {"error", error.what()}});
  } catch (...) {
    log::Error("callback of the store threw", {{"callback", what}});
  }
}

}  // namespace

GroupWriter::GroupWriter(std::unique_ptr<sql::Connection> connection, const Clock* clock)
    : connection_(std::move(connection)), rows_(connection_.get(), clock) {
  thread_ = std::thread([this] { Loop(); });
}

GroupWriter::~GroupWriter() { Close(); }

void GroupWriter::Submit(Store::Job job, Store::Done done) {
  Status refusal = OkStatus();
  {
    auto shared = shared_.Lock();
    if (shared->closed) {
      refusal = Unavailable("the store is closed");
    } else if (shared->queue.size() >= kWriteQueueMax) {
      refusal = ResourceExhausted("the store's write queue is full");
    } else {
      shared->queue.push_back({std::move(job), std::move(done), OkStatus()});
    }
  }
  if (refusal.ok()) {
    wake_.notify_one();
  } else {
    CallSafely("done", [&done, &refusal] { done(refusal); });
  }
}

void GroupWriter::AddListener(Listener listener) {
  shared_.Lock()->listeners.push_back(std::move(listener));
}

void GroupWriter::Close() {
  shared_.Lock()->closed = true;
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::vector<GroupWriter::Entry> GroupWriter::TakeGroup() {
  auto shared = shared_.Lock();
  wake_.wait(shared.lock(), [&shared] { return shared->closed || !shared->queue.empty(); });
  std::vector<Entry> group;
  while (!shared->queue.empty() && group.size() < kGroupCommitMax) {
    group.push_back(std::move(shared->queue.front()));
    shared->queue.pop_front();
  }
  return group;
}

void GroupWriter::Loop() {
  for (auto group = TakeGroup(); !group.empty(); group = TakeGroup()) {
    std::span<Entry> rest(group);
    while (!rest.empty()) {
      const size_t decided = CommitSome(rest);
      Report(rest.first(decided));
      rest = rest.subspan(decided);
    }
  }
}

bool GroupWriter::RunJob(Entry* entry) {
  auto savepoint = sql::Savepoint::Begin(connection_.get());
  if (!savepoint.ok()) {
    entry->result = savepoint.status();
    return connection_->InTransaction();
  }
  entry->result = rows_.Run(entry->job);
  const uint64_t revision = rows_.TakeRevision();
  if (entry->result.ok() && connection_->InTransaction()) entry->result = savepoint->Release();
  if (entry->result.ok() && connection_->InTransaction()) {
    revision_ = std::max(revision_, revision);
    return true;
  }
  if (entry->result.ok()) entry->result = Internal("the job hid an error that undid everything");
  // An undo that fails leaves half a job, so the transaction must not be committed.
  return savepoint->Rollback().ok();
}

size_t GroupWriter::CommitSome(std::span<Entry> entries) {
  revision_ = 0;
  auto transaction = sql::Transaction::Begin(connection_.get(), sql::Transaction::Kind::kWrite);
  Status lost = transaction.status();
  size_t decided = entries.size();
  for (size_t i = 0; lost.ok() && i < entries.size(); ++i) {
    if (RunJob(&entries[i])) continue;
    // A full disk makes SQLite roll back everything: the jobs before this one are lost with it, the
    // ones after it get a transaction of their own.
    lost = entries[i].result;
    decided = i + 1;
  }
  if (lost.ok()) lost = transaction->Commit();
  LogTurn(lost);
  if (lost.ok()) return decided;
  revision_ = 0;
  for (Entry& entry : entries.first(decided)) {
    if (entry.result.ok()) entry.result = lost;
  }
  return decided;
}

void GroupWriter::LogTurn(const Status& status) {
  // Every job is told. The log says it once, or a full disk would fill another one.
  if (status.ok() == !failing_) return;
  failing_ = !status.ok();
  if (failing_) {
    log::Error("the store cannot write", {{"error", ToString(status)}});
  } else {
    log::Info("the store can write again");
  }
}

void GroupWriter::Report(std::span<Entry> entries) {
  for (Entry& entry : entries) {
    CallSafely("done", [&entry] { entry.done(entry.result); });
  }
  if (revision_ == 0) return;
  const std::vector<Listener> listeners = shared_.Lock()->listeners;
  for (const Listener& listener : listeners) {
    CallSafely("commit listener", [this, &listener] { listener(revision_); });
  }
}

}  // namespace preseal::server
