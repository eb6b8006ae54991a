// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/http1_session.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "server/adapters/http/http1_parser.h"

namespace preseal::server::http {
namespace {

const char* ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";  // RFC 9112 section "Status Line" allows none
  }
}

class Http1Session;

class Http1Exchange final : public Responder {
 public:
  Http1Exchange(Http1Session* session, std::shared_ptr<Link> link)
      : session_(session), link_(std::move(link)) {}

  void Head(int status, Headers headers) override;
  void Data(Chunk chunk) override;
  void End() override;
  size_t queued() const override;
  void OnDrain(std::function<void()> drained) override { drained_ = std::move(drained); }
  void OnClose(std::function<void()> closed) override {
    if (session_ != nullptr) closed_ = std::move(closed);
  }
  void Post(std::function<void()> work) override { link_->Post(std::move(work)); }

  // The session has ended or moved on; returns what OnClose registered.
  std::function<void()> Detach() {
    session_ = nullptr;
    drained_ = nullptr;
    return std::exchange(closed_, nullptr);
  }
  std::function<void()> TakeDrained() { return std::exchange(drained_, nullptr); }

 private:
  Http1Session* session_;
  const std::shared_ptr<Link> link_;
  std::function<void()> drained_;
  std::function<void()> closed_;
};

class Http1Session final : public Session {
 public:
  Http1Session(const std::shared_ptr<Link>& link, const SessionContext& context)
      : link_(link),
        context_(context),
        parser_(context.limits.header_bytes, context.limits.body_bytes, context.budget) {
    Expect(Waiting::kHeader);  // a new connection owes us a request
  }
  ~Http1Session() override { Http1Session::Lost(); }

  void Receive(std::string_view bytes) override {
    if (!finished_) input_.append(bytes);
  }
  void Advance() override;
  void TakeOutput(std::string* out, size_t bytes_max) override;
  bool wants_input() const override {
    return !finished_ && (exchange_ == nullptr || input_.size() < kHttpPipelineBytesMax);
  }
  bool finished() const override { return finished_; }
  SteadyTime deadline() const override { return deadline_; }
  void OnDeadline(SteadyTime now) override;
  void Drain() override;
  void Lost() override;

  // For the exchange.
  void Head(int status, const Headers& headers);
  void Data(Chunk chunk);
  void End();
  size_t queued() const { return output_.size(); }

 private:
  enum class Waiting { kNothing, kIdle, kHeader, kBody };
  enum class Framing { kNone, kLength, kChunked, kUntilClose };

  void Expect(Waiting waiting);
  void ParseMore();
  void StartExchange();
  void Refuse(int status);
  void Finish();

  std::weak_ptr<Link> link_;
  const SessionContext& context_;
  Http1Parser parser_;
  std::string input_;  // received, not parsed
  ChunkQueue output_;
  std::shared_ptr<Http1Exchange> exchange_;  // null between requests
  bool head_request_ = false;
  bool http10_ = false;
  bool keep_alive_ = true;
  bool continue_sent_ = false;
  bool draining_ = false;
  bool finished_ = false;
  Framing framing_ = Framing::kNone;
  Waiting waiting_ = Waiting::kNothing;
  SteadyTime deadline_ = kNever;
};

void Http1Exchange::Head(int status, Headers headers) {
  if (session_ != nullptr) session_->Head(status, headers);
}
void Http1Exchange::Data(Chunk chunk) {
  if (session_ != nullptr) session_->Data(std::move(chunk));
}
void Http1Exchange::End() {
  if (session_ != nullptr) session_->End();
}
size_t Http1Exchange::queued() const { return session_ != nullptr ? session_->queued() : 0; }

void Http1Session::Expect(Waiting waiting) {
  waiting_ = waiting;
  switch (waiting) {
    case Waiting::kNothing:
      deadline_ = kNever;
      return;
    case Waiting::kHeader:
      deadline_ = std::chrono::steady_clock::now() + context_.limits.header_timeout;
      return;
    case Waiting::kIdle:
    case Waiting::kBody:
      deadline_ = std::chrono::steady_clock::now() + context_.limits.idle_timeout;
      return;
  }
}

void Http1Session::Advance() {
  // Requests answered at once (static files) do not wait for another round.
  while (exchange_ == nullptr && !finished_ && !input_.empty()) {
    const size_t before = input_.size();
    ParseMore();
    if (exchange_ == nullptr && input_.size() == before) break;
  }
  if (exchange_ == nullptr || output_.size() >= kHttpQueueLowWater) return;
  if (const auto drained = exchange_->TakeDrained()) drained();
}

void Http1Session::ParseMore() {
  const auto before = parser_.state();
  input_.erase(0, parser_.Feed(input_));
  switch (parser_.state()) {
    case Http1Parser::State::kIdle:
      return;
    case Http1Parser::State::kHeader:
      if (before == Http1Parser::State::kIdle) Expect(Waiting::kHeader);
      return;
    case Http1Parser::State::kBody:
      if (waiting_ != Waiting::kBody) Expect(Waiting::kBody);
      if (parser_.expects_continue() && !std::exchange(continue_sent_, true)) {
        output_.Push(Chunk::Owned("HTTP/1.1 100 Continue\r\n\r\n"));
      }
      return;
    case Http1Parser::State::kComplete:
      return StartExchange();
    case Http1Parser::State::kBad:
      return Refuse(parser_.error_status());
  }
}

void Http1Session::StartExchange() {
  Expect(Waiting::kNothing);
  continue_sent_ = false;
  const std::shared_ptr<Link> link = link_.lock();
  if (link == nullptr) return;
  Request request = parser_.Take();
  request.peer = link->peer();
  head_request_ = request.method == "HEAD";
  http10_ = parser_.is_http10();
  keep_alive_ = parser_.keep_alive();
  exchange_ = std::make_shared<Http1Exchange>(this, link);
  context_.handler(std::move(request), exchange_);
}

// The request cannot be read, so its sender cannot be told apart from the next one: answer and end.
void Http1Session::Refuse(int status) {
  keep_alive_ = head_request_ = http10_ = false;
  const std::string text = fmt::format("{} {}\n", status, ReasonPhrase(status));
  Head(status, {{"content-type", "text/plain; charset=utf-8"},
                {"content-length", std::to_string(text.size())}});
  Data(Chunk::Owned(text));
  Finish();
}

void Http1Session::Head(int status, const Headers& headers) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", status, ReasonPhrase(status));
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  for (const Header& header : headers) add(header.name, header.value);
  for (const Header& header : context_.standard_headers) add(header.name, header.value);
  add("date", HttpDate());
  if (status == 304 || status == 204) {
    framing_ = Framing::kNone;
  } else if (FindHeader(headers, "content-length") != nullptr) {
    framing_ = Framing::kLength;
  } else if (http10_) {
    framing_ = Framing::kUntilClose;
    keep_alive_ = false;
  } else {
    framing_ = Framing::kChunked;
    add("transfer-encoding", "chunked");
  }
  if (draining_) keep_alive_ = false;
  if (!keep_alive_) {
    add("connection", "close");
  } else if (http10_) {
    add("connection", "keep-alive");
  }
  text.append("\r\n");
  output_.Push(Chunk::Owned(std::move(text)));
  if (const auto link = link_.lock()) link->Wake();
}

void Http1Session::Data(Chunk chunk) {
  if (head_request_ || framing_ == Framing::kNone || chunk.view().empty()) return;
  const bool chunked = framing_ == Framing::kChunked;
  if (chunked) output_.Push(Chunk::Owned(fmt::format("{:x}\r\n", chunk.view().size())));
  output_.Push(std::move(chunk));
  if (chunked) output_.Push(Chunk::Permanent("\r\n"));
  if (const auto link = link_.lock()) link->Wake();
}

void Http1Session::End() {
  if (framing_ == Framing::kChunked && !head_request_) {
    output_.Push(Chunk::Permanent("0\r\n\r\n"));
  }
  exchange_->Detach();
  exchange_.reset();
  if (keep_alive_) {
    Expect(Waiting::kIdle);
  } else {
    Finish();
  }
  if (const auto link = link_.lock()) link->Wake();
}

void Http1Session::Finish() {
  finished_ = true;
  input_.clear();
  Expect(Waiting::kNothing);
}

void Http1Session::TakeOutput(std::string* out, size_t bytes_max) {
  if (out->size() >= bytes_max || output_.empty()) return;
  const size_t before = out->size();
  out->resize(std::min(bytes_max, before + output_.size()));
  output_.Take(out->data() + before, out->size() - before);
}

void Http1Session::OnDeadline(SteadyTime now) {
  if (now < deadline_) return;
  // Silence between requests is the normal end of a connection; half a request is worth a word.
  if (parser_.state() == Http1Parser::State::kIdle) return Finish();
  Refuse(408);
}

void Http1Session::Drain() {
  draining_ = true;
  if (exchange_ == nullptr && parser_.state() == Http1Parser::State::kIdle) Finish();
}

void Http1Session::Lost() {
  Finish();
  output_.Clear();
  if (exchange_ == nullptr) return;
  const auto closed = exchange_->Detach();
  exchange_.reset();
  if (closed) closed();
}

}  // namespace

std::unique_ptr<Session> MakeHttp1Session(const std::shared_ptr<Link>& link,
                                          const SessionContext& context) {
  return std::make_unique<Http1Session>(link, context);
}

}  // namespace preseal::server::http
