// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tpm_wiretap.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

namespace preseal::test {
namespace {

constexpr size_t kHeaderBytes = 10;  // tag, size, code
constexpr size_t kMessageBytesMax = 64 * 1024;
constexpr int kPollMs = 50;

uint32_t U32At(const Bytes& bytes, size_t offset) {
  return static_cast<uint32_t>(bytes[offset]) << 24 |
         static_cast<uint32_t>(bytes[offset + 1]) << 16 |
         static_cast<uint32_t>(bytes[offset + 2]) << 8 | bytes[offset + 3];
}

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), std::min(path.size() + 1, sizeof(address.sun_path)));
  return address;
}

int Listen(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  ::unlink(path.c_str());
  const bool listening =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::listen(fd, 8) == 0;
  if (listening) return fd;
  ::close(fd);
  return -1;
}

int Connect(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

// The next client, or -1 once `stop` is asked for.
int Accept(int listener, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd ready{listener, POLLIN, 0};
    if (::poll(&ready, 1, kPollMs) > 0) return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  }
  return -1;
}

bool ReadExactly(int fd, uint8_t* to, size_t count) {
  while (count > 0) {
    const ssize_t got = ::recv(fd, to, count, 0);
    if (got <= 0) return false;
    to += got;
    count -= static_cast<size_t>(got);
  }
  return true;
}

bool Write(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(sent));
  }
  return true;
}

// A whole command or response; nothing when the other side closed.
std::optional<Bytes> ReadMessage(int fd) {
  Bytes message(kHeaderBytes);
  if (!ReadExactly(fd, message.data(), kHeaderBytes)) return std::nullopt;
  const size_t size = U32At(message, 2);
  if (size < kHeaderBytes || size > kMessageBytesMax) return std::nullopt;
  message.resize(size);
  if (!ReadExactly(fd, message.data() + kHeaderBytes, size - kHeaderBytes)) return std::nullopt;
  return message;
}

Bytes ErrorResponse(uint32_t code) {
  return {0x80,
          0x01,
          0,
          0,
          0,
          kHeaderBytes,
          static_cast<uint8_t>(code >> 24),
          static_cast<uint8_t>(code >> 16),
          static_cast<uint8_t>(code >> 8),
          static_cast<uint8_t>(code)};
}

// Both directions until one side closes.
void Splice(int a, int b, const std::stop_token& stop) {
  std::array<uint8_t, 4096> buffer{};
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> ready = {{{a, POLLIN, 0}, {b, POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), kPollMs) <= 0) continue;
    for (size_t i = 0; i < ready.size(); ++i) {
      if (ready[i].revents == 0) continue;
      const ssize_t got = ::recv(ready[i].fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      if (!Write(ready[1 - i].fd, ByteView(buffer).first(static_cast<size_t>(got)))) return;
    }
  }
}

}  // namespace

std::string CommandName(uint32_t command_code) {
  static constexpr std::pair<uint32_t, const char*> kNames[] = {
      {0x120, "EvictControl"},  {0x131, "CreatePrimary"}, {0x147, "ActivateCredential"},
      {0x148, "Certify"},       {0x14E, "NV_Read"},       {0x151, "PolicySecret"},
      {0x158, "Quote"},         {0x15D, "Sign"},          {0x165, "FlushContext"},
      {0x169, "NV_ReadPublic"}, {0x173, "ReadPublic"},    {0x176, "StartAuthSession"},
      {0x17A, "GetCapability"}, {0x17E, "PCR_Read"},
  };
  for (const auto& [code, name] : kNames) {
    if (code == command_code) return name;
  }
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string hex = "0x";
  for (int shift = 8; shift >= 0; shift -= 4) hex.push_back(kDigits[command_code >> shift & 0xF]);
  return hex;
}

StatusOr<std::unique_ptr<TpmWiretap>> TpmWiretap::Start(const Swtpm& swtpm,
                                                        const std::string& socket_path) {
  if (socket_path.size() > 100) return InvalidArgument("socket path too long: " + socket_path);
  const std::string swtpm_socket = swtpm.tcti().substr(swtpm.tcti().find('=') + 1);
  std::unique_ptr<TpmWiretap> tap(new TpmWiretap(socket_path, swtpm_socket));
  tap->command_listener_ = Listen(socket_path);
  tap->control_listener_ = Listen(socket_path + ".ctrl");
  if (tap->command_listener_ < 0 || tap->control_listener_ < 0) {
    return Internal("cannot listen at " + socket_path);
  }
  tap->commands_ = std::jthread([t = tap.get()](std::stop_token stop) { t->ServeCommands(stop); });
  tap->control_ = std::jthread([t = tap.get()](std::stop_token stop) { t->ServeControl(stop); });
  return tap;
}

TpmWiretap::~TpmWiretap() {
  commands_ = {};
  control_ = {};
  for (const int fd : {command_listener_, control_listener_}) {
    if (fd >= 0) ::close(fd);
  }
  std::error_code ignored;
  std::filesystem::remove(socket_path_, ignored);
  std::filesystem::remove(socket_path_ + ".ctrl", ignored);
}

std::vector<std::string> TpmWiretap::names() const {
  std::vector<std::string> names;
  for (const TpmExchange& exchange : exchanges())
    names.push_back(CommandName(exchange.command_code));
  return names;
}

bool TpmWiretap::Saw(ByteView bytes) const {
  const auto contains = [bytes](const Bytes& message) {
    return std::search(message.begin(), message.end(), bytes.begin(), bytes.end()) != message.end();
  };
  const auto all = exchanges();
  return std::any_of(all.begin(), all.end(), [&contains](const TpmExchange& exchange) {
    return contains(exchange.command) || contains(exchange.response);
  });
}

void TpmWiretap::ServeCommands(std::stop_token stop) {
  // One client at a time, as swtpm itself serves them.
  for (int client = Accept(command_listener_, stop); client >= 0;
       client = Accept(command_listener_, stop)) {
    PassCommands(client);
    ::close(client);
  }
}

void TpmWiretap::PassCommands(int client) {
  int swtpm = -1;
  while (const auto command = ReadMessage(client)) {
    const auto response = Exchange(&swtpm, *command);
    if (!response || !Write(client, *response)) break;
  }
  if (swtpm >= 0) ::close(swtpm);
}

std::optional<Bytes> TpmWiretap::Exchange(int* swtpm, const Bytes& command) {
  const uint32_t code = U32At(command, 6);
  std::optional<uint32_t> instead;
  {
    auto answer = answer_.Lock();
    if (*answer) instead = (*answer)(code);
  }
  std::optional<Bytes> response;
  if (instead) {
    response = ErrorResponse(*instead);
  } else {
    if (*swtpm < 0) *swtpm = Connect(swtpm_socket_);
    if (*swtpm < 0 || !Write(*swtpm, command)) return std::nullopt;
    response = ReadMessage(*swtpm);
  }
  if (response) exchanges_.Lock()->push_back({code, U32At(*response, 6), command, *response});
  return response;
}

void TpmWiretap::ServeControl(std::stop_token stop) {
  for (int client = Accept(control_listener_, stop); client >= 0;
       client = Accept(control_listener_, stop)) {
    const int swtpm = Connect(swtpm_socket_ + ".ctrl");
    if (swtpm >= 0) {
      Splice(client, swtpm, stop);
      ::close(swtpm);
    }
    ::close(client);
  }
}

}  // namespace preseal::test
