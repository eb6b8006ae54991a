// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/admission_gate.h"

#include <fmt/format.h>

#include <cctype>

#include "server/domain/device.h"

namespace preseal::server {
namespace {

// "ipv4:10.0.0.7" of "ipv4:10.0.0.7:51034"; the last colon stands before the port, also in
// "ipv6:%5B::1%5D:51034". A unix socket has no port and stays whole.
std::string_view AddressOf(std::string_view peer) {
  if (peer.starts_with("unix")) return peer;
  return peer.substr(0, peer.rfind(':'));
}

std::string Fold(std::string_view serial) {
  std::string folded = NormaliseSerial(serial);
  for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return folded;
}

}  // namespace

std::optional<std::string> AdmissionGate::Refuse(std::string_view station, std::string_view peer) {
  auto limits = limits_.Lock();
  const auto now = clock_.Steady();
  if (!limits->peers.Take(AddressOf(peer), now)) {
    return fmt::format("too many from {}", AddressOf(peer));
  }
  if (!limits->stations.Take(station, now)) return fmt::format("too many from {}", station);
  return std::nullopt;
}

std::unique_ptr<AdmissionGate::Turn> AdmissionGate::TakeTurn(std::string_view serial) {
  std::string key = Fold(serial);
  if (!enrolling_.Lock()->insert(key).second) return nullptr;
  return std::make_unique<Turn>(*this, std::move(key));
}

AdmissionGate::Turn::~Turn() { gate_.enrolling_.Lock()->erase(serial_); }

}  // namespace preseal::server
