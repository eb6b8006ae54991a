// SPDX-License-Identifier: Apache-2.0
// What a connected device that says nothing costs in memory, and its connection in processor time,
// beside a bare gRPC stream over the same mTLS.
#include <fmt/format.h>

#include <vector>

#include "tests/bench/measured_server.h"
#include "tests/bench/options.h"
#include "tests/bench/session_load.h"

namespace preseal::bench {
namespace {

constexpr int kDeviceCounts[] = {200, 1000};
constexpr int kWarmUp = 16;  // connect and stay, so that first-use memory is not counted

struct PerDevice {
  double kibibytes = 0;   // resident, while it says nothing
  double connect_ms = 0;  // processor time of its TLS handshake, stream and Hello
};

// What each of the devices adds beyond the first kWarmUp.
StatusOr<PerDevice> Connect(const Site& site, const MeasuredServer& server) {
  const auto split = site.devices().begin() + kWarmUp;
  ASSIGN_OR_RETURN(const auto first,
                   SessionLoad::Connect(server.device_endpoint(), site.server_ca_pem(),
                                        {site.devices().begin(), split}));
  ASSIGN_OR_RETURN(const Usage before, server.Read());
  const std::vector<LoadDevice> rest(split, site.devices().end());
  ASSIGN_OR_RETURN(const auto load,
                   SessionLoad::Connect(server.device_endpoint(), site.server_ca_pem(), rest));
  ASSIGN_OR_RETURN(const Usage after, server.Read());
  const auto count = static_cast<double>(rest.size());
  const double bytes =
      static_cast<double>(after.resident_bytes) - static_cast<double>(before.resident_bytes);
  return PerDevice{bytes / 1024 / count, (after.cpu_seconds - before.cpu_seconds) * 1e3 / count};
}

Status Measure(int devices) {
  ASSIGN_OR_RETURN(const std::string root, UnusedEkRoot());
  ASSIGN_OR_RETURN(const auto site, Site::Create(devices + kWarmUp, Start::kProvisioning, root));
  ASSIGN_OR_RETURN(const auto preseal, MeasuredServer::StartPreseal(*site));
  ASSIGN_OR_RETURN(const PerDevice real, Connect(*site, *preseal));
  ASSIGN_OR_RETURN(const auto echo, MeasuredServer::StartEcho(*site));
  ASSIGN_OR_RETURN(const PerDevice bare, Connect(*site, *echo));
  fmt::print("{:>5} devices   {:>8.1f} KiB   {:>8.1f} KiB   {:>5.2f}   {:>8.2f} ms   {:>8.2f} ms\n",
             devices, real.kibibytes, bare.kibibytes, real.kibibytes / bare.kibibytes,
             real.connect_ms, bare.connect_ms);
  return OkStatus();
}

Status RunAll(const Options& options) {
  fmt::print(
      "idle, per device      server           echo   ratio   CPU to connect: server, echo\n");
  if (options.smoke) return Measure(2);
  for (const int devices : kDeviceCounts) RETURN_IF_ERROR(Measure(devices));
  return OkStatus();
}

}  // namespace
}  // namespace preseal::bench

int main(int argc, char** argv) { return preseal::bench::Main(argc, argv, preseal::bench::RunAll); }
