// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/http2_exchange.h"

#include <string>
#include <vector>

namespace preseal::server::http {
namespace {

// nghttp2 copies names and values at once; they need to live through the submit call only.
nghttp2_nv Pair(std::string_view name, std::string_view value) {
  nghttp2_nv pair{};
  pair.name = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data()));
  pair.namelen = name.size();
  pair.value = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data()));
  pair.valuelen = value.size();
  pair.flags = NGHTTP2_NV_FLAG_NONE;
  return pair;
}

}  // namespace

void Http2Exchange::Head(int status, Headers headers) {
  if (session_ == nullptr) return;
  const std::string status_text = std::to_string(status);
  const std::string date = HttpDate();
  std::vector<nghttp2_nv> pairs{Pair(":status", status_text)};
  for (const Header& header : headers) pairs.push_back(Pair(header.name, header.value));
  for (const Header& header : standard_headers_) pairs.push_back(Pair(header.name, header.value));
  pairs.push_back(Pair("date", date));
  bodyless_ = head_request_ || status == 304 || status == 204;
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = &Http2Exchange::Read;
  // A failure here means the stream is already gone; its close callback tells the producer.
  (void)nghttp2_submit_response(session_, stream_id_, pairs.data(), pairs.size(),
                                bodyless_ ? nullptr : &provider);
  link_->Wake();
}

void Http2Exchange::Data(Chunk chunk) {
  if (session_ == nullptr || bodyless_ || ended_ || chunk.view().empty()) return;
  if (queue_.empty()) progress_ = std::chrono::steady_clock::now();
  queue_.Push(std::move(chunk));
  Resume();
}

void Http2Exchange::End() {
  ended_ = true;
  closed_ = nullptr;
  drained_ = nullptr;
  if (session_ != nullptr) Resume();
}

void Http2Exchange::Resume() {
  if (std::exchange(deferred_, false)) (void)nghttp2_session_resume_data(session_, stream_id_);
  link_->Wake();
}

ssize_t Http2Exchange::Read(nghttp2_session*, int32_t, uint8_t* buffer, size_t length,
                            uint32_t* flags, nghttp2_data_source* source, void*) {
  auto* self = static_cast<Http2Exchange*>(source->ptr);
  const size_t taken = self->queue_.Take(reinterpret_cast<char*>(buffer), length);
  self->progress_ = std::chrono::steady_clock::now();
  if (self->ended_ && self->queue_.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  } else if (taken == 0) {
    self->deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(taken);
}

std::function<void()> Http2Exchange::Detach() {
  session_ = nullptr;
  queue_.Clear();
  drained_ = nullptr;
  return std::exchange(closed_, nullptr);
}

std::function<void()> Http2Exchange::TakeDrained() {
  if (queue_.size() >= kHttpQueueLowWater) return nullptr;
  return std::exchange(drained_, nullptr);
}

}  // namespace preseal::server::http
