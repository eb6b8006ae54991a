// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/measured_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "server/app/server_app.h"

namespace preseal::bench {
namespace {

namespace fs = std::filesystem;

constexpr auto kReadyWithin = std::chrono::seconds(60);
constexpr auto kLook = std::chrono::milliseconds(20);

std::string Program(const std::string& name) {
  return (fs::read_symlink("/proc/self/exe").parent_path() / name).string();
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

StatusOr<std::unique_ptr<MeasuredServer>> MeasuredServer::Launch(std::vector<std::string> argv,
                                                                 const std::string& ports_file,
                                                                 const std::string& log_file) {
  std::error_code ignored;
  fs::remove(ports_file, ignored);
  auto server = std::unique_ptr<MeasuredServer>(new MeasuredServer());
  ASSIGN_OR_RETURN(server->child_,
                   process::Child::Start({.argv = std::move(argv),
                                          .environment = process::MinimalEnvironment(),
                                          .output_file = log_file}));
  const auto deadline = std::chrono::steady_clock::now() + kReadyWithin;
  while (std::chrono::steady_clock::now() < deadline && server->child_->Running()) {
    const auto ports = nlohmann::json::parse(ReadAll(ports_file), nullptr, false);
    if (ports.is_object()) {
      server->device_port_ = ports.value("device", 0);
      server->enrollment_port_ = ports.value("enrollment", 0);
      return server;
    }
    std::this_thread::sleep_for(kLook);
  }
  return Unavailable("the server did not open its ports: " + ReadAll(log_file));
}

StatusOr<std::unique_ptr<MeasuredServer>> MeasuredServer::StartPreseal(const Site& site) {
  return Launch({Program("preseal-server"), "run", "--config", site.File("preseal.yaml")},
                server::PortsFile(site.config()).string(), site.File("server.log"));
}

StatusOr<std::unique_ptr<MeasuredServer>> MeasuredServer::StartEcho(const Site& site) {
  const auto& files = site.ca().files();
  return Launch(
      {Program("bench-echo"), files.server.key.string(), files.server.certificate.string(),
       files.device_ca.certificate.string(), site.File("echo-ports.json")},
      site.File("echo-ports.json"), site.File("echo.log"));
}

std::string MeasuredServer::device_endpoint() const {
  return fmt::format("localhost:{}", device_port_);
}

std::string MeasuredServer::enrollment_endpoint() const {
  return fmt::format("localhost:{}", enrollment_port_);
}

// proc(5): stat's fields 14 and 15 are utime and stime; statm's second is the resident pages.
StatusOr<Usage> MeasuredServer::Read() const {
  const std::string folder = fmt::format("/proc/{}/", child_->pid());
  const std::string stat = ReadAll(folder + "stat");
  const size_t after_name = stat.rfind(')');
  if (after_name == std::string::npos) return Unavailable("the server has ended");
  std::istringstream fields(stat.substr(after_name + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  uint64_t user = 0;
  uint64_t system = 0;
  fields >> user >> system;
  std::istringstream memory(ReadAll(folder + "statm"));
  uint64_t size = 0;
  uint64_t resident = 0;
  memory >> size >> resident;
  if (!fields || !memory) return Internal("cannot read the server's usage");
  return Usage{.cpu_seconds =
                   static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)),
               .resident_bytes = resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE))};
}

}  // namespace preseal::bench
