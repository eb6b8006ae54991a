// SPDX-License-Identifier: Apache-2.0
// Which of the flow's further actions the server offers for a device now, and why not the others. Pure.
import type { Role } from "../gen/preseal/auth/v1/auth_pb";
import { Action, Contact_State, type Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { mayCommand } from "./actions";
import { mayInspect } from "./decisions";
import { VIEWS, viewOfState } from "./view";

export type FlowAction = "hold" | "resume" | "reset" | "diagnostics" | "refresh" | "continue";

interface FlowActionFacts {
  action: FlowAction;
  wire: Action;
  word: string;
  key: string; // on the device page
  lead: boolean;
}

export const FLOW_ACTIONS: readonly FlowActionFacts[] = [
  { action: "hold", wire: Action.HOLD, word: "Hold", key: "h", lead: false },
  { action: "resume", wire: Action.RESUME, word: "Resume", key: "h", lead: false },
  { action: "continue", wire: Action.CONTINUE, word: "Continue anyway", key: "c", lead: true },
  { action: "refresh", wire: Action.REFRESH, word: "Refresh", key: "f", lead: false },
  { action: "diagnostics", wire: Action.DIAGNOSTICS, word: "Collect diagnostics", key: "d", lead: false },
  { action: "reset", wire: Action.RESET, word: "Reset", key: "x", lead: true },
];

/** The server names what is allowed; a role that may not ask is not shown the button. */
export function offered(device: Device, role: Role | undefined): typeof FLOW_ACTIONS {
  return FLOW_ACTIONS.filter(
    ({ wire, lead }) => device.actions.includes(wire) && mayCommand(role) && (!lead || mayDecide(role)),
  );
}

/** The actions that are not offered, each with the reason; empty for a role that only looks. */
export function notOffered(device: Device, role: Role | undefined): { word: string; reason: string }[] {
  if (!mayCommand(role)) return [];
  const there = offered(device, role);
  return FLOW_ACTIONS.filter((each) => !there.includes(each) && !isOtherHalf(each.action, device)).map((each) => ({
    word: each.word,
    reason: whyNot(each, device, role),
  }));
}

/** What a key asks for on the device page; a key of two actions means the one that is possible. */
export function actionOfKey(key: string, device: Device, role: Role | undefined): FlowActionFacts | undefined {
  const meant = FLOW_ACTIONS.filter((each) => each.key === key);
  const there = offered(device, role);
  return meant.find((each) => there.includes(each)) ?? meant[0];
}

export function whyNot({ action, lead }: FlowActionFacts, device: Device, role: Role | undefined): string {
  if (!mayCommand(role)) return "Your role may look, not act.";
  if (lead && !mayDecide(role)) return "A line lead or an admin decides this.";
  switch (action) {
    case "hold":
      return "No run is under way.";
    case "resume":
      return "It is not on hold.";
    case "continue":
      return "Only when the user flow has failed.";
    case "refresh":
    case "diagnostics":
      return whyNotReached(device);
    case "reset":
      return `Not possible while it is ${VIEWS[viewOfState(device.state, device)].word.toLowerCase()}.`;
  }
}

function whyNotReached(device: Device): string {
  if (!device.enrolled) return "It is not enrolled.";
  if (device.contact?.state !== Contact_State.CONNECTED) return "It is not connected.";
  return `Not possible while it is ${VIEWS[viewOfState(device.state, device)].word.toLowerCase()}.`;
}

/** Hold and resume are one switch: only the half that fits is spoken of. */
function isOtherHalf(action: FlowAction, device: Device): boolean {
  return device.held ? action === "hold" : action === "resume";
}

export function mayWaive(device: Device, role: Role | undefined): boolean {
  return device.actions.includes(Action.WAIVE) && mayDecide(role);
}

/** Sealed or in the user's hands: the only states in which the user can sign in. */
export function takesUserCode(device: Device): boolean {
  return device.assignedUser !== "" && (device.state === DeviceState.SEALED || device.state === DeviceState.USER_SETUP);
}

/** Line leads and admins. */
export function mayDecide(role: Role | undefined): boolean {
  return mayInspect(role) && mayCommand(role);
}
