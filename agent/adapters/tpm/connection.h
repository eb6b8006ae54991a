// SPDX-License-Identifier: Apache-2.0
// Inner part of this folder: the one ESYS context. Everybody else includes tpm.h.
#pragma once

#include <tss2/tss2_esys.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "common/status/status.h"

namespace preseal::agent {

struct EsysFree {
  void operator()(void* pointer) const { Esys_Free(pointer); }
};
// What ESYS allocates for us: EsysPtr<TPM2B_PUBLIC> area; … OutPtr(area).
template <typename T>
using EsysPtr = std::unique_ptr<T, EsysFree>;

// The open TPM as a piece of work sees it; valid only inside Connection::Run.
class Link {
 public:
  using Uses = std::map<ESYS_TR, int>;
  Link(ESYS_CONTEXT* esys, uint64_t generation, std::set<uint32_t>& held, Uses& uses)
      : esys_(esys), generation_(generation), held_(held), uses_(uses) {}

  ESYS_CONTEXT* esys() const { return esys_; }
  // Below ESYS, for what needs neither its sessions nor its own extra reads. Errors as Check.
  StatusOr<TSS2_SYS_CONTEXT*> sys();
  // Grows whenever ESYS handles of before became worthless.
  uint64_t generation() const { return generation_; }

  // Translates a return code, and notes when only opening the TPM anew can help.
  Status Check(TSS2_RC rc, std::string_view verb);
  bool lost() const { return lost_; }
  // The return code last checked.
  TSS2_RC last() const { return last_; }

  // TPM handles of the transient objects this connection has loaded: what else occupies a slot was
  // left behind by a process that died.
  std::set<uint32_t>& held() { return held_; }

  // ESYS gives everybody who opens a persistent object the same handle, and closing it closes it
  // for all: so uses are counted, and the last one closes.
  void Use(ESYS_TR handle) { ++uses_[handle]; }
  void Drop(ESYS_TR handle);

 private:
  ESYS_CONTEXT* esys_;
  uint64_t generation_;
  std::set<uint32_t>& held_;
  Uses& uses_;
  TSS2_RC last_ = TSS2_RC_SUCCESS;
  bool lost_ = false;
};

// A transient object or session, flushed when dropped. Lives inside one piece of work.
class Transient {
 public:
  explicit Transient(const Link& link) : esys_(link.esys()) {}
  ~Transient() { Flush(); }
  Transient(const Transient&) = delete;
  Transient& operator=(const Transient&) = delete;

  ESYS_TR* out() { return &handle_; }
  ESYS_TR get() const { return handle_; }
  // Gives the handle up unflushed.
  ESYS_TR Release() { return std::exchange(handle_, ESYS_TR_NONE); }

 private:
  void Flush();
  ESYS_CONTEXT* esys_;
  ESYS_TR handle_ = ESYS_TR_NONE;
};

// One TCTI and ESYS context behind one mutex. Thread-safe: pieces of work run one after the other.
//
// ESYS sticks after a transport error, and a restarted TPM forgets transient objects. So a piece of
// work that meets either is run again from its start on a freshly opened context, at most
// kTpmReopensMax times; it must not depend on handles older than Link::generation.
class Connection {
 public:
  // `tcti` as Tss2_TctiLdr_Initialize takes it. UNAVAILABLE if it cannot be opened.
  static StatusOr<std::shared_ptr<Connection>> Open(const std::string& tcti);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The answer of `work`, or UNAVAILABLE if the TPM did not come back. Not reentrant.
  Status Run(const std::function<Status(Link&)>& work);
  // Flushes a transient object, unless its context is gone already; errors do not matter.
  void Flush(ESYS_TR handle, uint64_t generation);
  // Frees the context's memory of a persistent object after its last use.
  void Forget(ESYS_TR handle, uint64_t generation);

 private:
  explicit Connection(std::string tcti) : tcti_(std::move(tcti)) {}
  Status OpenLocked();
  void CloseLocked();

  const std::string tcti_;
  // Recursive: a key dropped inside a piece of work flushes itself.
  std::recursive_mutex mutex_;
  TSS2_TCTI_CONTEXT* tcti_context_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  uint64_t generation_ = 0;
  std::set<uint32_t> held_;  // see Link::held
  Link::Uses uses_;          // see Link::Use
};

}  // namespace preseal::agent
