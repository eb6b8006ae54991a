// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/http1_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <string>
#include <utility>

namespace preseal::server::http {
namespace {

namespace beast_http = boost::beast::http;
using BeastParser = beast_http::request_parser<beast_http::string_body>;

std::string ToText(boost::beast::string_view text) { return std::string(text.data(), text.size()); }

std::string ToLower(boost::beast::string_view text) {
  std::string lower = ToText(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

int StatusFor(const boost::beast::error_code& error) {
  if (error == beast_http::error::header_limit) return 431;
  if (error == beast_http::error::body_limit) return 413;
  return 400;
}

}  // namespace

struct Http1Parser::Impl {
  BeastParser parser;
  BodyLease lease;
};

Http1Parser::Http1Parser(size_t header_bytes_max, size_t body_bytes_max,
                         std::shared_ptr<BodyBudget> budget)
    : header_bytes_max_(header_bytes_max),
      body_bytes_max_(body_bytes_max),
      budget_(std::move(budget)) {}

Http1Parser::~Http1Parser() = default;

void Http1Parser::Refuse(int status) {
  state_ = State::kBad;
  error_status_ = status;
  impl_.reset();
}

// What the grammar allows but we do not: no or several hosts, other target forms than a path.
void Http1Parser::CheckHeader() {
  const auto& message = impl_->parser.get();
  const auto target = message.target();
  const bool host_ok = message.version() < 11 || message.count(beast_http::field::host) == 1;
  if (!host_ok || target.empty() || target.front() != '/') return Refuse(400);
  const auto length = impl_->parser.content_length();
  if (length && !impl_->lease.GrowTo(static_cast<size_t>(*length))) return Refuse(503);
  state_ = State::kBody;
}

size_t Http1Parser::Feed(std::string_view input) {
  if (state_ == State::kComplete || state_ == State::kBad || input.empty()) return 0;
  if (impl_ == nullptr) {
    impl_ = std::make_unique<Impl>();
    impl_->parser.eager(true);
    impl_->parser.header_limit(static_cast<std::uint32_t>(header_bytes_max_));
    impl_->parser.body_limit(body_bytes_max_);
    impl_->lease = BodyLease(budget_);
  }
  if (state_ == State::kIdle) state_ = State::kHeader;
  BeastParser& parser = impl_->parser;
  boost::beast::error_code error;
  const size_t used = parser.put(boost::asio::buffer(input.data(), input.size()), error);
  if (error && error != beast_http::error::need_more) {
    Refuse(StatusFor(error));
    return used;
  }
  if (state_ == State::kHeader && parser.is_header_done()) CheckHeader();
  if (state_ == State::kBody && !impl_->lease.GrowTo(parser.get().body().size())) Refuse(503);
  if (state_ == State::kBody && parser.is_done()) state_ = State::kComplete;
  return used;
}

bool Http1Parser::expects_continue() const {
  if (state_ != State::kBody) return false;
  const auto& message = impl_->parser.get();
  return message.version() >= 11 &&
         boost::beast::iequals(message[beast_http::field::expect], "100-continue");
}

Request Http1Parser::Take() {
  keep_alive_ = impl_->parser.keep_alive();
  auto message = impl_->parser.release();
  http10_ = message.version() < 11;
  Request request;
  request.method = ToText(message.method_string());
  const std::string target = ToText(message.target());
  const size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  request.host = ToText(message[beast_http::field::host]);
  for (const auto& field : message) {
    if (field.name() == beast_http::field::host) continue;
    request.headers.push_back({ToLower(field.name_string()), ToText(field.value())});
  }
  request.body = std::move(message.body());
  request.lease = std::move(impl_->lease);
  impl_.reset();
  state_ = State::kIdle;
  return request;
}

}  // namespace preseal::server::http
