// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/seal_office.h"

#include <fmt/format.h>

#include <utility>

#include "common/base/limits.h"
#include "common/base/secret.h"
#include "common/crypto/digest.h"
#include "common/log/log.h"
#include "server/domain/attestation/renewal.h"
#include "server/service/flow/birth_certificate.h"

namespace preseal::server {
namespace {

constexpr std::string_view kTampered = "TAMPERED";

// The reseal that waits for this answer, if `id` is one and belongs to `device`.
StatusOr<std::optional<Command>> OpenReseal(Tx& tx, const CommandId& id, const DeviceId& device) {
  auto found = tx.commands.GetCommand(id);
  if (found.status().code() == StatusCode::kNotFound) return std::optional<Command>();
  RETURN_IF_ERROR(found.status());
  const bool waits =
      found->kind == CommandKind::kReseal && found->device_id == device && IsOpen(found->state);
  return waits ? std::optional(*std::move(found)) : std::nullopt;
}

}  // namespace

Status SealOffice::OnQuoted(Tx& tx, const SealQuoted& quoted, const Run& run, Device* device) {
  ASSIGN_OR_RETURN(auto command, OpenReseal(tx, quoted.command_id, device->id));
  if (!command || command->seal_step != SealStep::kQuoting) {
    log::Warning("second quote nobody asked for", {{"device", device->id.text()}});
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const auto record, tx.evidence.LatestAccepted(device->id));
  ASSIGN_OR_RETURN(const auto decoded, decoder_.Decode(record.evidence));
  // The comparison rests on what anyone can re-verify, not on a copy.
  ASSIGN_OR_RETURN(const auto enrolled, EnrolledStateOf(decoded.evidence));
  const SealQuoteVerdict verdict = VerifySealQuote(enrolled, decoded.evidence.ak_public,
                                                   quoted.attest, quoted.signature, command->nonce);
  if (IsSignOfChange(verdict.code)) return Block(tx, *std::move(command), verdict, device);
  if (!verdict.accepted()) return AskAgain(tx, *std::move(command), verdict, device);
  return Grant(tx, *std::move(command), run, quoted, record, enrolled.ak_name, device);
}

Status SealOffice::Grant(Tx& tx, Command command, const Run& run, const SealQuoted& quoted,
                         const AttestationRecord& record, ByteView ak_name, Device* device) {
  ASSIGN_OR_RETURN(const auto items, tx.runs.Items(device->id, run.run_id.attempt()));
  const WallTime now = clock_.Now();
  const std::string payload = BirthCertificateJson({.issuer = issuer_,
                                                    .issue_time = now,
                                                    .device = *device,
                                                    .run = run,
                                                    .items = items,
                                                    .command = command,
                                                    .attestation = record,
                                                    .ak_name = ak_name,
                                                    .seal_quote_attest = quoted.attest});
  ASSIGN_OR_RETURN(const std::string jws, signer_.Sign(payload));
  RETURN_IF_ERROR(tx.evidence.PutBirthCertificate(device->id, jws, now));
  command.seal_step = SealStep::kGranted;
  command.update_time = now;
  return tx.commands.UpdateCommand(command);
}

Status SealOffice::Block(Tx& tx, Command command, const SealQuoteVerdict& verdict, Device* device) {
  const WallTime now = clock_.Now();
  log::Error("seal refused: the device changed since it enrolled",
             {{"device", device->id.text()},
              {"code", NameOf(verdict.code)},
              {"seen", verdict.seen},
              {"expected", verdict.expected}});
  RETURN_IF_ERROR(Advance(LifecycleEvent::kSealTampered, now, device));
  device->failure = {.code = std::string(kTampered),
                     .message = std::string(SentenceOf(verdict.code)),
                     .remedy =
                         "Set the device aside and ask the line lead: it did not boot what it "
                         "booted when it enrolled.",
                     .seen = fmt::format("{} {}", NameOf(verdict.code), verdict.seen),
                     .expected = verdict.expected};
  command.state = CommandState::kFailed;
  command.code = std::string(NameOf(verdict.code));
  command.message = std::string(SentenceOf(verdict.code));
  command.update_time = now;
  RETURN_IF_ERROR(tx.audit.Record({.time = now,
                                   .actor = "server",
                                   .action = "device.block",
                                   .subject = "devices/" + device->id.text(),
                                   .detail = command.code}));
  return tx.commands.UpdateCommand(command);
}

Status SealOffice::AskAgain(Tx& tx, Command command, const SealQuoteVerdict& verdict,
                            Device* device) {
  const WallTime now = clock_.Now();
  log::Warning("seal refused for now",
               {{"device", device->id.text()}, {"code", NameOf(verdict.code)}});
  RETURN_IF_ERROR(Advance(LifecycleEvent::kSealRefusedByDevice, now, device));
  command.state = CommandState::kFailed;
  command.code = std::string(NameOf(verdict.code));
  command.message = fmt::format(
      "{} So it is for a while after a power cut: leave the device on and reseal it later.",
      SentenceOf(verdict.code));
  command.update_time = now;
  return tx.commands.UpdateCommand(command);
}

Status SealOffice::OnArmed(Tx& tx, const SealArmed& armed, Device* device) {
  ASSIGN_OR_RETURN(auto command, OpenReseal(tx, armed.command_id, device->id));
  if (!command || command->seal_step != SealStep::kGranted) return OkStatus();
  ASSIGN_OR_RETURN(const std::string jws, tx.evidence.BirthCertificate(device->id));
  if (!ConstantTimeEqual(crypto::Sha256(AsBytes(jws)), armed.birth_certificate_sha256)) {
    log::Error("device armed with another birth certificate", {{"device", device->id.text()}});
    return OkStatus();  // stays granted: the certificate is sent again after the next Hello
  }
  command->seal_step = SealStep::kArmed;
  command->state = CommandState::kDone;
  command->update_time = clock_.Now();
  return tx.commands.UpdateCommand(*command);
}

Status SealOffice::ConfirmIfArmed(Tx& tx, Device* device) {
  if (device->state != DeviceState::kSealing) return OkStatus();
  ASSIGN_OR_RETURN(const auto commands, tx.commands.OpenCommands(device->id));
  for (Command command : commands) {
    if (command.seal_step != SealStep::kArmed) continue;
    const WallTime now = clock_.Now();
    RETURN_IF_ERROR(Advance(LifecycleEvent::kSealConfirmed, now, device));
    device->seal_time = now;
    device->seal_unconfirmed = false;
    ++device->deployments;
    if (command.run_id) {
      // What was sealed, to be held against what is assigned later.
      ASSIGN_OR_RETURN(const Run run, tx.runs.GetRun(*command.run_id));
      device->sealed_plan_digest = run.profile_digest;
    }
    command.state = CommandState::kVerified;
    command.update_time = now;
    RETURN_IF_ERROR(tx.commands.UpdateCommand(command));
    RETURN_IF_ERROR(tx.audit.Record({.time = now,
                                     .actor = command.actor,
                                     .action = "device.sealed",
                                     .subject = "devices/" + device->id.text(),
                                     .detail = command.command_id.text()}));
    log::Info("device sealed", {{"device", device->id.text()}});
    return tx.devices.Put(device);
  }
  return OkStatus();
}

Status SealOffice::Settle(Tx& tx, const DeviceId& id) {
  ASSIGN_OR_RETURN(Device device, tx.devices.Get(id));
  if (device.state != DeviceState::kSealing) return OkStatus();
  ASSIGN_OR_RETURN(const auto commands, tx.commands.OpenCommands(id));
  const WallTime now = clock_.Now();
  for (const Command& command : commands) {
    if (command.seal_step != SealStep::kArmed) continue;
    const bool gone = device.contact != ContactState::kConnected && device.contact_time &&
                      now - *device.contact_time >= kSilenceAfter;
    if (gone) return ConfirmIfArmed(tx, &device);
    if (device.seal_unconfirmed || now - command.update_time < kSealConfirmWithin) continue;
    log::Warning("seal unconfirmed: the device did not power off", {{"device", id.text()}});
    device.seal_unconfirmed = true;
    return tx.devices.Put(&device);
  }
  return OkStatus();
}

void SealOffice::Tick() {
  std::vector<Device> sealing;
  const Status read = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(
        sealing, tx.devices.List({.states = {DeviceState::kSealing}}, std::nullopt, kPageSizeMax));
    return OkStatus();
  });
  if (!read.ok()) return log::Error("cannot look for seals", {{"error", ToString(read)}});
  for (const Device& device : sealing) {
    store_.Write(
        [this, id = device.id](Tx& tx) { return Settle(tx, id); },
        [id = device.id](const Status& status) {
          if (status.ok()) return;
          log::Error("cannot settle a seal", {{"device", id.text()}, {"error", ToString(status)}});
        });
  }
}

}  // namespace preseal::server
