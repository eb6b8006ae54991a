// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "common/base/guarded.h"
#include "common/sql/connection.h"
#include "server/adapters/sql/tx_rows.h"
#include "server/service/ports.h"

namespace preseal::server {

// The one thread that writes. Jobs wait in a queue of kWriteQueueMax; the thread takes up to
// kGroupCommitMax of them into one transaction, each under its own savepoint, and reports after the
// commit. While one group is being made durable the next one gathers, so no job waits on purpose.
// Thread-safe.
class GroupWriter {
 public:
  using Listener = std::function<void(uint64_t revision)>;

  // `clock` must outlive this.
  GroupWriter(std::unique_ptr<sql::Connection> connection, const Clock* clock);
  ~GroupWriter();
  GroupWriter(const GroupWriter&) = delete;
  GroupWriter& operator=(const GroupWriter&) = delete;

  // As Store::Write and Store::OnCommit.
  void Submit(Store::Job job, Store::Done done);
  void AddListener(Listener listener);
  // Refuses new jobs, finishes those it has and ends the thread. Not on the writer thread.
  void Close();

 private:
  struct Entry {
    Store::Job job;
    Store::Done done;
    Status result;
  };
  struct Shared {
    std::deque<Entry> queue;
    std::vector<Listener> listeners;
    bool closed = false;
  };

  void Loop();
  // Waits for jobs; an empty group means closed and drained.
  std::vector<Entry> TakeGroup();
  // Decides the results of a prefix of `entries`, at least one, and returns its length.
  size_t CommitSome(std::span<Entry> entries);
  // Runs one job; false if the whole transaction is lost with it.
  bool RunJob(Entry* entry);
  // Logs when transactions begin to fail and when they succeed again.
  void LogTurn(const Status& status);
  void Report(std::span<Entry> entries);

  std::unique_ptr<sql::Connection> connection_;
  TxRows rows_;
  uint64_t revision_ = 0;  // newest of the group's kept jobs
  bool failing_ = false;   // the last transaction was lost
  Guarded<Shared> shared_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace preseal::server
