// SPDX-License-Identifier: Apache-2.0
// What holds a run up, short enough for a tile: a word, a shape and a line. A stall is not a wait: what
// waits has a name and an end, what stalled has said nothing. Pure.
import { Command_Kind, Command_State, Contact_State, type Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { type Wait, Wait_Kind } from "../gen/preseal/progress/v1/progress_pb";
import { durationMs, waitText } from "./flow";
import { formatClock, toMs } from "./time";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";

export type NoteKind =
  | "hold-asked"
  | "held"
  | "resume-asked"
  | "asks"
  | "restarting"
  | "late"
  | "stalled"
  | "unheard"
  | "waiting";

export interface Note {
  kind: NoteKind;
  word: string;
  text: string;
}

const WORDS: Record<NoteKind, string> = {
  "hold-asked": "Hold asked",
  held: "On hold",
  "resume-asked": "Resume asked",
  asks: "Needs an answer",
  restarting: "Restarting",
  late: "Not back yet",
  stalled: "Stalled",
  unheard: "Not heard",
  waiting: "Waiting",
};

/** Undefined if nothing holds the run up, or no run is under way. */
export function noteOf(device: Device, now: number): Note | undefined {
  const asked = askedOf(device);
  if (asked !== undefined) return asked;
  if (device.held) return note("held", device.wait === undefined ? "" : heldText(device.wait, now));
  if (device.wait === undefined) return undefined;
  return note(kindOf(device.wait, device, now), waitText(device.wait, now));
}

/** When a restart is over at the latest; undefined if the wait is none or has no end. */
export function backBy(wait: Wait | undefined): number | undefined {
  if (wait?.kind !== Wait_Kind.REBOOT) return undefined;
  const since = toMs(wait.startTime);
  const limit = durationMs(wait.limit);
  return since === undefined || !limit ? undefined : since + limit;
}

/** "Expected back by 14:03:10", or how long it is overdue. Empty if it is not restarting. */
export function backText(wait: Wait | undefined, now: number): string {
  const by = backBy(wait);
  if (by === undefined) return "";
  const clock = formatClock(timestampFromMs(by));
  return now <= by ? `Expected back by ${clock}.` : `It was expected back by ${clock}: look at the device.`;
}

/** A hold is the device's own word; until it has given it, what was asked of it is shown. */
function askedOf(device: Device): Note | undefined {
  const command = device.lastCommand;
  const running = device.state === DeviceState.PROVISIONING || device.state === DeviceState.USER_SETUP;
  if (command === undefined || !running || !isUnanswered(command.state)) return undefined;
  const text = `Asked by ${command.actor || "the server"}; the device has not confirmed it yet.`;
  if (command.kind === Command_Kind.HOLD && !device.held) return note("hold-asked", text);
  if (command.kind === Command_Kind.RESUME && device.held) return note("resume-asked", text);
  return undefined;
}

function isUnanswered(state: Command_State): boolean {
  return state === Command_State.QUEUED || state === Command_State.DELIVERED || state === Command_State.ACCEPTED;
}

function kindOf(wait: Wait, device: Device, now: number): NoteKind {
  switch (wait.kind) {
    case Wait_Kind.HOLD:
      return "held";
    case Wait_Kind.PROMPT:
      return "asks";
    case Wait_Kind.REBOOT: {
      const by = backBy(wait);
      return by !== undefined && now > by ? "late" : "restarting";
    }
    case Wait_Kind.DEVICE:
      // Heard and yet waited for: an item gives no sign, not the device.
      return device.contact?.state === Contact_State.CONNECTED ? "stalled" : "unheard";
    default:
      return "waiting";
  }
}

function heldText(wait: Wait, now: number): string {
  return wait.owner === "" ? waitText(wait, now) : `Held by ${wait.owner}.`;
}

function note(kind: NoteKind, text: string): Note {
  return { kind, word: WORDS[kind], text };
}
