// SPDX-License-Identifier: Apache-2.0
// Durable progress events through the real server, beside an echo server that receives the same
// messages over the same mTLS and stores nothing. The processor time is the server process's own:
// what the load generator burns beside it does not count.
#include <fmt/format.h>

#include <iterator>
#include <numeric>
#include <vector>

#include "tests/bench/measured_server.h"
#include "tests/bench/options.h"
#include "tests/bench/session_load.h"

namespace preseal::bench {
namespace {

constexpr int kDeviceCounts[] = {1, 8, 32};
constexpr int kBatches[] = {1, 64};

struct Rates {
  double per_second = 0;
  double per_cpu_second = 0;
};

StatusOr<Rates> Measure(const MeasuredServer& server, SessionLoad& load, const LoadPlan& plan) {
  ASSIGN_OR_RETURN(const Usage before, server.Read());
  ASSIGN_OR_RETURN(const LoadResult result, load.Run(plan));
  ASSIGN_OR_RETURN(const Usage after, server.Read());
  const double cpu = after.cpu_seconds - before.cpu_seconds;
  const auto events = static_cast<double>(result.events);
  return Rates{events / result.seconds, cpu > 0 ? events / cpu : 0};
}

Status RunAll(const Options& options) {
  std::vector<int> counts(std::begin(kDeviceCounts), std::end(kDeviceCounts));
  if (options.smoke) counts.resize(1);
  ASSIGN_OR_RETURN(const std::string root, UnusedEkRoot());
  ASSIGN_OR_RETURN(const auto site, Site::Create(std::accumulate(counts.begin(), counts.end(), 0),
                                                 Start::kProvisioning, root));
  ASSIGN_OR_RETURN(const auto preseal, MeasuredServer::StartPreseal(*site));
  ASSIGN_OR_RETURN(const auto echo, MeasuredServer::StartEcho(*site));
  fmt::print(
      "durable events            durable/s     echo/s  ratio   per core: durable/s     "
      "echo/s  ratio\n");
  auto next = site->devices().begin();  // each line has fresh devices: their sequences begin at 1
  for (const int devices : counts) {
    const std::vector<LoadDevice> some(next, next + devices);
    next += devices;
    ASSIGN_OR_RETURN(const auto real,
                     SessionLoad::Connect(preseal->device_endpoint(), site->server_ca_pem(), some));
    ASSIGN_OR_RETURN(const auto bare,
                     SessionLoad::Connect(echo->device_endpoint(), site->server_ca_pem(), some));
    for (const int batch : kBatches) {
      const LoadPlan plan{batch, options.time};
      ASSIGN_OR_RETURN(const Rates durable, Measure(*preseal, *real, plan));
      ASSIGN_OR_RETURN(const Rates echoed, Measure(*echo, *bare, plan));
      fmt::print(
          "{:>3} devices, batch {:>2}    {:>10.0f} {:>10.0f}  {:>5.2f}           {:>10.0f} "
          "{:>10.0f}  {:>5.2f}\n",
          devices, batch, durable.per_second, echoed.per_second,
          durable.per_second / echoed.per_second, durable.per_cpu_second, echoed.per_cpu_second,
          durable.per_cpu_second / echoed.per_cpu_second);
    }
  }
  return OkStatus();
}

}  // namespace
}  // namespace preseal::bench

int main(int argc, char** argv) { return preseal::bench::Main(argc, argv, preseal::bench::RunAll); }
