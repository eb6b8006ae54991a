// SPDX-License-Identifier: Apache-2.0
#include "server/service/device_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <variant>

#include "common/base/limits.h"
#include "common/base/secret.h"
#include "common/log/log.h"
#include "server/domain/sign_in/sign_in_rules.h"
#include "server/service/enrollment/preparation.h"
#include "server/service/flow/run_progress.h"
#include "server/service/identity/certificate_book.h"

namespace preseal::server {
namespace {

// A device that says nothing is worth a look.
bool SilenceMatters(DeviceState state) {
  switch (state) {
    case DeviceState::kPresent:
    case DeviceState::kEnrolled:
    case DeviceState::kProvisioning:
    case DeviceState::kReadyToSeal:
    case DeviceState::kSealing:
    case DeviceState::kFailed:
    case DeviceState::kUserSetup:
      return true;
    case DeviceState::kRegistered:
    case DeviceState::kSealed:
    case DeviceState::kInService:
    case DeviceState::kBlocked:
    case DeviceState::kRetired:
      return false;
  }
  return false;
}

std::vector<DeviceState> WatchedStates() {
  std::vector<DeviceState> states;
  std::copy_if(kAllDeviceStates.begin(), kAllDeviceStates.end(), std::back_inserter(states),
               SilenceMatters);
  return states;
}

// Output is most of what devices send and changes the journal alone: no item to load, no record to
// write, no watcher to wake.
bool MovesTheDevice(const Event& event) { return !std::holds_alternative<LogLine>(event.body); }

// A device that announced a restart is restarting, not silent, until it should be back.
bool IsRestarting(const Device& device, WallTime now) {
  const auto& wait = device.wait;
  return wait && wait->kind == Wait::Kind::kReboot && wait->start_time + wait->limit > now;
}

// What a run waits for while its device is silent, with the end that then comes: RUN_TIMEOUT.
Status NoteSilence(Tx& tx, WallTime now, Device* device) {
  const bool at_work =
      device->state == DeviceState::kProvisioning || device->state == DeviceState::kUserSetup;
  if (!at_work || device->held || device->attempt == 0) return OkStatus();
  ASSIGN_OR_RETURN(Run run, tx.runs.GetRun(RunId::Of(device->id, device->attempt)));
  if (run.outcome != RunOutcome::kRunning) return OkStatus();
  const auto end = run.start_time + run.limit + kRunOverdueGrace;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - now);
  run.wait = Wait{.kind = Wait::Kind::kDevice,
                  .owner = "the device",
                  .start_time = now,
                  .limit = run.limit.count() == 0 ? std::chrono::milliseconds(0)
                                                  : std::max(left, std::chrono::milliseconds(0))};
  device->wait = run.wait;
  return tx.runs.UpdateRun(run);
}

Status NoteHeard(Tx& tx, WallTime now, Device* device) {
  if (!device->wait || device->wait->kind != Wait::Kind::kDevice) return OkStatus();
  ASSIGN_OR_RETURN(Run run, tx.runs.GetRun(RunId::Of(device->id, device->attempt)));
  EndRunWait(Wait::Kind::kDevice, now, &run);
  ASSIGN_OR_RETURN(const auto items, tx.runs.Items(device->id, device->attempt));
  device->wait = run.wait ? run.wait : MostVisibleWait(items);
  return tx.runs.UpdateRun(run);
}

// Of `device`, only the present certificate may change; the caller writes it.
Status CheckMayConnect(Tx& tx, const HelloFacts& hello, Device* record) {
  const Device& device = *record;
  if (device.state == DeviceState::kBlocked) {
    return PermissionDenied(
        fmt::format("{} is blocked: {}", device.id.text(),
                    device.failure.message.empty() ? "ask the line lead" : device.failure.message));
  }
  if (device.state == DeviceState::kRetired) {
    return PermissionDenied(fmt::format("{} is retired", device.id.text()));
  }
  // Only the newest certificate counts: an older one may belong to a TPM that was cleared. A
  // renewed one takes its place when the device comes with it.
  if (ConstantTimeEqual(device.certificate_sha256, hello.certificate_sha256)) return OkStatus();
  ASSIGN_OR_RETURN(const bool renewed, AdoptRenewed(tx, hello.certificate_sha256, record));
  if (renewed) return OkStatus();
  return Unauthenticated(
      fmt::format("{} presented a superseded certificate: enrol again", device.id.text()));
}

}  // namespace

DeviceSessions::DeviceSessions(Store& store, const Clock& clock, LiveDevices& live,
                               RevocationMap& revocations, TechnicianFlow& flow,
                               Dispatcher& dispatcher, LandingDesk& landing, SealOffice& seals,
                               RenewalOffice& renewals, RequestDesks desks,
                               SessionSettings settings)
    : store_(store),
      clock_(clock),
      live_(live),
      revocations_(revocations),
      flow_(flow),
      dispatcher_(dispatcher),
      landing_(landing),
      seals_(seals),
      renewals_(renewals),
      desks_(desks),
      settings_(settings) {}

StatusOr<WelcomeFacts> DeviceSessions::Hello(const HelloFacts& hello) {
  WelcomeFacts welcome;
  bool newly_enrolled = false;
  RevokedDigests superseded;
  RETURN_IF_ERROR(store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(hello.device_id));
    RETURN_IF_ERROR(CheckMayConnect(tx, hello, &device));
    if (hello.flow == Flow::kUser) RETURN_IF_ERROR(CheckUserHalf(tx, &device));
    const WallTime now = clock_.Now();
    ASSIGN_OR_RETURN(superseded, ConfirmCertificate(tx, device.id, hello.certificate_sha256, now));
    if (!device.enrolled) {
      RETURN_IF_ERROR(Advance(LifecycleEvent::kConfirmed, now, &device));
      device.enrolled = true;
      newly_enrolled = true;
      RETURN_IF_ERROR(MarkPreparation(tx, PreparationItem::kManagement, ItemState::kSucceeded, {},
                                      now, &device));
    }
    device.contact = ContactState::kConnected;
    device.contact_time = now;
    RETURN_IF_ERROR(NoteHeard(tx, now, &device));
    if (settings_.auto_start && device.state == DeviceState::kEnrolled) {
      RETURN_IF_ERROR(StartIfAllowed(tx, &device));
    }
    RETURN_IF_ERROR(tx.devices.Put(&device));
    ASSIGN_OR_RETURN(welcome.landing, landing_.Of(tx, device));
    if (hello.run_id && hello.run_id->device() == device.id) {
      const auto run = tx.runs.GetRun(*hello.run_id);
      if (run.ok()) welcome.acked_sequence = run->event_count;
    }
    return OkStatus();
  }));
  for (const Bytes& digest : superseded) revocations_.Add(digest);
  if (newly_enrolled) {
    log::Info("device enrolled", {{"device", hello.device_id.text()},
                                  {"serial", welcome.landing.serial_number},
                                  {"lab", welcome.landing.lab}});
  }
  return welcome;
}

// A device that armed its seal and comes back from what was sealed has powered off in between,
// whether or not that was heard.
Status DeviceSessions::CheckUserHalf(Tx& tx, Device* device) {
  RETURN_IF_ERROR(seals_.ConfirmIfArmed(tx, device));
  if (MayBeInUserFlow(*device)) return OkStatus();
  return FailedPrecondition(
      fmt::format("{} is {}: the user flow begins once it is sealed; provision it from the imaging "
                  "medium",
                  device->id.text(), NameOf(device->state)));
}

// A profile that does not let it start keeps nobody off the line: the card says why.
Status DeviceSessions::StartIfAllowed(Tx& tx, Device* device) {
  Device started = *device;
  const Status status = flow_.StartIn(tx, "auto-start", &started).status();
  if (status.ok()) *device = std::move(started);
  if (status.code() != StatusCode::kFailedPrecondition) return status;
  log::Warning("not started by itself",
               {{"device", device->id.text()}, {"why", MessageOf(status)}});
  return OkStatus();
}

Status DeviceSessions::Begin(const DeviceId& device, ByteView certificate_sha256,
                             std::shared_ptr<DeviceLink> link) {
  ASSIGN_OR_RETURN(const auto replaced, live_.Attach(device, link));
  if (replaced != nullptr) replaced->End(Aborted("replaced by a newer stream of this device"));
  // Revoked between Hello and here; whoever revokes from now on finds the link.
  RETURN_IF_ERROR(revocations_.Check(certificate_sha256));
  RETURN_IF_ERROR(renewals_.Watch(device, certificate_sha256, std::move(link)));
  dispatcher_.Dispatch(device);
  return OkStatus();
}

void DeviceSessions::Receive(const DeviceId& device, const RunId& run, std::vector<Event> events,
                             std::shared_ptr<DeviceLink> link) {
  if (live_.Heard(device)) WriteContact(device, ContactState::kConnected);
  auto outcome = std::make_shared<Outcome>();
  store_.Write(
      [this, device, run, events = std::move(events), outcome](Tx& tx) {
        *outcome = {};
        return StoreEvents(tx, device, run, events, outcome.get());
      },
      [this, device, run, outcome, link](const Status& status) {
        if (!status.ok()) {
          log::Warning("events refused", {{"device", device.text()}, {"error", ToString(status)}});
          link->End(status);
          return;
        }
        link->Ack(run, outcome->acked);
        if (outcome->blocked)
          link->End(PermissionDenied("the device is blocked: ask the line lead"));
        if (outcome->dispatch) dispatcher_.Dispatch(device);
        if (outcome->moved) landing_.Push(device);
      });
}

Status DeviceSessions::StoreEvents(Tx& tx, const DeviceId& device_id, const RunId& run_id,
                                   const std::vector<Event>& events, Outcome* outcome) {
  if (run_id.device() != device_id) {
    return PermissionDenied(fmt::format("run {} belongs to another device", run_id.text()));
  }
  auto found = tx.runs.GetRun(run_id);
  if (found.status().code() == StatusCode::kNotFound) {
    return Aborted(fmt::format("run {} is not known here", run_id.text()));
  }
  RETURN_IF_ERROR(found.status());
  Run run = std::move(*found);
  const WallTime now = clock_.Now();
  ASSIGN_OR_RETURN(const size_t first_new, StoreNewEvents(tx, events, now, &run));
  outcome->acked = run.event_count;
  if (first_new == events.size()) return OkStatus();

  ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_id));
  const DeviceState before = device.state;
  const auto fresh = std::span(events).subspan(first_new);
  const bool present_run = run_id.attempt() == device.attempt;
  if (present_run && std::any_of(fresh.begin(), fresh.end(), MovesTheDevice)) {
    ASSIGN_OR_RETURN(RunProgress progress, RunProgress::Load(tx, run));
    for (const Event& event : fresh) {
      RETURN_IF_ERROR(progress.Apply(tx, event, now, &device, &run));
      if (const auto* quoted = std::get_if<SealQuoted>(&event.body)) {
        RETURN_IF_ERROR(seals_.OnQuoted(tx, *quoted, run, &device));
        outcome->dispatch = true;
      } else if (const auto* armed = std::get_if<SealArmed>(&event.body)) {
        RETURN_IF_ERROR(seals_.OnArmed(tx, *armed, &device));
      }
    }
    RETURN_IF_ERROR(progress.Finish(tx, now, &device, &run));
    RETURN_IF_ERROR(tx.devices.Put(&device));
  }
  outcome->moved = device.state != before;
  outcome->blocked = device.state == DeviceState::kBlocked;
  return tx.runs.UpdateRun(run);
}

void DeviceSessions::Heartbeat(const DeviceId& device) {
  if (live_.Heard(device)) WriteContact(device, ContactState::kConnected);
}

void DeviceSessions::AskToken(const DeviceId& device, std::string_view token,
                              std::string_view item_id) {
  Heartbeat(device);
  if (desks_.tokens != nullptr) desks_.tokens->Ask(device, token, item_id);
}

void DeviceSessions::ReleaseToken(const DeviceId& device, std::string_view token,
                                  std::string_view item_id) {
  Heartbeat(device);
  if (desks_.tokens != nullptr) desks_.tokens->Release(device, token, item_id);
}

void DeviceSessions::Act(const DeviceId& device, std::string_view request_id, DeviceAction action,
                         DeviceLink* link) {
  if (desks_.actions == nullptr) {
    link->Tell(ActionAnswer{.request_id = std::string(request_id),
                            .message = "This server takes no actions from devices."});
    return;
  }
  link->Tell(desks_.actions->Act(device, request_id, action));
}

void DeviceSessions::SignIn(const DeviceId& device, const SignInAsk& ask, DeviceLink* link) {
  if (desks_.sign_in == nullptr) {
    link->Tell(SignInAnswer{.request_id = ask.request_id,
                            .message = "This server does not take sign-ins."});
    return;
  }
  desks_.sign_in->SignIn(device, ask);
}

void DeviceSessions::Renew(const DeviceId& device, const RenewalStatement& statement,
                           DeviceLink* link) {
  const Status done = renewals_.OnStatement(device, statement, link);
  if (done.ok()) return;
  log::Warning("renewal came to nothing", {{"device", device.text()}, {"error", ToString(done)}});
}

void DeviceSessions::Ended(const DeviceId& device, const DeviceLink* link, bool goodbye) {
  renewals_.Forget(device, link);
  if (!live_.Detach(device, link)) return;
  if (desks_.tokens != nullptr) desks_.tokens->Gone(device);
  store_.Write(
      [this, device, goodbye](Tx& tx) -> Status {
        RETURN_IF_ERROR(SetContact(tx, device, ContactState::kDisconnected));
        if (!goodbye) return OkStatus();
        ASSIGN_OR_RETURN(Device record, tx.devices.Get(device));
        return seals_.ConfirmIfArmed(tx, &record);
      },
      [device](const Status& status) {
        if (status.ok()) return;
        log::Error("cannot note the end of a stream",
                   {{"device", device.text()}, {"error", ToString(status)}});
      });
}

Status DeviceSessions::SetContact(Tx& tx, const DeviceId& id, ContactState contact) {
  ASSIGN_OR_RETURN(Device device, tx.devices.Get(id));
  const WallTime now = clock_.Now();
  if (contact == ContactState::kSilent &&
      (!SilenceMatters(device.state) || IsRestarting(device, now))) {
    return OkStatus();
  }
  if (contact != ContactState::kSilent) {
    device.contact_time = now;
  } else if (device.contact == ContactState::kConnected) {
    // Signs of life on an open stream are not written one by one; the last was this long ago.
    device.contact_time = now - kSilenceAfter;
  }
  device.contact = contact;
  if (contact == ContactState::kSilent) RETURN_IF_ERROR(NoteSilence(tx, now, &device));
  if (contact == ContactState::kConnected) RETURN_IF_ERROR(NoteHeard(tx, now, &device));
  return tx.devices.Put(&device);
}

void DeviceSessions::WriteContact(const DeviceId& id, ContactState contact) {
  store_.Write([this, id, contact](Tx& tx) { return SetContact(tx, id, contact); },
               [id](const Status& status) {
                 if (status.ok()) return;
                 log::Error("cannot note a contact change",
                            {{"device", id.text()}, {"error", ToString(status)}});
               });
}

Status DeviceSessions::ForgetConnections() {
  return store_.WriteAndWait([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const auto connected, tx.devices.WithContact(ContactState::kConnected, {}));
    for (const Device& device : connected) {
      RETURN_IF_ERROR(SetContact(tx, device.id, ContactState::kDisconnected));
    }
    return OkStatus();
  });
}

void DeviceSessions::Tick() {
  for (const DeviceId& device : live_.NewlySilent(kSilenceAfter)) {
    log::Warning("device is silent", {{"device", device.text()}});
    WriteContact(device, ContactState::kSilent);
  }
  std::vector<Device> gone;
  const Status read = store_.Read([&](Tx& tx) -> Status {
    // A floor has thousands that are sealed and switched off.
    ASSIGN_OR_RETURN(gone, tx.devices.WithContact(ContactState::kDisconnected, WatchedStates()));
    return OkStatus();
  });
  if (!read.ok()) {
    log::Error("cannot look for silent devices", {{"error", ToString(read)}});
    return;
  }
  const WallTime limit = clock_.Now() - kSilenceAfter;
  for (const Device& device : gone) {
    if (!device.contact_time || *device.contact_time > limit ||
        IsRestarting(device, clock_.Now())) {
      continue;
    }
    WriteContact(device.id, ContactState::kSilent);
  }
  if (desks_.tokens != nullptr) desks_.tokens->Tick();
  seals_.Tick();
  renewals_.Tick();
}

}  // namespace preseal::server
