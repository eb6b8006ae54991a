// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "server/adapters/http/exchange.h"

namespace preseal::server::http {

// Parses HTTP/1.1 requests (RFC 9112), one after the other. Not thread-safe.
class Http1Parser {
 public:
  enum class State {
    kIdle,      // before the first byte of a request
    kHeader,    // some, not all of the header
    kBody,      // header complete, body not
    kComplete,  // Take() has the request
    kBad,       // refused: error_status() says how; the connection cannot go on
  };

  // Bodies are leased from `budget`.
  Http1Parser(size_t header_bytes_max, size_t body_bytes_max, std::shared_ptr<BodyBudget> budget);
  ~Http1Parser();

  // Parses the front of `input` and returns how many bytes were used. What is left over belongs in
  // front of the next call's input. Does nothing once complete or bad.
  size_t Feed(std::string_view input);

  State state() const { return state_; }
  // 400 malformed, 413 body too large, 431 header too large, 503 no room for bodies now.
  int error_status() const { return error_status_; }
  // The client waits for "100 Continue" before it sends the body. Valid in kBody.
  bool expects_continue() const;

  // Of the request last taken.
  bool keep_alive() const { return keep_alive_; }
  bool is_http10() const { return http10_; }

  // The complete request without its peer; the parser is idle again.
  Request Take();

 private:
  struct Impl;  // hides Beast, which only http1_parser.cc compiles

  void Refuse(int status);
  void CheckHeader();

  const size_t header_bytes_max_;
  const size_t body_bytes_max_;
  const std::shared_ptr<BodyBudget> budget_;
  std::unique_ptr<Impl> impl_;
  State state_ = State::kIdle;
  int error_status_ = 0;
  bool keep_alive_ = false;
  bool http10_ = false;
};

}  // namespace preseal::server::http
