// SPDX-License-Identifier: Apache-2.0
#include "agent/app/agent.h"

#include <unistd.h>

#include <filesystem>
#include <random>
#include <utility>

#include "agent/adapters/dmi/dmi_machine.h"
#include "agent/adapters/grpc/artifact_client.h"
#include "agent/adapters/grpc/enrollment_client.h"
#include "agent/adapters/grpc/run_codec.h"
#include "agent/adapters/grpc/session_client.h"
#include "agent/adapters/identity/identity_files.h"
#include "agent/adapters/spool/spool_store.h"
#include "agent/adapters/steps/executor.h"
#include "agent/adapters/tpm/engine.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/app/identity_keeper.h"
#include "agent/domain/back_off.h"
#include "agent/service/renewer.h"
#include "agent/service/serial_display.h"
#include "agent/service/session.h"
#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/process/process.h"

namespace preseal::agent {
namespace {

class TpmSealQuoter final : public SealQuoter {
 public:
  TpmSealQuoter(TpmPort& tpm, IdentityStore& store) : tpm_(tpm), store_(store) {}
  StatusOr<SignedStatement> QuoteForSeal(ByteView nonce, std::span<const PcrMask> pcrs) override {
    return TakeSealQuote(tpm_, store_, nonce, pcrs);
  }

 private:
  TpmPort& tpm_;
  IdentityStore& store_;
};

// Changes with every boot; empty where the kernel does not tell.
std::string BootId() {
  const auto text = files::Read("/proc/sys/kernel/random/boot_id", 100);
  return text.ok() ? ToString(ByteView(*text).first(std::min<size_t>(text->size(), 36))) : "";
}

MachinePaths PathsOf(const Options& options) {
  MachinePaths paths;
  if (!options.dmi_directory.empty()) paths.dmi_directory = options.dmi_directory;
  if (!options.net_directory.empty()) paths.net_directory = options.net_directory;
  if (!options.event_log_file.empty()) paths.event_log_file = options.event_log_file;
  return paths;
}

// What must not leave the bench with the device. The station's key only if it is a copy in our own
// state folder: on a medium that goes from device to device it has to stay.
steps::SealPaths SealPathsOf(const Options& options) {
  const std::string& state = options.state_directory;
  steps::SealPaths paths{state, {state + "/artifacts", state + "/scratch", state + "/station"}};
  const auto key = std::filesystem::weakly_canonical(options.station_key_file).string();
  const auto inside = std::filesystem::weakly_canonical(state).string() + "/";
  if (key.starts_with(inside)) paths.secrets.push_back(key);
  return paths;
}

// What lives as long as the process, in the order it is built.
struct Foundation {
  steps::TargetRoot target;
  std::shared_ptr<Tpm> tpm;
  std::unique_ptr<IdentityFiles> identities;
  std::unique_ptr<spool::SpoolStore> runs;
  std::string server_ca_pem;
};

StatusOr<Foundation> LayFoundation(const Options& options) {
  ASSIGN_OR_RETURN(auto target, steps::TargetRoot::Open(options.target_root));
  ASSIGN_OR_RETURN(auto tpm, Tpm::Open({.tcti = options.tcti}));
  ASSIGN_OR_RETURN(auto identities, IdentityFiles::Open(options.state_directory + "/identity"));
  ASSIGN_OR_RETURN(auto runs, spool::SpoolStore::Open(options.state_directory + "/runs"));
  ASSIGN_OR_RETURN(const Bytes ca, files::Read(options.server_ca_file, kPemBundleBytesMax));
  return Foundation{std::move(target), std::move(tpm), std::move(identities), std::move(runs),
                    ToString(ByteView(ca))};
}

// One identity's life: from its first connection until it is sealed, refused or stopped.
StatusOr<SessionEnd> RunSession(const Options& options, Foundation& base, DeviceIdentity& identity,
                                const std::string& key_reference, const std::string& marker,
                                StatusDisplay& display, std::stop_token stop) {
  const SystemClock clock;
  const RunCodec codec;
  ChangeSignal signal;
  DeviceChannel channel({options.device_endpoint, base.server_ca_pem, options.server_name,
                         identity.certificate_chain_pem, key_reference});
  ArtifactClient artifacts(channel, options.state_directory + "/artifacts");
  ASSIGN_OR_RETURN(const auto executor,
                   steps::MakeStepExecutor(base.target, artifacts,
                                           {options.state_directory + "/scratch", marker}));
  const auto seal_target = steps::MakeSealTarget(base.target, SealPathsOf(options));
  TpmSealQuoter quoter(*base.tpm, *base.identities);
  ASSIGN_OR_RETURN(const auto desk, RunDesk::Open({*base.runs, codec, *executor, quoter,
                                                   *seal_target, display, clock, signal},
                                                  {identity.device_id, PRESEAL_VERSION, BootId()}));
  SessionClient dialer(channel);
  std::mt19937_64 random(std::random_device{}());
  const auto chance = [&random] { return std::uniform_real_distribution<>(0, 1)(random); };
  Renewer renewer(*base.tpm, *base.identities, identity,
                  [&channel](const std::string& chain_pem) { channel.UseChain(chain_pem); });
  Session session({dialer, *desk, display, clock, signal, chance, &renewer});
  const SessionEnd end = session.Run(stop);
  if (end == SessionEnd::kDeskFailed) return desk->failure();
  return end;
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

StatusOr<AgentEnd> RunIdentities(const Options& options, Foundation& base, IdentityKeeper& keeper,
                                 const std::string& marker, StatusDisplay& display,
                                 std::stop_token stop) {
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
    ASSIGN_OR_RETURN(const SessionEnd end, RunSession(options, base, obtained->identity,
                                                      key->reference(), marker, display, stop));
    if (end == SessionEnd::kStopped) return AgentEnd::kStopped;
    if (end == SessionEnd::kSealed) {
      ShowSealed(display);
      return AgentEnd::kSealed;
    }
    PauseUnlessStopped(pause.Next(0), stop);
    obtained = keeper.EnrollAnew(stop);
  }
}

// Off the screen that the display owns, into a file, begun anew by every start.
void MoveLogOffScreen(const Options& options) {
  const bool full_screen = options.display == DisplayMode::kTty ||
                           (options.display == DisplayMode::kAuto && ::isatty(STDOUT_FILENO) == 1);
  if (!full_screen || ::isatty(STDERR_FILENO) != 1) return;
  const std::string path = options.state_directory + "/agent.log";
  if (std::freopen(path.c_str(), "w", stderr) == nullptr) ::close(STDERR_FILENO);
}

}  // namespace

StatusOr<AgentEnd> RunAgent(const Options& options, std::stop_token stop) {
  RETURN_IF_ERROR(files::MakeDirectories(options.state_directory, 0700));
  ASSIGN_OR_RETURN(const auto lock, spool::StateLock::Acquire(options.state_directory));
  MoveLogOffScreen(options);
  const auto screen = MakeDisplay(options.display);
  const auto nothing = MakeDisplay(DisplayMode::kNone);
  SerialDisplay display(*screen);
  display.ShowActivity("Starting");
  // A killed predecessor's steps may still be at work; two at once would spoil each other.
  const std::string marker =
      "PRESEAL_AGENT_STATE=" + std::filesystem::weakly_canonical(options.state_directory).string();
  ASSIGN_OR_RETURN(const size_t killed, process::KillMarked(marker, kLeftoverKillWithin));
  if (killed > 0) log::Warning("ended what an earlier agent left running", {{"processes", killed}});
  ASSIGN_OR_RETURN(Foundation base, LayFoundation(options));
  EnrollmentClient enrollment({options.enrollment_endpoint, options.server_ca_file,
                               options.station_cert_file, options.station_key_file,
                               options.server_name});
  DmiMachine machine(PathsOf(options));
  IdentityKeeper keeper({*base.tpm, enrollment, *base.identities, machine, display, *nothing},
                        options);
  auto end = RunIdentities(options, base, keeper, marker, display, stop);
  // The red card must stay on the screen of a refused device until a person has seen it.
  if (end.ok() && *end == AgentEnd::kRefused && ::isatty(STDOUT_FILENO) == 1) {
    while (PauseUnlessStopped(std::chrono::hours(1), stop)) {
    }
  }
  return end;
}

}  // namespace preseal::agent
