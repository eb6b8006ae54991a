// SPDX-License-Identifier: Apache-2.0
// preseal-sim: a bench of simulated devices with real TPM protocol, for demo, training and tests.
#include <fmt/format.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <ctime>
#include <filesystem>

#include "tests/sim/bench.h"
#include "tests/sim/bench_plan.h"
#include "tests/sim/manufacture.h"

namespace {

using preseal::sim::Bench;
using preseal::sim::BenchOptions;
using preseal::sim::DeviceSpec;

int Fail(const preseal::Status& status) {
  fmt::print(stderr, "preseal-sim: {}\n", preseal::MessageOf(status));
  return 1;
}

// Until SIGTERM, SIGINT, or every device is off, unless the bench is to `stay`.
int RunBench(BenchOptions options, std::vector<DeviceSpec> specs, bool stay) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Bench bench(std::move(options), std::move(specs));
  if (const auto on = bench.PowerOn(); !on.ok()) return Fail(on);
  constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 200'000'000};
  for (;;) {
    const auto on = bench.Look();
    if (!on.ok()) return Fail(on.status());
    if (*on == 0 && !stay) return 0;
    if (sigtimedwait(&signals, nullptr, &kLook) > 0) return 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulated devices, each with its own software TPM and a real agent.",
               "preseal-sim");
  app.set_version_flag("--version", PRESEAL_VERSION);
  app.require_subcommand(1);
  BenchOptions options;
  int count = 8;
  bool stay = false;
  preseal::sim::BenchFaults faults;
  const auto with_plan = [&](CLI::App* command) {
    command->add_option("--bench", options.folder.path, "folder of the bench")->required();
    command->add_option("--devices", count, "how many")
        ->capture_default_str()
        ->check(CLI::Range(1, 500));
    command->add_option("--untrusted-ek", faults.untrusted, "slots whose EK no root vouches for");
    command->add_option("--fail-once", faults.fail_once,
                        "slots whose burn-in fails the first time");
    command->add_option("--lack-reader", faults.lack_reader, "slots without a card reader");
    command->add_option("--ask-person", faults.ask_person,
                        "slots whose questions are not answered by the bench");
    command->add_option("--lose-power", faults.lose_power,
                        "slots whose plug is pulled once in mid-run");
    return command;
  };
  auto* manufacture =
      with_plan(app.add_subcommand("manufacture", "build the devices and devices.csv"));
  auto* run = with_plan(app.add_subcommand("run", "power the devices on, until all are off"));
  options.network.agent =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "preseal-agent").string();
  run->add_option("--agent", options.network.agent, "the agent's program");
  run->add_option("--station", options.network.station_folder,
                  "folder made by preseal-server station")
      ->required();
  run->add_option("--enrollment-endpoint", options.network.enrollment_endpoint, "host:port")
      ->required();
  run->add_option("--device-endpoint", options.network.device_endpoint, "host:port")->required();
  run->add_flag("--stay", stay,
                "wait for sealed devices to be delivered: device-N/user-answers.yaml");
  CLI11_PARSE(app, argc, argv);

  auto specs = preseal::sim::PlanBench(count, faults);
  if (*manufacture) {
    const auto made = preseal::sim::Manufacture(options.folder, specs);
    return made.ok() ? 0 : Fail(made);
  }
  return RunBench(std::move(options), std::move(specs), stay);
}
