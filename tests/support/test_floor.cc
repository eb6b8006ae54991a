// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_floor.h"

#include <fmt/format.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "tests/sim/bench_plan.h"
#include "tests/sim/manufacture.h"

namespace preseal::test {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolder = 0700;
constexpr mode_t kFile = 0644;
constexpr size_t kLastWordsBytes = 800;
constexpr size_t kLogBytesMax = 64 * 1024 * 1024;
constexpr auto kLook = std::chrono::milliseconds(10);

StatusOr<std::string> ReadText(const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes content, files::Read(path, kLogBytesMax));
  return ToString(ByteView(content));
}

}  // namespace

std::string LastWords(const std::string& file) {
  const auto text = ReadText(file);
  if (!text.ok()) return {};
  return text->size() <= kLastWordsBytes ? *text : text->substr(text->size() - kLastWordsBytes);
}

Status WaitUntil(const std::string& what, std::chrono::milliseconds limit,
                 const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return DeadlineExceeded("waited too long for " + what);
    }
    std::this_thread::sleep_for(kLook);
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<TestFloor>> TestFloor::Open(const FloorOptions& options) {
  auto floor = std::unique_ptr<TestFloor>(new TestFloor());
  RETURN_IF_ERROR(floor->Build(options));
  return floor;
}

Status TestFloor::Build(const FloorOptions& options) {
  options_ = options;
  const std::string bench = File("bench");
  const sim::BenchFolder folder{bench};
  RETURN_IF_ERROR(files::MakeDirectories(bench, kFolder));
  RETURN_IF_ERROR_CTX(
      sim::Manufacture(folder, sim::PlanBench(options.devices, {.untrusted = options.untrusted})),
      "manufacture the bench");
  RETURN_IF_ERROR(files::MakeDirectories(File("profiles"), kFolder));
  RETURN_IF_ERROR(files::WriteAtomic(File("profiles/test.yaml"), AsBytes(options.profile), kFile));
  RETURN_IF_ERROR(WriteConfig());
  ASSIGN_OR_RETURN(const auto init,
                   ServerCommand({"init", "--user", "admin"}, options.init_through));
  constexpr std::string_view kMark = "one-time password: ";
  const size_t at = init.output.find(kMark);
  if (!init.ending.Succeeded() || at == std::string::npos) {
    return FailedPrecondition("preseal-server init: " + init.error);
  }
  const size_t begin = at + kMark.size();
  const std::string password = init.output.substr(begin, init.output.find('\n', begin) - begin);
  ASSIGN_OR_RETURN(const auto station,
                   ServerCommand({"station", "bench-1", "--out", File("station")}));
  if (!station.ending.Succeeded()) return FailedPrecondition("station: " + station.error);
  RETURN_IF_ERROR(StartServer());
  RETURN_IF_ERROR_CTX(api_->FirstLogin("admin", password), "log in");
  bearer_ = api_->bearer();
  bench_.resize(static_cast<size_t>(options.devices));
  for (int slot = 1; slot <= options.devices; ++slot) {
    bench_[Index(slot)].device = std::make_unique<sim::SimulatedDevice>(home(slot), slot);
    RETURN_IF_ERROR(device(slot).Boot());
  }
  return options.import_devices ? Import() : OkStatus();
}

Status TestFloor::WriteConfig() const {
  const std::string config = fmt::format(
      "organisation: Test Factory\n"
      "state_dir: state\n"
      "public_names: [localhost, 127.0.0.1]\n"
      "device_port: {{address: 127.0.0.1, port: {}}}\n"
      "enrollment_port: {{address: 127.0.0.1, port: {}}}\n"
      "api_port: {{address: 127.0.0.1, port: {}}}\n"
      "web_port: {{address: 127.0.0.1, port: {}}}\n"
      "trust: {{lab_root: bench/ek-root.pem}}\n"
      "technician_flow: {{profiles: profiles, start: manual}}\n"
      "{}",
      ports_.device, ports_.enrollment, ports_.api, ports_.web, options_.config);
  return files::WriteAtomic(config_file(), AsBytes(config), kFile);
}

StatusOr<process::Captured> TestFloor::ServerCommand(const std::vector<std::string>& arguments,
                                                     std::vector<std::string> launcher) const {
  std::vector<std::string> argv = std::move(launcher);
  argv.push_back(PRESEAL_SERVER_PROGRAM);
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.insert(argv.end(), {"--config", config_file()});
  return process::RunAndCapture(
      {.argv = std::move(argv), .environment = process::OwnEnvironment(), .timeout = kDeadline});
}

StatusOr<process::Captured> TestFloor::Preseal(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), PRESEAL_CLI_PROGRAM);
  process::Command command{
      .argv = std::move(arguments), .environment = process::OwnEnvironment(), .timeout = kDeadline};
  for (const std::string& setting :
       {fmt::format("PRESEAL_SERVER=127.0.0.1:{}", api_port()),
        "PRESEAL_CA=" + state_dir() + "/ca/server-ca.pem", "PRESEAL_TOKEN=" + api_->bearer(),
        "XDG_CONFIG_HOME=" + File("nowhere")}) {
    command.environment.push_back(setting);
  }
  return process::RunAndCapture(command);
}

Status TestFloor::StartServer() {
  const std::string ports_file = state_dir() + "/ports.json";
  RETURN_IF_ERROR(files::RemoveTree(ports_file));
  ASSIGN_OR_RETURN(server_, process::Child::Start(
                                {.argv = {PRESEAL_SERVER_PROGRAM, "run", "--config", config_file()},
                                 .environment = process::OwnEnvironment(),
                                 .output_file = server_log()}));
  RETURN_IF_ERROR(WaitUntil("the server to open its ports", kDeadline,
                            [&] { return fs::exists(ports_file) || !server_->Running(); }));
  if (!fs::exists(ports_file)) {
    return FailedPrecondition("the server ended: " + LastWords(server_log()));
  }
  RETURN_IF_ERROR(ReadPorts());
  ASSIGN_OR_RETURN(const std::string ca, ReadText(state_dir() + "/ca/server-ca.pem"));
  api_ = std::make_unique<FloorApi>(ports_.api, ca);
  api_->set_bearer(bearer_);
  // A restart must come back where the agents look for it.
  return WriteConfig();
}

Status TestFloor::ReadPorts() {
  ASSIGN_OR_RETURN(const std::string text, ReadText(state_dir() + "/ports.json"));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return Internal("ports.json is no JSON object");
  ports_ = {.device = json.value("device", uint16_t{0}),
            .enrollment = json.value("enrollment", uint16_t{0}),
            .api = json.value("api", uint16_t{0}),
            .web = json.value("web", uint16_t{0})};
  return OkStatus();
}

Status TestFloor::Import() {
  fleet::v1::ImportDevicesRequest request;
  request.set_batch("batches/PO-7");
  for (const auto& spec : sim::PlanBench(static_cast<int>(bench_.size()), {})) {
    auto* row = request.add_rows();
    row->set_serial_number(spec.serial_number);
    row->set_manufacturer(sim::kManufacturer);
    row->set_model(sim::kModel);
    row->set_assigned_user(options_.assigned_user);
  }
  ASSIGN_OR_RETURN(const auto response, api_->Import(request));
  for (size_t i = 0; i < bench_.size(); ++i) {
    bench_[i].name = response.results(static_cast<int>(i)).device();
  }
  return OkStatus();
}

void TestFloor::KillServer() {
  server_->Signal(SIGKILL);
  (void)server_->Wait(kDeadline);
  server_.reset();
}

StatusOr<process::Ending> TestFloor::StopServer() {
  server_->Signal(SIGTERM);
  return server_->Wait(kDeadline);
}

void TestFloor::HangUpServer() { server_->Signal(SIGHUP); }

Status TestFloor::StartAgent(int slot, const std::vector<std::string>& more) {
  return device(slot).StartBenchAgent({.agent = PRESEAL_AGENT_PROGRAM,
                                       .station_folder = File("station"),
                                       .enrollment_endpoint = enrollment_endpoint(),
                                       .device_endpoint = device_endpoint()},
                                      more);
}

Status TestFloor::WaitForEnd(int slot, int exit_code) {
  ASSIGN_OR_RETURN(const auto ending, agent(slot)->Wait(kDeadline));
  if (ending.kind == process::Ending::Kind::kExited && ending.exit_code == exit_code) {
    return OkStatus();
  }
  return FailedPrecondition(fmt::format("the agent ended with exit code {}, signal {}: {}",
                                        ending.exit_code, ending.signal,
                                        LastWords(home(slot) + "/agent.log")));
}

Status TestFloor::Reboot(int slot) {
  RETURN_IF_ERROR(device(slot).ShutDown());
  return device(slot).Boot();
}

Status TestFloor::StartUserAgent(int slot, const std::string& answers) {
  RETURN_IF_ERROR(
      files::WriteAtomic(home(slot) + "/" + sim::kUserAnswers, AsBytes(answers), kFile));
  return device(slot).StartUserAgent(PRESEAL_AGENT_PROGRAM);
}

StatusOr<fleet::v1::Device> TestFloor::Device(int slot) {
  return api_->Get(bench_.at(Index(slot)).name);
}

StatusOr<fleet::v1::Device> TestFloor::WaitFor(
    int slot, const std::string& what,
    const std::function<bool(const fleet::v1::Device&)>& condition) {
  StatusOr<fleet::v1::Device> device = Internal("never looked");
  const Status waited = WaitUntil(what, kDeadline, [&] {
    device = Device(slot);
    return !device.ok() || condition(*device);
  });
  if (!device.ok()) return device.status();
  if (waited.ok()) return device;
  return DeadlineExceeded(fmt::format(
      "{}; the device: {}; its agent: {}", MessageOf(waited), device->ShortDebugString(),
      LastWords(home(slot) + "/agent.log") + LastWords(home(slot) + "/user.log")));
}

StatusOr<fleet::v1::Device> TestFloor::WaitForState(int slot, lifecycle::v1::DeviceState state) {
  return WaitFor(slot, lifecycle::v1::DeviceState_Name(state),
                 [&](const fleet::v1::Device& device) { return device.state() == state; });
}

std::string TestFloor::home(int slot) const { return sim::BenchFolder{File("bench")}.device(slot); }
std::string TestFloor::device_endpoint() const {
  return fmt::format("localhost:{}", ports_.device);
}
std::string TestFloor::enrollment_endpoint() const {
  return fmt::format("localhost:{}", ports_.enrollment);
}

}  // namespace preseal::test
