// SPDX-License-Identifier: Apache-2.0
#include "tests/support/side_network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <future>
#include <stop_token>

#include "common/process/process.h"
#include "tests/support/private_network.h"

namespace preseal::test {
namespace {

constexpr char kAddress[] = "10.53.58.1";  // nobody answers there
constexpr char kLoopback[] = "127.0.0.1";
constexpr int kBacklog = 16;
constexpr int kLookMs = 50;
constexpr size_t kPieceBytes = 64 * 1024;
constexpr auto kConnectWithin = std::chrono::seconds(10);

sockaddr_in AddressOf(const std::string& address, uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &out.sin_addr);
  return out;
}

UniqueFd NewSocket() { return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

struct Port {
  uint16_t number = 0;
  UniqueFd listener;
};

StatusOr<Port> Listen(uint16_t port) {
  UniqueFd fd = NewSocket();
  const sockaddr_in address = AddressOf(kLoopback, port);
  if (!fd.valid() ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return Internal(fmt::format("listen on {}: {}", port, std::strerror(errno)));
  }
  return Port{port, std::move(fd)};
}

// Both directions of one connection.
struct Link {
  UniqueFd there;
  UniqueFd here;
};

// False: one side has ended.
bool PassOn(int from, int to) {
  char piece[kPieceBytes];
  const ssize_t got = ::recv(from, piece, sizeof(piece), 0);
  if (got <= 0) return false;
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t more = ::send(to, piece + sent, static_cast<size_t>(got - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return true;
}

class Relay {
 public:
  explicit Relay(const std::vector<Port>& ports) : ports_(ports) {}

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> polled;
      for (const Port& port : ports_) polled.push_back({port.listener.get(), POLLIN, 0});
      for (const Link& link : links_) {
        polled.push_back({link.there.get(), POLLIN, 0});
        polled.push_back({link.here.get(), POLLIN, 0});
      }
      if (::poll(polled.data(), polled.size(), kLookMs) > 0) Serve(polled);
    }
  }

 private:
  void Serve(const std::vector<pollfd>& polled) {
    std::vector<Link> kept;
    for (size_t i = 0; i < links_.size(); ++i) {
      const pollfd& there = polled[ports_.size() + 2 * i];
      const pollfd& here = polled[ports_.size() + 2 * i + 1];
      const bool lives = (there.revents == 0 || PassOn(there.fd, here.fd)) &&
                         (here.revents == 0 || PassOn(here.fd, there.fd));
      if (lives) kept.push_back(std::move(links_[i]));
    }
    links_ = std::move(kept);
    for (size_t i = 0; i < ports_.size(); ++i) {
      if (polled[i].revents != 0) Accept(ports_[i]);
    }
  }

  // A socket belongs to the network of the thread that made it: the accepted one to the side
  // network, this one to ours.
  void Accept(const Port& port) {
    UniqueFd there(::accept4(port.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    UniqueFd here = NewSocket();
    const sockaddr_in address = AddressOf(kLoopback, port.number);
    if (there.valid() && here.valid() &&
        ::connect(here.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
      links_.push_back({std::move(there), std::move(here)});
    }
  }

  const std::vector<Port>& ports_;
  std::vector<Link> links_;
};

}  // namespace

struct SideNetwork::Room {
  void Hold(const std::string& directory, const std::vector<uint16_t>& numbers) {
    ready.set_value([&]() -> Status {
      RETURN_IF_ERROR(EnterPrivateNetwork(directory, kAddress));
      thread_id = ::gettid();
      for (const uint16_t number : numbers) {
        ASSIGN_OR_RETURN(Port port, Listen(number));
        ports.push_back(std::move(port));
      }
      return OkStatus();
    }());
    over.get_future().wait();
  }

  std::vector<Port> ports;
  pid_t thread_id = 0;
  std::promise<Status> ready;
  std::promise<void> over;
  std::jthread holder;
};

SideNetwork::SideNetwork() : room_(std::make_unique<Room>()) {}

SideNetwork::~SideNetwork() {
  relay_ = {};
  room_->over.set_value();
}

StatusOr<std::unique_ptr<SideNetwork>> SideNetwork::Make(const std::string& directory,
                                                         const std::vector<uint16_t>& ports) {
  auto made = std::unique_ptr<SideNetwork>(new SideNetwork());
  Room& room = *made->room_;
  auto ready = room.ready.get_future();
  room.holder = std::jthread([&room, directory, ports] { room.Hold(directory, ports); });
  RETURN_IF_ERROR(ready.get());
  made->relay_ =
      std::jthread([&room](const std::stop_token& stop) { Relay(room.ports).Run(stop); });
  return made;
}

std::vector<std::string> SideNetwork::Launcher() const {
  const std::string names = fmt::format("/proc/{}/task/{}/ns", ::getpid(), room_->thread_id);
  return {"nsenter", "--net=" + names + "/net", "--mount=" + names + "/mnt"};
}

bool SideNetwork::Reaches(const std::string& address, uint16_t port) const {
  process::Command command{
      .argv = Launcher(), .environment = process::MinimalEnvironment(), .timeout = kConnectWithin};
  const std::string connect = fmt::format("exec 3<>/dev/tcp/{}/{}", address, port);
  command.argv.insert(command.argv.end(), {"bash", "-c", connect});
  const auto run = process::RunAndCapture(command);
  return run.ok() && run->ending.Succeeded();
}

}  // namespace preseal::test
