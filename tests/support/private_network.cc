// SPDX-License-Identifier: Apache-2.0
#include "tests/support/private_network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/files/files.h"
#include "common/files/unique_fd.h"

namespace preseal::test {
namespace {

Status Refused(std::string_view what) {
  return FailedPrecondition(fmt::format("{}: {}", what, std::strerror(errno)));
}

ifreq RequestFor(const char* interface) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
  return request;
}

Status SetAddress(int fd, unsigned long what, const std::string& address) {
  ifreq request = RequestFor("lo:1");
  auto* socket_address = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
  socket_address->sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &socket_address->sin_addr);
  return ::ioctl(fd, what, &request) == 0 ? OkStatus() : Refused("set address of lo");
}

Status RaiseLoopback(const std::string& address) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = RequestFor("lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return Refused("raise lo");
  RETURN_IF_ERROR(SetAddress(fd.get(), SIOCSIFADDR, address));
  return SetAddress(fd.get(), SIOCSIFNETMASK, "255.255.255.0");
}

Status StandIn(const std::string& directory, const std::string& name, const std::string& text) {
  const std::string file = directory + "/" + name;
  RETURN_IF_ERROR(files::WriteAtomic(file, AsBytes(text), 0644));
  const std::string place = "/etc/" + name;
  return ::mount(file.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) == 0 ? OkStatus()
                                                                              : Refused(place);
}

}  // namespace

Status EnterPrivateNetwork(const std::string& directory, const std::string& address) {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return Refused("make namespaces");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return Refused("part /");
  RETURN_IF_ERROR(RaiseLoopback(address));
  RETURN_IF_ERROR(StandIn(directory, "resolv.conf", "nameserver " + address + "\n"));
  RETURN_IF_ERROR(StandIn(directory, "hosts", "127.0.0.1 localhost\n"));
  if (::mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") != 0) return Refused("mount /run");
  return OkStatus();
}

}  // namespace preseal::test
