// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/files/unique_fd.h"
#include "common/status/status.h"

namespace preseal::test {

// A second network beside the caller's, as a bench or a user's home is one: nothing of the caller's
// is seen from it but some ports of 127.0.0.1, which are passed on at the same numbers. Has a
// resolver that does not answer and a /run of its own.
class SideNetwork {
 public:
  // `directory` as EnterPrivateNetwork takes it, and its errors.
  static StatusOr<std::unique_ptr<SideNetwork>> Make(const std::string& directory,
                                                     const std::vector<uint16_t>& ports);
  SideNetwork(const SideNetwork&) = delete;
  SideNetwork& operator=(const SideNetwork&) = delete;
  ~SideNetwork();

  // Before a command line, starts it in there.
  std::vector<std::string> Launcher() const;
  // Whether something that runs in there can connect.
  bool Reaches(const std::string& address, uint16_t port) const;

 private:
  struct Room;  // the thread that holds the namespaces
  SideNetwork();

  std::unique_ptr<Room> room_;
  std::jthread relay_;  // last: ends before the sockets go
};

}  // namespace preseal::test
