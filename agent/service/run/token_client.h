// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace preseal::agent {

// The server's tokens for heavy work, as the engine sees them. The session keeps places and tokens
// alive; both are lost with the stream and asked for again after the next Welcome. Thread-safe;
// calls never block. ChangeSignal tells of every change.
class TokenClient {
 public:
  struct Standing {
    bool granted = false;
    uint32_t place = 0;  // 1 is next; 0: not known yet
  };
  virtual ~TokenClient() = default;
  // Asks, and goes on asking until Release.
  virtual void Want(const std::string& token, const std::string& item_id) = 0;
  virtual void Release(const std::string& token, const std::string& item_id) = 0;
  virtual Standing Look(const std::string& token, const std::string& item_id) const = 0;
};

}  // namespace preseal::agent
