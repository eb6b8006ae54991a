// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

namespace preseal::server::http {

// A piece of a response: bytes it owns, or bytes that outlive the server (embedded assets), which
// are then never copied into queues.
class Chunk {
 public:
  static Chunk Owned(std::string bytes) {
    Chunk chunk;
    chunk.owned_ = std::move(bytes);
    return chunk;
  }
  static Chunk Permanent(std::string_view bytes) {
    Chunk chunk;
    chunk.permanent_ = bytes;
    return chunk;
  }
  std::string_view view() const {
    return permanent_.data() != nullptr ? permanent_ : std::string_view(owned_);
  }

 private:
  std::string owned_;
  std::string_view permanent_;
};

// First in, first out by the byte. Unbounded; its users watch size(). Not thread-safe.
class ChunkQueue {
 public:
  void Push(Chunk chunk) {
    if (chunk.view().empty()) return;
    size_ += chunk.view().size();
    chunks_.push_back(std::move(chunk));
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void Clear() {
    chunks_.clear();
    offset_ = size_ = 0;
  }

  // Moves up to `bytes_max` bytes into `out`; returns how many.
  size_t Take(char* out, size_t bytes_max) {
    size_t taken = 0;
    while (taken < bytes_max && !chunks_.empty()) {
      const std::string_view rest = chunks_.front().view().substr(offset_);
      const size_t bytes = std::min(rest.size(), bytes_max - taken);
      std::memcpy(out + taken, rest.data(), bytes);
      taken += bytes;
      offset_ += bytes;
      if (bytes == rest.size()) {
        chunks_.pop_front();
        offset_ = 0;
      }
    }
    size_ -= taken;
    return taken;
  }

 private:
  std::deque<Chunk> chunks_;
  size_t offset_ = 0;  // of the first chunk, already taken
  size_t size_ = 0;
};

}  // namespace preseal::server::http
