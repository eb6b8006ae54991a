// SPDX-License-Identifier: Apache-2.0
// What a person sees of a device's state. The lifecycle state alone is not enough: a device that is
// not heard is "Silent" and not "Provisioning", a refused attestation is not a failed step, and an
// unconfirmed power-off needs a person. Every view has its own word and shape; colour comes third.
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { Contact_State } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { Phase } from "../gen/preseal/progress/v1/progress_pb";
import { formatAge, toMs } from "./time";

export type View =
  | "failed"
  | "refused"
  | "blocked"
  | "unconfirmed"
  | "silent"
  | "ready"
  | "enrolled"
  | "attesting"
  | "provisioning"
  | "sealing"
  | "registered"
  | "sealed"
  | "user-setup"
  | "in-service"
  | "retired"
  | "unknown";

export type Tone = "bad" | "warn" | "go" | "busy" | "calm" | "done";

interface ViewFacts {
  word: string;
  tone: Tone;
  hint: string;
}

/** In the order the summary shows them: what needs a hand first. */
export const VIEWS: Record<View, ViewFacts> = {
  failed: { word: "Failed", tone: "bad", hint: "A blocking item failed. Read why, then retry." },
  refused: { word: "Refused", tone: "bad", hint: "Attestation was refused. Not enrolled." },
  blocked: { word: "Blocked", tone: "bad", hint: "Tampered, revoked or refused too often. A lead must act." },
  unconfirmed: {
    word: "Seal unconfirmed",
    tone: "warn",
    hint: "Its power-off was not seen. Look at the device.",
  },
  silent: { word: "Silent", tone: "warn", hint: "Nothing heard for longer than allowed." },
  ready: { word: "Ready to seal", tone: "go", hint: "Every blocking item is verified." },
  enrolled: { word: "Enrolled", tone: "busy", hint: "Holds its certificate. Waits for start." },
  attesting: { word: "Attesting", tone: "busy", hint: "Proving which TPM it holds." },
  provisioning: { word: "Provisioning", tone: "busy", hint: "A run is under way." },
  sealing: { word: "Sealing", tone: "busy", hint: "Second quote, certificate, power-off." },
  registered: { word: "Registered", tone: "calm", hint: "Imported, never seen. Power it on." },
  sealed: { word: "Sealed", tone: "done", hint: "Technician flow finished, powered off." },
  "user-setup": { word: "User setup", tone: "done", hint: "The user flow is under way." },
  "in-service": { word: "In service", tone: "done", hint: "Handed over." },
  retired: { word: "Retired", tone: "calm", hint: "No longer in use." },
  unknown: { word: "Unknown", tone: "warn", hint: "This dashboard is older than the server." },
};

export const VIEW_ORDER = Object.keys(VIEWS) as View[];

/** States in which silence means something is wrong. After the seal a device is meant to be off. */
function shouldBeHeard(state: DeviceState): boolean {
  switch (state) {
    case DeviceState.PRESENT:
    case DeviceState.ENROLLED:
    case DeviceState.PROVISIONING:
    case DeviceState.READY_TO_SEAL:
    case DeviceState.SEALING:
      return true;
    default:
      return false;
  }
}

export function isSilent(device: Device): boolean {
  return device.contact?.state === Contact_State.SILENT;
}

export function viewOf(device: Device): View {
  if (device.sealUnconfirmed) return "unconfirmed";
  if (isSilent(device) && shouldBeHeard(device.state)) return "silent";
  return viewOfState(device.state, device);
}

/** The view of a bare lifecycle state, e.g. of a batch's count. */
export function viewOfState(state: DeviceState, device?: Device): View {
  switch (state) {
    case DeviceState.REGISTERED:
      return "registered";
    case DeviceState.PRESENT:
      return "attesting";
    case DeviceState.ENROLLED:
      return "enrolled";
    case DeviceState.PROVISIONING:
      return "provisioning";
    case DeviceState.READY_TO_SEAL:
      return "ready";
    case DeviceState.SEALING:
      return "sealing";
    case DeviceState.SEALED:
      return "sealed";
    case DeviceState.USER_SETUP:
      return "user-setup";
    case DeviceState.IN_SERVICE:
      return "in-service";
    case DeviceState.FAILED:
      // A refusal names no item and leaves the device without a certificate.
      return device?.failure?.itemId === "" && !device.enrolled ? "refused" : "failed";
    case DeviceState.BLOCKED:
      return "blocked";
    case DeviceState.RETIRED:
      return "retired";
    default:
      return "unknown";
  }
}

/** The badge's word; silence says for how long. */
export function wordOf(device: Device, serverNow: number): string {
  const view = viewOf(device);
  const last = toMs(device.contact?.lastTime);
  if (view === "silent" && last !== undefined) return `Silent ${formatAge(serverNow - last)}`;
  return VIEWS[view].word;
}

export function needsTick(device: Device): boolean {
  const view = viewOf(device);
  return view === "silent" || isTiming(device);
}

/** Whether the elapsed clock is running. */
export function isTiming(device: Device): boolean {
  return device.progress?.startTime !== undefined && device.progress.endTime === undefined;
}

export function phaseWord(phase: Phase): string {
  switch (phase) {
    case Phase.DEVICE_PREPARATION:
      return "Device preparation";
    case Phase.DEVICE_SETUP:
      return "Device setup";
    case Phase.ACCOUNT_SETUP:
      return "Account setup";
    default:
      return "";
  }
}

/** Milliseconds of the present run, or undefined before the first. */
export function elapsedMs(device: Device, serverNow: number): number | undefined {
  const start = toMs(device.progress?.startTime);
  if (start === undefined) return undefined;
  return (toMs(device.progress?.endTime) ?? serverNow) - start;
}
