// SPDX-License-Identifier: Apache-2.0
#include "agent/app/agent.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "agent/adapters/console/console.h"
#include "agent/adapters/console/keyboard.h"
#include "agent/adapters/dmi/dmi_machine.h"
#include "agent/adapters/grpc/enrollment_client.h"
#include "agent/adapters/identity/identity_files.h"
#include "agent/adapters/spool/spool_store.h"
#include "agent/adapters/tpm/engine.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/app/answers.h"
#include "agent/app/foundation.h"
#include "agent/app/identity_keeper.h"
#include "agent/app/session_run.h"
#include "agent/domain/back_off.h"
#include "agent/service/serial_display.h"
#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/process/process.h"

namespace preseal::agent {
namespace {

MachinePaths PathsOf(const Options& options) {
  MachinePaths paths;
  if (!options.dmi_directory.empty()) paths.dmi_directory = options.dmi_directory;
  if (!options.net_directory.empty()) paths.net_directory = options.net_directory;
  if (!options.event_log_file.empty()) paths.event_log_file = options.event_log_file;
  return paths;
}

StatusOr<std::unique_ptr<EngineKey>> LendDeviceKey(Foundation& base,
                                                   const DeviceIdentity& identity) {
  ASSIGN_OR_RETURN(auto key, base.tpm->LoadDeviceKey(identity.device_key_handle));
  return EngineKey::Register(base.tpm, std::move(key));
}

void ShowSealed(StatusDisplay& display) {
  display.ShowResult({.outcome = ResultCard::Outcome::kSealed,
                      .title = "Sealed",
                      .message = "The birth certificate is stored, the device is powering off.",
                      .remedy = "Pack it."});
}

// What a session's end means for the process; nothing: another identity is needed.
std::optional<AgentEnd> AgentEndOf(SessionEnd end) {
  switch (end) {
    case SessionEnd::kStopped:
      return AgentEnd::kStopped;
    case SessionEnd::kSealed:
      return AgentEnd::kSealed;
    case SessionEnd::kRestart:
      return AgentEnd::kRestart;
    case SessionEnd::kInService:
      return AgentEnd::kInService;
    case SessionEnd::kIdentityRefused:
    case SessionEnd::kDeskFailed:
      break;
  }
  return std::nullopt;
}

StatusOr<AgentEnd> RunIdentities(const Options& options, Foundation& base, IdentityKeeper& keeper,
                                 const Surroundings& around, std::stop_token stop) {
  std::unique_ptr<EngineKey> key;
  // A server that enrols us and then refuses what it issued must not be asked in a circle.
  BackOff pause(kReconnectFirst, kEnrollRetryLongest);
  auto obtained = keeper.Obtain(stop);
  while (true) {
    RETURN_IF_ERROR(obtained.status());
    using Kind = IdentityKeeper::Result::Kind;
    if (obtained->kind == Kind::kStopped) return AgentEnd::kStopped;
    if (obtained->kind == Kind::kRefused) return AgentEnd::kRefused;
    // Anew for each identity: enrolling again may have moved the key.
    key.reset();
    ASSIGN_OR_RETURN(key, LendDeviceKey(base, obtained->identity));
    ASSIGN_OR_RETURN(const SessionEnd end,
                     RunSession(options, base, obtained->identity, key->reference(), around, stop));
    if (end == SessionEnd::kSealed) ShowSealed(around.display);
    if (const auto agent_end = AgentEndOf(end)) return *agent_end;
    PauseUnlessStopped(pause.Next(0), stop);
    obtained = keeper.EnrollAnew(stop);
  }
}

StatusOr<AgentEnd> RunTechnicianFlow(const Options& options, Foundation& base,
                                     const Surroundings& around, std::stop_token stop) {
  EnrollmentClient enrollment({options.enrollment_endpoint, options.server_ca_file,
                               options.station_cert_file, options.station_key_file,
                               options.server_name});
  DmiMachine machine(PathsOf(options));
  const auto nothing = MakeDisplay(DisplayMode::kNone);
  IdentityKeeper keeper(
      {*base.tpm, enrollment, *base.identities, machine, around.display, *nothing}, options);
  auto end = RunIdentities(options, base, keeper, around, stop);
  // The red card must stay on the screen of a refused device until a person has seen it.
  if (end.ok() && *end == AgentEnd::kRefused && ::isatty(STDOUT_FILENO) == 1) {
    while (PauseUnlessStopped(std::chrono::hours(1), stop)) {
    }
  }
  return end;
}

// Only the bench can enrol: whatever is wrong with the identity is a person's to mend.
StatusOr<AgentEnd> RunUserFlow(const Options& options, Foundation& base, const Surroundings& around,
                               std::stop_token stop) {
  ASSIGN_OR_RETURN(auto identity, base.identities->Load());
  if (!identity)
    return FailedPrecondition("this device was not handed over to a user: no identity");
  ASSIGN_OR_RETURN(const auto key, LendDeviceKey(base, *identity));
  while (true) {
    ASSIGN_OR_RETURN(const SessionEnd end,
                     RunSession(options, base, *identity, key->reference(), around, stop));
    if (end == SessionEnd::kInService) {
      RETURN_IF_ERROR(files::WriteAtomic(options.state_directory + "/in-service",
                                         AsBytes(identity->device_id + "\n"), 0644));
    }
    if (const auto agent_end = AgentEndOf(end)) return *agent_end;
    around.display.ShowResult({.outcome = ResultCard::Outcome::kRefused,
                               .title = "This device is not known",
                               .message = "The server does not take this device's certificate.",
                               .remedy = "Give it back to whoever delivered it."});
    if (!PauseUnlessStopped(kBlockedRetry, stop)) return AgentEnd::kStopped;
  }
}

// Off the screen that the display owns, into a file, begun anew by every start.
void MoveLogOffScreen(const Options& options) {
  if (!IsFullScreen(options.display) || ::isatty(STDERR_FILENO) != 1) return;
  const std::string path = options.state_directory + "/agent.log";
  if (std::freopen(path.c_str(), "w", stderr) == nullptr) ::close(STDERR_FILENO);
}

// Null if nothing is typed here.
std::unique_ptr<Keyboard> OpenKeyboard(const Options& options, Screen& screen,
                                       PersonRelay& person) {
  const bool keys = IsFullScreen(options.display);
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (options.display == DisplayMode::kNone || !(terminal || options.input_lines)) return nullptr;
  auto keyboard = Keyboard::Open(STDIN_FILENO,
                                 keys && terminal ? Keyboard::Mode::kKeys : Keyboard::Mode::kLines,
                                 screen, person);
  if (keyboard.ok()) return *std::move(keyboard);
  // Everything can be done from the server too.
  log::Warning("no keyboard", {{"error", ToString(keyboard.status())}});
  return nullptr;
}

}  // namespace

StatusOr<Foundation> LayFoundation(const Options& options) {
  ASSIGN_OR_RETURN(auto target, steps::TargetRoot::Open(options.target_root));
  ASSIGN_OR_RETURN(auto tpm, Tpm::Open({.tcti = options.tcti}));
  ASSIGN_OR_RETURN(auto identities, IdentityFiles::Open(options.state_directory + "/identity"));
  ASSIGN_OR_RETURN(auto runs, spool::SpoolStore::Open(options.state_directory + "/runs"));
  ASSIGN_OR_RETURN(const Bytes ca, files::Read(options.server_ca_file, kPemBundleBytesMax));
  PreparedAnswers answers;
  if (!options.answers_file.empty()) {
    ASSIGN_OR_RETURN(answers, ReadAnswers(options.answers_file));
  }
  return Foundation{std::move(target), std::move(tpm),         std::move(identities),
                    std::move(runs),   ToString(ByteView(ca)), std::move(answers)};
}

StatusOr<AgentEnd> RunAgent(const Options& options, std::stop_token stop) {
  RETURN_IF_ERROR(files::MakeDirectories(options.state_directory, 0700));
  ASSIGN_OR_RETURN(const auto lock, spool::StateLock::Acquire(options.state_directory));
  MoveLogOffScreen(options);
  const auto screen = MakeDisplay(options.display);
  SerialDisplay display(*screen);
  PersonRelay person;
  const auto keyboard = OpenKeyboard(options, *screen, person);
  display.ShowActivity("Starting");
  // A killed predecessor's steps may still be at work; two at once would spoil each other.
  const Surroundings around{
      "PRESEAL_AGENT_STATE=" + std::filesystem::weakly_canonical(options.state_directory).string(),
      display, person};
  ASSIGN_OR_RETURN(const size_t killed, process::KillMarked(around.marker, kLeftoverKillWithin));
  if (killed > 0) log::Warning("ended what an earlier agent left running", {{"processes", killed}});
  ASSIGN_OR_RETURN(Foundation base, LayFoundation(options));
  return options.flow == Flow::kUser ? RunUserFlow(options, base, around, stop)
                                     : RunTechnicianFlow(options, base, around, stop);
}

}  // namespace preseal::agent
