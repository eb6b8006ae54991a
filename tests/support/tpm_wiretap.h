// SPDX-License-Identifier: Apache-2.0
// A tap on the wire between a program and its swtpm: counts commands, keeps their bytes as a bus
// sniffer would, and can answer in the TPM's place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/guarded.h"
#include "common/status/status.h"
#include "tests/support/swtpm.h"

namespace preseal::test {

// One command and its answer as they crossed the wire (TPM 2.0 Library, Part 1, "Command/Response
// Structure").
struct TpmExchange {
  uint32_t command_code = 0;   // TPM_CC
  uint32_t response_code = 0;  // TPM_RC
  Bytes command;
  Bytes response;
};

// "NV_Read"; the number in hex for commands no test of ours sends.
std::string CommandName(uint32_t command_code);

// Listens on a socket of its own and passes everything on to one swtpm, also after that restarted.
// Thread-safe.
class TpmWiretap {
 public:
  // `socket_path` as Swtpm::Start takes it. The swtpm must outlive the tap.
  static StatusOr<std::unique_ptr<TpmWiretap>> Start(const Swtpm& swtpm,
                                                     const std::string& socket_path);
  ~TpmWiretap();
  TpmWiretap(const TpmWiretap&) = delete;
  TpmWiretap& operator=(const TpmWiretap&) = delete;

  std::string tcti() const { return "swtpm:path=" + socket_path_; }

  // What passed since the start or the last Forget.
  std::vector<TpmExchange> exchanges() const { return *exchanges_.Lock(); }
  std::vector<std::string> names() const;
  void Forget() { exchanges_.Lock()->clear(); }
  // Whether `bytes` crossed the wire in clear, in either direction.
  bool Saw(ByteView bytes) const;

  // From now on a command for which `answer` gives a code never reaches the TPM: the tap answers
  // with that code. Null: all pass.
  using Answer = std::function<std::optional<uint32_t>(uint32_t command_code)>;
  void AnswerInstead(Answer answer) { *answer_.Lock() = std::move(answer); }

 private:
  TpmWiretap(std::string socket_path, std::string swtpm_socket)
      : socket_path_(std::move(socket_path)), swtpm_socket_(std::move(swtpm_socket)) {}
  void ServeCommands(std::stop_token stop);
  void ServeControl(std::stop_token stop);
  void PassCommands(int client);
  std::optional<Bytes> Exchange(int* swtpm, const Bytes& command);

  const std::string socket_path_;
  const std::string swtpm_socket_;
  mutable Guarded<std::vector<TpmExchange>> exchanges_;
  Guarded<Answer> answer_;
  int command_listener_ = -1;
  int control_listener_ = -1;
  std::jthread commands_;
  std::jthread control_;
};

}  // namespace preseal::test
