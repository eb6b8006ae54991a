// SPDX-License-Identifier: Apache-2.0
#include "agent/app/session_run.h"

#include <filesystem>
#include <random>
#include <utility>

#include "agent/adapters/diagnostics/bundle_files.h"
#include "agent/adapters/grpc/artifact_client.h"
#include "agent/adapters/grpc/diagnostics_client.h"
#include "agent/adapters/grpc/join_client.h"
#include "agent/adapters/grpc/run_codec.h"
#include "agent/adapters/grpc/session_client.h"
#include "agent/adapters/steps/executor.h"
#include "agent/adapters/steps/hand_over.h"
#include "agent/adapters/steps/out_of_box_files.h"
#include "agent/app/agent.h"
#include "agent/service/diagnostics/diagnostics_keeper.h"
#include "agent/service/diagnostics/failure_watch.h"
#include "agent/service/enrollment/enroll.h"
#include "agent/service/enrollment/renewer.h"
#include "agent/service/person/person_desk.h"
#include "agent/service/person/user_flow_end.h"
#include "agent/service/person/user_setup.h"
#include "agent/service/run/token_keeper.h"
#include "common/base/guarded.h"
#include "common/crypto/random.h"
#include "common/files/files.h"
#include "common/log/log.h"

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
std::string BootId(const std::string& file) {
  const auto text = files::Read(file, 100);
  if (!text.ok()) return "";
  std::string id = ToString(ByteView(*text));
  return id.substr(0, id.find_first_of("\r\n"));
}

// What must not leave the bench with the device. The station's key only if it is a copy in our own
// state folder: on a medium that goes from device to device it has to stay.
steps::SealPaths SealPathsOf(const Options& options) {
  const std::string& state = options.state_directory;
  steps::SealPaths paths{
      state,
      {state + "/artifacts", state + "/scratch", state + "/station", state + "/diagnostics"}};
  const auto key = std::filesystem::weakly_canonical(options.station_key_file).string();
  const auto inside = std::filesystem::weakly_canonical(state).string() + "/";
  if (key.starts_with(inside)) paths.secrets.push_back(key);
  return paths;
}

std::unique_ptr<SealTarget> SealTargetOf(const Options& options, Foundation& base) {
  if (options.flow == Flow::kUser || options.target_agent == "") {
    return steps::MakeSealTarget(base.target, SealPathsOf(options));
  }
  steps::HandOver hand_over{options.state_directory + "/identity", base.server_ca_pem,
                            options.device_endpoint, options.server_name, options.tcti};
  if (options.target_agent) {
    hand_over.agent_program = *options.target_agent;
  } else {
    hand_over.only_if_there = true;
  }
  return steps::MakeSealTarget(base.target, SealPathsOf(options), std::move(hand_over));
}

std::string NewRequestId() {
  const auto bytes = crypto::RandomBytes(16);
  if (bytes.ok()) return ToHex(*bytes);
  std::random_device device;  // no secret: it need only be new
  return std::to_string(device()) + "-" + std::to_string(device());
}

std::string NewestRun(const RunStore& runs) {
  const auto logs = runs.Runs();
  return logs.empty() ? "" : logs.back()->header().run_id.text();
}

// Everything of one session that both flows have, in the order it is built.
struct Floor {
  const SystemClock clock;
  const RunCodec codec;
  ChangeSignal signal;
  Guarded<std::string> username;
  TokenKeeper tokens{clock, signal};
  std::unique_ptr<UserSetup> setup;  // of the user flow
};

PersonDeskPorts PersonPorts(Floor& floor, RunDesk& desk, const Foundation& base,
                            const Surroundings& around) {
  return {around.display,
          floor.signal,
          [&desk] { return desk.OpenPrompts(); },
          [&desk](const std::string& item_id, const std::string& answer) {
            return desk.AnswerPrompt(item_id, answer);
          },
          NewRequestId,
          [&floor](const std::string& id, const std::string& answer) {
            if (floor.setup) floor.setup->Answered(id, answer);
          },
          base.answers};
}

UserSetupPorts SetupPorts(Floor& floor, OutOfBoxTarget& target, PersonDesk& person,
                          const Surroundings& around) {
  return {target,
          around.display,
          floor.signal,
          [&person](const std::optional<Question>& question) { person.Ask(question); },
          NewRequestId,
          [&around](const std::string& language) { around.display.SetLanguage(language); },
          [&floor](const std::string& username) { *floor.username.Lock() = username; }};
}

// Until it ends for a reason that no refused restart undoes.
StatusOr<SessionEnd> RunToEnd(Session& session, RunDesk& desk, const Options& options,
                              StatusDisplay& display, std::stop_token stop) {
  while (true) {
    const SessionEnd end = session.Run(stop);
    if (end == SessionEnd::kDeskFailed) return desk.failure();
    if (end != SessionEnd::kRestart) return end;
    display.ShowActivity("Restarting");
    const Status asked = AskForRestart(options.restart, stop);
    if (asked.ok()) return end;
    log::Error("cannot restart the device", {{"error", ToString(asked)}});
    desk.RestartRefused(MessageOf(asked));
  }
}

}  // namespace

StatusOr<SessionEnd> RunSession(const Options& options, Foundation& base, DeviceIdentity& identity,
                                const std::string& key_reference, const Surroundings& around,
                                std::stop_token stop) {
  Floor floor;
  DeviceChannel channel({options.device_endpoint, base.server_ca_pem, options.server_name,
                         identity.certificate_chain_pem, key_reference});
  ArtifactClient artifacts(channel, options.state_directory + "/artifacts");
  JoinClient joins(channel, *base.runs, identity.device_id);
  ASSIGN_OR_RETURN(
      const auto executor,
      steps::MakeStepExecutor(base.target, artifacts,
                              {options.state_directory + "/scratch", around.marker,
                               [&floor] { return std::string(*floor.username.Lock()); }, &joins,
                               "net", options.metered}));
  BundleFiles bundles(*base.runs, {options.target_root, options.collected_logs});
  DiagnosticsClient uploads(channel);
  DiagnosticsKeeper diagnostics(bundles, uploads, options.state_directory + "/diagnostics",
                                [&base] { return NewestRun(*base.runs); });
  const auto seal_target = SealTargetOf(options, base);
  TpmSealQuoter quoter(*base.tpm, *base.identities);
  ASSIGN_OR_RETURN(
      const auto desk,
      RunDesk::Open({*base.runs, floor.codec, *executor, quoter, *seal_target, around.display,
                     floor.clock, floor.signal, &floor.tokens, &diagnostics},
                    {identity.device_id, PRESEAL_VERSION, BootId(options.boot_id_file)}));
  PersonDesk person(PersonPorts(floor, *desk, base, around));
  steps::OutOfBoxFiles pages(base.target, options.state_directory + "/setup.json");
  FailureWatch failures(diagnostics,
                        [&desk, &floor] { return FailedRun(desk->Logs(), floor.codec); });
  std::vector<SessionGuest*> guests = {&floor.tokens, &person, &failures};
  if (options.flow == Flow::kUser) {
    ASSIGN_OR_RETURN(floor.setup,
                     UserSetup::Open(SetupPorts(floor, pages, person, around), base.answers));
    guests.push_back(floor.setup.get());
  }
  SessionClient dialer(channel);
  std::mt19937_64 random(std::random_device{}());
  const auto chance = [&random] { return std::uniform_real_distribution<>(0, 1)(random); };
  Renewer renewer(*base.tpm, *base.identities, identity,
                  [&channel](const std::string& chain_pem) { channel.UseChain(chain_pem); });
  const auto in_service = [&options, &desk, &floor] {
    return options.flow == Flow::kUser && UserFlowDone(*desk, floor.codec);
  };
  Session session({dialer, *desk, around.display, floor.clock, floor.signal, chance, &renewer,
                   std::move(guests), in_service},
                  {}, options.flow);
  const PersonRelay::Connection connected(around.person, person);
  return RunToEnd(session, *desk, options, around.display, stop);
}

}  // namespace preseal::agent
