// SPDX-License-Identifier: Apache-2.0
// Which of the flow's further actions the server offers for a device now. Pure.
import { Action, type Device } from "../gen/preseal/fleet/v1/fleet_pb";
import type { Role } from "../gen/preseal/auth/v1/auth_pb";
import { mayInspect } from "./decisions";
import { mayCommand } from "./actions";

export type FlowAction = "hold" | "resume" | "reset" | "diagnostics" | "refresh" | "continue";

export const FLOW_ACTIONS: readonly { action: FlowAction; wire: Action; word: string; lead: boolean }[] = [
  { action: "hold", wire: Action.HOLD, word: "Hold", lead: false },
  { action: "resume", wire: Action.RESUME, word: "Resume", lead: false },
  { action: "continue", wire: Action.CONTINUE, word: "Continue anyway", lead: true },
  { action: "refresh", wire: Action.REFRESH, word: "Refresh", lead: false },
  { action: "diagnostics", wire: Action.DIAGNOSTICS, word: "Collect diagnostics", lead: false },
  { action: "reset", wire: Action.RESET, word: "Reset", lead: true },
];

/** The server names what is allowed; a role that may not ask is not shown the button. */
export function offered(device: Device, role: Role | undefined): typeof FLOW_ACTIONS {
  return FLOW_ACTIONS.filter(
    ({ wire, lead }) => device.actions.includes(wire) && mayCommand(role) && (!lead || mayDecide(role)),
  );
}

export function mayWaive(device: Device, role: Role | undefined): boolean {
  return device.actions.includes(Action.WAIVE) && mayDecide(role);
}

/** Line leads and admins. */
export function mayDecide(role: Role | undefined): boolean {
  return mayInspect(role) && mayCommand(role);
}
