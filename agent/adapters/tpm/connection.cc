// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/tpm/connection.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "agent/adapters/tpm/tpm_error.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

// The socket TCTIs write without MSG_NOSIGNAL: a TPM that goes away in mid-command would kill the
// process. Holds SIGPIPE back from this thread, and swallows one that came meanwhile.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec at_once{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

// Why a TPM device does not open; the TSS's own code says only "I/O error".
Status WhyNotOpen(const std::string& tcti) {
  constexpr std::string_view kDevice = "device:";
  if (!tcti.starts_with(kDevice)) return OpenFailed(tcti, 0);
  const int fd = ::open(tcti.c_str() + kDevice.size(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  const int error = fd < 0 ? errno : 0;
  if (fd >= 0) ::close(fd);
  return OpenFailed(tcti, error);
}

}  // namespace

StatusOr<TSS2_SYS_CONTEXT*> Link::sys() {
  TSS2_SYS_CONTEXT* context = nullptr;
  RETURN_IF_ERROR(Check(Esys_GetSysContext(esys_, &context), "reach the TPM library"));
  return context;
}

Status Link::Check(TSS2_RC rc, std::string_view verb) {
  last_ = rc;
  if (IsConnectionLost(rc) || IsObjectGone(rc)) lost_ = true;
  return TpmStatus(rc, verb);
}

void Link::Drop(ESYS_TR handle) {
  const auto use = uses_.find(handle);
  if (use == uses_.end() || --use->second > 0) return;
  uses_.erase(use);
  Esys_TR_Close(esys_, &handle);
}

void Transient::Flush() {
  if (handle_ == ESYS_TR_NONE) return;
  // The code does not matter: what cannot be flushed is already gone.
  if (Esys_FlushContext(esys_, handle_) != TSS2_RC_SUCCESS) Esys_TR_Close(esys_, &handle_);
  handle_ = ESYS_TR_NONE;
}

StatusOr<std::shared_ptr<Connection>> Connection::Open(const std::string& tcti) {
  // The library prints an error for every handle that is merely probed; our Status says it better.
  // Whoever set the variable wants to see them.
  ::setenv("TSS2_LOG", "all+none", 0);
  std::shared_ptr<Connection> connection(new Connection(tcti));
  const NoSigpipe no_sigpipe;
  const std::lock_guard lock(connection->mutex_);
  RETURN_IF_ERROR(connection->OpenLocked());
  return connection;
}

Connection::~Connection() {
  const NoSigpipe no_sigpipe;
  CloseLocked();
}

Status Connection::OpenLocked() {
  CloseLocked();
  ++generation_;
  held_.clear();
  uses_.clear();
  TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti_.c_str(), &tcti_context_);
  if (rc != TSS2_RC_SUCCESS) return WhyNotOpen(tcti_);
  rc = Esys_Initialize(&esys_, tcti_context_, nullptr);
  if (rc != TSS2_RC_SUCCESS) {
    Status failed = TpmStatus(rc, "open TPM " + tcti_);
    CloseLocked();
    return failed;
  }
  return OkStatus();
}

void Connection::CloseLocked() {
  if (esys_ != nullptr) Esys_Finalize(&esys_);
  if (tcti_context_ != nullptr) Tss2_TctiLdr_Finalize(&tcti_context_);
}

Status Connection::Run(const std::function<Status(Link&)>& work) {
  const NoSigpipe no_sigpipe;
  const std::lock_guard lock(mutex_);
  Status answer = OkStatus();
  auto pause = kTpmReopenPause;
  for (int reopens = 0; reopens <= kTpmReopensMax; ++reopens) {
    if (reopens > 0) {
      std::this_thread::sleep_for(pause);
      pause *= 2;
    }
    if (esys_ == nullptr) {
      answer = OpenLocked();
      if (!answer.ok()) continue;
    }
    Link link(esys_, generation_, held_, uses_);
    answer = work(link);
    if (!link.lost()) return answer;
    CloseLocked();
  }
  return answer;
}

void Connection::Flush(ESYS_TR handle, uint64_t generation) {
  const NoSigpipe no_sigpipe;
  const std::lock_guard lock(mutex_);
  if (esys_ == nullptr || generation != generation_) return;
  uint32_t tpm_handle = 0;
  if (Esys_TR_GetTpmHandle(esys_, handle, &tpm_handle) == TSS2_RC_SUCCESS) held_.erase(tpm_handle);
  if (Esys_FlushContext(esys_, handle) != TSS2_RC_SUCCESS) Esys_TR_Close(esys_, &handle);
}

void Connection::Forget(ESYS_TR handle, uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (esys_ != nullptr && generation == generation_) {
    Link(esys_, generation_, held_, uses_).Drop(handle);
  }
}

}  // namespace preseal::agent
