// SPDX-License-Identifier: Apache-2.0
// One stream of an HTTP/2 connection. Used by http2_session.cc only.
#pragma once

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "server/adapters/http/session.h"

namespace preseal::server::http {

class Http2Exchange final : public Responder {
 public:
  // `session` must outlive the exchange or be taken away by Detach.
  Http2Exchange(nghttp2_session* session, int32_t stream_id, bool head_request,
                const Headers& standard_headers, std::shared_ptr<Link> link)
      : session_(session),
        stream_id_(stream_id),
        head_request_(head_request),
        standard_headers_(standard_headers),
        link_(std::move(link)) {}

  void Head(int status, Headers headers) override;
  void Data(Chunk chunk) override;
  void End() override;
  size_t queued() const override { return queue_.size(); }
  void OnDrain(std::function<void()> drained) override { drained_ = std::move(drained); }
  void OnClose(std::function<void()> closed) override {
    if (session_ != nullptr && !ended_) closed_ = std::move(closed);
  }
  void Post(std::function<void()> work) override { link_->Post(std::move(work)); }

  // The stream is closed; returns what OnClose registered if the response was cut short.
  std::function<void()> Detach();
  // The callback waiting for room, if there is room now.
  std::function<void()> TakeDrained();
  // Since when the peer has taken nothing of what is queued; kNever if nothing is.
  SteadyTime stalled_since() const { return queue_.empty() ? kNever : progress_; }

 private:
  static ssize_t Read(nghttp2_session* session, int32_t stream_id, uint8_t* buffer, size_t length,
                      uint32_t* flags, nghttp2_data_source* source, void* user_data);
  void Resume();

  nghttp2_session* session_;
  const int32_t stream_id_;
  const bool head_request_;
  const Headers& standard_headers_;
  const std::shared_ptr<Link> link_;
  ChunkQueue queue_;
  bool bodyless_ = false;
  bool ended_ = false;
  bool deferred_ = false;  // nghttp2 waits to be told of new data
  SteadyTime progress_ = kNever;
  std::function<void()> drained_;
  std::function<void()> closed_;
};

}  // namespace preseal::server::http
