// SPDX-License-Identifier: Apache-2.0
// Which command a device can take now, and if not, why not. The server decides; this only saves a
// person a click that would be refused, and says the reason before rather than after.
import { Role } from "../gen/preseal/auth/v1/auth_pb";
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { Command_Kind, Command_State } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { toMs } from "./time";
import { VIEWS, isSilent, viewOfState } from "./view";

export type Action = "start" | "retry" | "reseal";

export const ACTIONS: readonly Action[] = ["start", "retry", "reseal"];

export const ACTION_WORDS: Record<Action, string> = {
  start: "Start",
  retry: "Retry",
  reseal: "Reseal",
};

const KINDS: Record<Action, Command_Kind> = {
  start: Command_Kind.START,
  retry: Command_Kind.RETRY,
  reseal: Command_Kind.RESEAL,
};

const STATES: Record<Action, DeviceState> = {
  start: DeviceState.ENROLLED,
  retry: DeviceState.FAILED,
  reseal: DeviceState.READY_TO_SEAL,
};

export interface Verdict {
  allowed: boolean;
  /** Why not; or, when allowed, what to know before. Empty if there is nothing to say. */
  reason: string;
}

export function mayCommand(role: Role | undefined): boolean {
  return role === Role.OPERATOR || role === Role.LEAD || role === Role.ADMIN;
}

export function judge(action: Action, device: Device, role: Role | undefined): Verdict {
  if (!mayCommand(role)) return no("Your role may look, not act.");
  if (device.state !== STATES[action]) return no(whyNot(action, device));
  if (isUnderWay(action, device)) {
    return no(`${ACTION_WORDS[action]} is already on its way.`);
  }
  if (isSilent(device)) {
    return { allowed: true, reason: "The device is silent; the command waits until it is back." };
  }
  return { allowed: true, reason: "" };
}

/** The one action a person would take next, for the button on a tile. */
export function nextAction(device: Device): Action | undefined {
  return ACTIONS.find((action) => STATES[action] === device.state);
}

function no(reason: string): Verdict {
  return { allowed: false, reason };
}

/** A command given since the device entered its present state and not yet answered. */
function isUnderWay(action: Action, device: Device): boolean {
  const command = device.lastCommand;
  if (command === undefined || command.kind !== KINDS[action]) return false;
  const open =
    command.state === Command_State.QUEUED ||
    command.state === Command_State.DELIVERED ||
    command.state === Command_State.ACCEPTED;
  return open && (toMs(command.createTime) ?? 0) >= (toMs(device.stateTime) ?? 0);
}

function whyNot(action: Action, device: Device): string {
  const word = VIEWS[viewOfState(device.state, device)].word;
  switch (action) {
    case "start":
      return whyNotStart(device, word);
    case "retry":
      return `Only a failed device can be retried; this one is ${word.toLowerCase()}.`;
    case "reseal":
      return whyNotReseal(device, word);
  }
}

function whyNotStart(device: Device, word: string): string {
  switch (device.state) {
    case DeviceState.REGISTERED:
      return "Not seen yet: power it on from the medium.";
    case DeviceState.PRESENT:
      return "Still attesting.";
    case DeviceState.PROVISIONING:
      return "Already running.";
    case DeviceState.FAILED:
      return "It failed: use Retry.";
    default:
      return `Only an enrolled device can be started; this one is ${word.toLowerCase()}.`;
  }
}

function whyNotReseal(device: Device, word: string): string {
  const { state, progress, failure } = device;
  if (state === DeviceState.PROVISIONING) {
    const done = progress === undefined ? "" : ` (${progress.itemsDone} of ${progress.itemsTotal})`;
    return `Items are still open${done}.`;
  }
  if (state === DeviceState.SEALED) return "Already sealed.";
  if (state === DeviceState.SEALING) return "Already sealing.";
  if (failure !== undefined && failure.code !== "") return `${word}: ${failure.code}.`;
  return `Not ready to seal: ${word.toLowerCase()}.`;
}
