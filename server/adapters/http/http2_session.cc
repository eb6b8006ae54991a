// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/adapters/http/http2_exchange.h"

namespace preseal::server::http {
namespace {

constexpr uint32_t kUploadWindowBytes = 256 * 1024;  // one round trip's worth of a request body

struct Stream {
  Request request;
  size_t header_bytes = 0;
  bool header_done = false;
  bool complete = false;  // the request was read to its end
  bool reset = false;     // given up; only the reset frame has still to be sent
  int refusal = 0;        // HTTP status to refuse it with; the rest of its body is ignored
  SteadyTime opened;
  std::shared_ptr<Http2Exchange> exchange;  // null until handled
};

class Http2Session final : public Session {
 public:
  Http2Session(const std::shared_ptr<Link>& link, const SessionContext& context)
      : link_(link), context_(context), idle_since_(std::chrono::steady_clock::now()) {}
  ~Http2Session() override {
    Http2Session::Lost();
    nghttp2_session_del(session_);
  }
  bool Open();

  void Receive(std::string_view bytes) override;
  void Advance() override;
  void TakeOutput(std::string* out, size_t bytes_max) override;
  bool wants_input() const override { return !finished(); }
  bool finished() const override {
    return broken_ ||
           (!nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_));
  }
  SteadyTime deadline() const override;
  void OnDeadline(SteadyTime now) override;
  void Drain() override;
  void Lost() override;

 private:
  static Http2Session& Self(void* user_data) { return *static_cast<Http2Session*>(user_data); }
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t flags,
                      void* user_data);
  static int OnData(nghttp2_session*, uint8_t flags, int32_t stream_id, const uint8_t* data,
                    size_t size, void* user_data);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data);
  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user_data);
  static int OnStreamClose(nghttp2_session*, int32_t stream_id, uint32_t error, void* user_data);

  Stream* Find(int32_t stream_id);
  void AddHeader(Stream& stream, std::string name, std::string value);
  void MarkReady(int32_t stream_id) { ready_.push_back(stream_id); }
  void Handle(int32_t stream_id, Stream& stream);
  SteadyTime StreamDeadline(const Stream& stream) const;

  std::weak_ptr<Link> link_;
  const SessionContext& context_;
  nghttp2_session* session_ = nullptr;
  bool broken_ = false;
  bool terminated_ = false;
  bool frame_seen_ = false;
  SteadyTime idle_since_;
  std::map<int32_t, Stream> streams_;
  std::vector<int32_t> ready_;                 // to be handled in Advance
  std::vector<std::function<void()>> closed_;  // to be called in Advance
};

bool Http2Session::Open() {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return false;
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &OnFrame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &OnFrameSent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &OnStreamClose);
  nghttp2_option* option = nullptr;
  int result = nghttp2_option_new(&option);
  if (result == 0) {
    nghttp2_option_set_stream_reset_rate_limit(option, kHttpResetBurst, kHttpResetsPerSecond);
    result = nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
  }
  nghttp2_session_callbacks_del(callbacks);
  if (result != 0) return false;
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kHttpStreamsPerConnectionMax},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kUploadWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(context_.limits.header_bytes)},
  }};
  return nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
         0;
}

Stream* Http2Session::Find(int32_t stream_id) {
  const auto found = streams_.find(stream_id);
  return found != streams_.end() ? &found->second : nullptr;
}

int Http2Session::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  Http2Session& self = Self(user_data);
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Stream& stream = self.streams_[frame->hd.stream_id];
  stream.opened = std::chrono::steady_clock::now();
  stream.request.lease = BodyLease(self.context_.budget);
  return 0;
}

int Http2Session::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                           size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                           void* user_data) {
  Http2Session& self = Self(user_data);
  Stream* stream = self.Find(frame->hd.stream_id);
  // Request trailers mean nothing to us.
  if (stream == nullptr || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  constexpr size_t kEntryOverhead = 32;  // RFC 9113 section "Defined Settings"
  stream->header_bytes += name_size + value_size + kEntryOverhead;
  if (stream->header_bytes > self.context_.limits.header_bytes) {
    stream->refusal = 431;
    return 0;
  }
  self.AddHeader(*stream, std::string(reinterpret_cast<const char*>(name), name_size),
                 std::string(reinterpret_cast<const char*>(value), value_size));
  return 0;
}

void Http2Session::AddHeader(Stream& stream, std::string name, std::string value) {
  Request& request = stream.request;
  if (name == ":method") {
    request.method = std::move(value);
  } else if (name == ":path") {
    const size_t mark = value.find('?');
    request.path = value.substr(0, mark);
    if (mark != std::string::npos) request.query = value.substr(mark + 1);
  } else if (name == ":authority" || (name == "host" && request.host.empty())) {
    request.host = std::move(value);
  } else if (name[0] != ':' && name != "host") {
    request.headers.push_back({std::move(name), std::move(value)});
  }
}

int Http2Session::OnData(nghttp2_session*, uint8_t, int32_t stream_id, const uint8_t* data,
                         size_t size, void* user_data) {
  Http2Session& self = Self(user_data);
  Stream* stream = self.Find(stream_id);
  if (stream == nullptr || stream->refusal != 0) return 0;
  std::string& body = stream->request.body;
  if (body.size() + size > self.context_.limits.body_bytes) {
    stream->refusal = 413;
  } else if (!stream->request.lease.GrowTo(body.size() + size)) {
    stream->refusal = 503;
  }
  if (stream->refusal != 0) {
    body = std::string();
    stream->request.lease = BodyLease();
    self.MarkReady(stream_id);
    return 0;
  }
  body.append(reinterpret_cast<const char*>(data), size);
  return 0;
}

int Http2Session::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  Http2Session& self = Self(user_data);
  self.frame_seen_ = true;
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  Stream* stream = self.Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const bool refused_early = stream->refusal == 431 && !stream->header_done;
  stream->header_done = true;
  stream->complete = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (refused_early || (stream->complete && stream->refusal == 0)) {
    self.MarkReady(frame->hd.stream_id);
  }
  return 0;
}

// A response that ends before its request does must also stop the upload.
int Http2Session::OnFrameSent(nghttp2_session* session, const nghttp2_frame* frame,
                              void* user_data) {
  const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (!may_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  const Stream* stream = Self(user_data).Find(frame->hd.stream_id);
  if (stream == nullptr || stream->complete) return 0;
  return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                   NGHTTP2_NO_ERROR) == NGHTTP2_ERR_NOMEM
             ? NGHTTP2_ERR_CALLBACK_FAILURE
             : 0;
}

int Http2Session::OnStreamClose(nghttp2_session*, int32_t stream_id, uint32_t, void* user_data) {
  Http2Session& self = Self(user_data);
  const auto found = self.streams_.find(stream_id);
  if (found == self.streams_.end()) return 0;
  if (found->second.exchange != nullptr) {
    if (auto closed = found->second.exchange->Detach()) self.closed_.push_back(std::move(closed));
  }
  self.streams_.erase(found);
  self.idle_since_ = std::chrono::steady_clock::now();
  return 0;
}

void Http2Session::Receive(std::string_view bytes) {
  if (broken_) return;
  const ssize_t used = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  // nghttp2 has queued the GOAWAY for protocol errors itself; what it reports here is fatal.
  if (used < 0) broken_ = true;
}

void Http2Session::Advance() {
  // Callbacks may call back into the session, so nothing here may run inside mem_recv or mem_send.
  for (auto& closed : std::exchange(closed_, {})) closed();
  for (const int32_t stream_id : std::exchange(ready_, {})) {
    Stream* stream = Find(stream_id);
    if (stream != nullptr && stream->exchange == nullptr) Handle(stream_id, *stream);
  }
  std::vector<std::function<void()>> drained;
  for (auto& [id, stream] : streams_) {
    if (stream.exchange == nullptr) continue;
    if (auto callback = stream.exchange->TakeDrained()) drained.push_back(std::move(callback));
  }
  for (const auto& callback : drained) callback();
}

void Http2Session::Handle(int32_t stream_id, Stream& stream) {
  const std::shared_ptr<Link> link = link_.lock();
  if (link == nullptr) return;
  stream.request.peer = link->peer();
  stream.exchange = std::make_shared<Http2Exchange>(
      session_, stream_id, stream.request.method == "HEAD", context_.standard_headers, link);
  const auto exchange = stream.exchange;
  if (stream.refusal != 0) {
    Respond(*exchange, stream.refusal, {{"content-type", "text/plain; charset=utf-8"}},
            std::to_string(stream.refusal) + "\n");
    return;
  }
  context_.handler(std::move(stream.request), exchange);
}

void Http2Session::TakeOutput(std::string* out, size_t bytes_max) {
  while (!broken_ && out->size() < bytes_max) {
    const uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) broken_ = true;
    if (size <= 0) return;
    out->append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
  }
}

SteadyTime Http2Session::StreamDeadline(const Stream& stream) const {
  if (stream.reset) return kNever;
  if (stream.exchange != nullptr) {
    const SteadyTime since = stream.exchange->stalled_since();
    return since == kNever ? kNever : since + context_.limits.stall_timeout;
  }
  return stream.opened +
         (stream.header_done ? context_.limits.idle_timeout : context_.limits.header_timeout);
}

SteadyTime Http2Session::deadline() const {
  if (terminated_) return kNever;
  if (streams_.empty()) {
    return idle_since_ +
           (frame_seen_ ? context_.limits.idle_timeout : context_.limits.header_timeout);
  }
  SteadyTime earliest = kNever;
  for (const auto& [id, stream] : streams_) earliest = std::min(earliest, StreamDeadline(stream));
  return earliest;
}

void Http2Session::OnDeadline(SteadyTime now) {
  if (streams_.empty()) {
    terminated_ = true;
    (void)nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
    return;
  }
  for (auto& [id, stream] : streams_) {
    if (StreamDeadline(stream) > now) continue;
    stream.reset = true;
    (void)nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }
}

void Http2Session::Drain() {
  (void)nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                              nullptr, 0);
}

void Http2Session::Lost() {
  broken_ = true;
  for (auto& [id, stream] : streams_) {
    if (stream.exchange == nullptr) continue;
    if (auto closed = stream.exchange->Detach()) closed_.push_back(std::move(closed));
  }
  streams_.clear();
  for (auto& closed : std::exchange(closed_, {})) closed();
}

}  // namespace

std::unique_ptr<Session> MakeHttp2Session(const std::shared_ptr<Link>& link,
                                          const SessionContext& context) {
  auto session = std::make_unique<Http2Session>(link, context);
  if (!session->Open()) return nullptr;
  return session;
}

}  // namespace preseal::server::http
