// SPDX-License-Identifier: Apache-2.0
// One request and its response, the same for HTTP/1.1 and HTTP/2. Handlers know only this.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/adapters/http/body_budget.h"
#include "server/adapters/http/chunk_queue.h"

namespace preseal::server::http {

struct Header {
  std::string name;  // lower case
  std::string value;
};
using Headers = std::vector<Header>;

// Null if absent; the first one if repeated. `name` in lower case.
const std::string* FindHeader(const Headers& headers, std::string_view name);

// A complete request: the body was read whole, within the listener's limit.
struct Request {
  std::string method;  // as sent, case matters
  std::string path;    // starts with '/', not percent-decoded
  std::string query;   // without the '?'
  std::string host;    // Host or :authority
  Headers headers;     // without Host and pseudo-headers; order kept
  std::string body;
  std::string peer;  // IP address, no port
  BodyLease lease;   // counts `body` against the listener's budget
};

// Takes the response. Every method but Post belongs on the connection's strand: handlers are called
// there, and anything coming from elsewhere goes through Post. After the peer has gone all calls
// are no-ops, so nobody has to check.
class Responder {
 public:
  virtual ~Responder() = default;

  // Starts the response, once. With a "content-length" header Data must add up to it; without one
  // the length is open. The listener adds date, security headers and what its protocol needs.
  virtual void Head(int status, Headers headers) = 0;
  virtual void Data(Chunk chunk) = 0;
  // Completes the response; no call after it has an effect.
  virtual void End() = 0;

  // Bytes accepted by Data that the connection has not taken yet.
  virtual size_t queued() const = 0;
  // `drained` runs once, when queued() has fallen below kHttpQueueLowWater.
  virtual void OnDrain(std::function<void()> drained) = 0;
  // `closed` runs once if the peer gives up before End; never after End.
  virtual void OnClose(std::function<void()> closed) = 0;

  // Runs `work` on the strand, later. Thread-safe. Keeps the connection's memory alive until then.
  virtual void Post(std::function<void()> work) = 0;
};

using Handler = std::function<void(Request, std::shared_ptr<Responder>)>;

// A whole response in one call; sets content-length.
void Respond(Responder& responder, int status, Headers headers, std::string body);

}  // namespace preseal::server::http
