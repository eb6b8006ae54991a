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

Exit codes of "run": 0 sealed, in service or stopped; 1 it cannot go on, the last line says why; 2
usage; 3 the device was refused and a retry is not allowed; 75 the device is to be restarted, or
just this program ("--restart exit"): start it again.)";

// Texts of the flags; converted after parsing.
struct Texts {
  std::string flow = "technician";
  std::string power_off = "poweroff";
  std::string restart = "reboot";
  std::string console = "auto";
  std::string log_level = "info";
  double enroll_retry_seconds = 5;
};

std::string CheckPowerOff(const std::string& text) {
  if (text == "poweroff" || text == "exit" || text.starts_with("command:")) return "";
  return "must be poweroff, exit or command:COMMAND LINE";
}

std::string CheckRestart(const std::string& text) {
  if (text == "reboot" || text == "exit" || text.starts_with("command:")) return "";
  return "must be reboot, exit or command:COMMAND LINE";
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

Restart ToRestart(const std::string& text) {
  constexpr std::string_view kCommand = "command:";
  if (text == "exit") return {Restart::Kind::kExit, ""};
  if (text.starts_with(kCommand)) return {Restart::Kind::kCommand, text.substr(kCommand.size())};
  return {Restart::Kind::kReboot, ""};
}

DisplayMode ToDisplayMode(const std::string& text) {
  if (text == "plain") return DisplayMode::kPlain;
  if (text == "tty") return DisplayMode::kTty;
  if (text == "none") return DisplayMode::kNone;
  return DisplayMode::kAuto;
}

void AddServerOptions(CLI::App& run, Options& options) {
  run.add_option("--enrollment-endpoint", options.enrollment_endpoint,
                 "host:port of the server's enrolment port; technician flow");
  run.add_option("--device-endpoint", options.device_endpoint,
                 "host:port of the server's device port")
      ->required();
  run.add_option("--server-ca", options.server_ca_file,
                 "PEM file with the server's CA; no other CA is trusted. User flow: "
                 "server-ca.pem in the state folder if not given");
  run.add_option("--server-name", options.server_name,
                 "Name expected in the server's certificate, if it is not the host above");
  run.add_option("--station-cert", options.station_cert_file,
                 "PEM file with this medium's station certificate, leaf first; technician flow");
  run.add_option("--station-key", options.station_key_file,
                 "PEM file with the station's key; technician flow");
}

void AddDeviceOptions(CLI::App& run, Options& options) {
  run.add_option("--state-dir", options.state_directory,
                 "Folder for identity, journal and fetched artefacts; one agent at a time "
                 "(/var/lib/preseal-agent; user flow: /var/lib/preseal/agent)");
  run.add_option("--tcti", options.tcti,
                 "The TPM: device:/dev/tpmrm0, swtpm:path=SOCKET or swtpm:host=H,port=P")
      ->capture_default_str();
  run.add_option(
      "--target-root", options.target_root,
      "Folder where the system being provisioned is mounted (/mnt/target; user flow: /)");
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
  run.add_option("--boot-id-file", options.boot_id_file,
                 "File that holds another text after every boot, for simulated devices")
      ->capture_default_str();
  run.add_flag("--metered", options.metered, "The network is paid by volume");
  run.add_option("--collect-log", options.collected_logs,
                 "File of the target to put into diagnostics, several allowed; none by default "
                 "(docs/diagnostics.md)")
      ->type_name("PATH");
}

void AddFlowOptions(CLI::App& run, Options& options, Texts& texts) {
  run.add_option("--flow", texts.flow,
                 "technician (from the imaging media) or user (in the delivered device)")
      ->check(CLI::IsMember({"technician", "user"}))
      ->capture_default_str();
  // Not bound to the variable: the library takes an empty text for an optional that is not given.
  run.add_option_function<std::string>(
         "--target-agent", [&options](const std::string& path) { options.target_agent = path; },
         "Path of preseal-agent in the target: the seal lays the user flow down for it "
         "(docs/user-flow.md); empty: it does not. Not given: /usr/bin/preseal-agent, if it is "
         "there")
      ->type_name("PATH");
  run.add_option("--answers", options.answers_file,
                 "YAML file with answers that are taken instead of asking (docs/user-flow.md)");
  run.add_flag("--input", options.input_lines,
               "Take buttons and answers as lines from standard input although it is no terminal");
}

void AddBehaviourOptions(CLI::App& run, Texts& texts) {
  run.add_option("--power-off", texts.power_off,
                 "After the seal: poweroff, exit (the agent ends with 0), or command:COMMAND LINE")
      ->check(CheckPowerOff)
      ->capture_default_str();
  run.add_option(
         "--restart", texts.restart,
         "When a step wants the device restarted: reboot, exit (the agent ends with 75), or "
         "command:COMMAND LINE, then exit")
      ->check(CheckRestart)
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

// What the flow leaves open, and what is missing; empty: nothing.
std::string CompleteForFlow(Options& options) {
  const bool user = options.flow == Flow::kUser;
  if (options.state_directory.empty()) {
    options.state_directory = user ? "/var/lib/preseal/agent" : "/var/lib/preseal-agent";
  }
  if (options.target_root.empty()) options.target_root = user ? "/" : "/mnt/target";
  if (user && options.server_ca_file.empty()) {
    options.server_ca_file = options.state_directory + "/server-ca.pem";
  }
  if (options.server_ca_file.empty()) return "--server-ca";
  if (user) return "";
  if (options.enrollment_endpoint.empty()) return "--enrollment-endpoint";
  if (options.station_cert_file.empty()) return "--station-cert";
  return options.station_key_file.empty() ? "--station-key" : "";
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
  AddFlowOptions(*run, parsed.options, texts);
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
  parsed.options.flow = texts.flow == "user" ? Flow::kUser : Flow::kTechnician;
  if (const std::string missing = CompleteForFlow(parsed.options); !missing.empty()) {
    std::cerr << missing << " is required\n";
    parsed.exit_code = kUsageError;
    return parsed;
  }
  parsed.options.power_off = ToPowerOff(texts.power_off);
  parsed.options.restart = ToRestart(texts.restart);
  parsed.options.display = ToDisplayMode(texts.console);
  log::ParseLevel(texts.log_level, &parsed.options.log_level);
  parsed.options.enroll_retry =
      std::chrono::milliseconds(static_cast<int64_t>(texts.enroll_retry_seconds * 1000));
  parsed.run = true;
  return parsed;
}

}  // namespace preseal::agent
