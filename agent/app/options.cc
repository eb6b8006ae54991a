// SPDX-License-Identifier: Apache-2.0
#include "agent/app/options.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "common/base/limits.h"

namespace preseal::agent {
namespace {

constexpr int kUsageError = 2;
constexpr char kFooter[] =
    R"(Every option of "run" may also stand in the file given by --config, in a section [run]:
    [run]
    device-endpoint = "floor.example:7444"

Exit codes of "run": 0 sealed or stopped; 1 it cannot go on, the last line says why; 2 usage;
3 the device was refused and a retry is not allowed.)";

// Texts of the flags; converted after parsing.
struct Texts {
  std::string power_off = "poweroff";
  std::string console = "auto";
  std::string log_level = "info";
  double enroll_retry_seconds = 5;
};

std::string CheckPowerOff(const std::string& text) {
  if (text == "poweroff" || text == "exit" || text.starts_with("command:")) return "";
  return "must be poweroff, exit or command:COMMAND LINE";
}

std::string CheckOrderCode(const std::string& text) {
  return text.size() <= kOrderCodeTextMax
             ? ""
             : "at most " + std::to_string(kOrderCodeTextMax) + " characters";
}

PowerOff ToPowerOff(const std::string& text) {
  constexpr std::string_view kCommand = "command:";
  if (text == "exit") return {PowerOff::Kind::kExit, ""};
  if (text.starts_with(kCommand)) {
    return {PowerOff::Kind::kCommand, text.substr(kCommand.size())};
  }
  return {PowerOff::Kind::kPowerOff, ""};
}

DisplayMode ToDisplayMode(const std::string& text) {
  if (text == "plain") return DisplayMode::kPlain;
  if (text == "tty") return DisplayMode::kTty;
  if (text == "none") return DisplayMode::kNone;
  return DisplayMode::kAuto;
}

void AddServerOptions(CLI::App& run, Options& options) {
  run.add_option("--enrollment-endpoint", options.enrollment_endpoint,
                 "host:port of the server's enrolment port")
      ->required();
  run.add_option("--device-endpoint", options.device_endpoint,
                 "host:port of the server's device port")
      ->required();
  run.add_option("--server-ca", options.server_ca_file,
                 "PEM file with the server's CA; no other CA is trusted")
      ->required();
  run.add_option("--server-name", options.server_name,
                 "Name expected in the server's certificate, if it is not the host above");
  run.add_option("--station-cert", options.station_cert_file,
                 "PEM file with this medium's station certificate, leaf first")
      ->required();
  run.add_option("--station-key", options.station_key_file, "PEM file with the station's key")
      ->required();
}

void AddDeviceOptions(CLI::App& run, Options& options) {
  run.add_option("--state-dir", options.state_directory,
                 "Folder for identity, journal and fetched artefacts; one agent at a time")
      ->capture_default_str();
  run.add_option("--tcti", options.tcti,
                 "The TPM: device:/dev/tpmrm0, swtpm:path=SOCKET or swtpm:host=H,port=P")
      ->capture_default_str();
  run.add_option("--target-root", options.target_root,
                 "Folder where the system being provisioned is mounted")
      ->capture_default_str();
  run.add_option("--slot", options.slot, "Place on the bench, shown on the dashboard");
  run.add_option("--order-code", options.order_code,
                 "One-time code of the purchase order, for a TPM that no maker vouches for; a "
                 "person must approve the device")
      ->check(CheckOrderCode);
  run.add_option("--dmi-dir", options.dmi_directory,
                 "Folder like /sys/class/dmi/id to read the serial number from");
  run.add_option("--net-dir", options.net_directory,
                 "Folder like /sys/class/net to read hardware addresses from");
  run.add_option("--event-log", options.event_log_file, "File with the firmware's TCG event log");
}

void AddBehaviourOptions(CLI::App& run, Texts& texts) {
  run.add_option("--power-off", texts.power_off,
                 "After the seal: poweroff, exit (the agent ends with 0), or command:COMMAND LINE")
      ->check(CheckPowerOff)
      ->capture_default_str();
  run.add_option("--console", texts.console,
                 "auto, plain (a line per change), tty (full screen) or none")
      ->check(CLI::IsMember({"auto", "plain", "tty", "none"}))
      ->capture_default_str();
  run.add_option("--log-level", texts.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  run.add_option("--enroll-retry", texts.enroll_retry_seconds,
                 "Seconds before a refused device asks again, doubled up to a minute")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
}

}  // namespace

ParsedOptions ParseOptions(int argc, char** argv) {
  ParsedOptions parsed;
  Texts texts;
  CLI::App app("preseal-agent: provisions and seals this device under a Preseal server's orders");
  app.footer(kFooter);
  app.set_version_flag("--version", "preseal-agent " PRESEAL_VERSION);
  app.set_config("--config", "", "File with options (INI or TOML)");
  app.require_subcommand(1);
  CLI::App* run = app.add_subcommand(
      "run", "Enrol if needed, then carry out the server's orders until the device is sealed");
  run->configurable();
  run->fallthrough();  // so that --config may stand behind "run" too
  AddServerOptions(*run, parsed.options);
  AddDeviceOptions(*run, parsed.options);
  AddBehaviourOptions(*run, texts);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : kUsageError;
    return parsed;
  }
  if (parsed.options.slot.size() > kSlotBytesMax) {
    std::cerr << "--slot: at most " << kSlotBytesMax << " bytes\n";
    parsed.exit_code = kUsageError;
    return parsed;
  }
  parsed.options.power_off = ToPowerOff(texts.power_off);
  parsed.options.display = ToDisplayMode(texts.console);
  log::ParseLevel(texts.log_level, &parsed.options.log_level);
  parsed.options.enroll_retry =
      std::chrono::milliseconds(static_cast<int64_t>(texts.enroll_retry_seconds * 1000));
  parsed.run = true;
  return parsed;
}

}  // namespace preseal::agent
