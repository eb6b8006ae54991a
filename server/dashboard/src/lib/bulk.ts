// SPDX-License-Identifier: Apache-2.0
// Who can take a command now, and who cannot and why; asked before anything is sent.
import type { Role } from "../gen/preseal/auth/v1/auth_pb";
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { type Action, judge } from "./actions";

export interface BulkRow {
  device: Device;
  note: string;
}

export interface BulkPlan {
  able: BulkRow[];
  unable: BulkRow[];
}

export function planBulk(action: Action, devices: readonly Device[], role: Role | undefined): BulkPlan {
  const plan: BulkPlan = { able: [], unable: [] };
  for (const device of devices) {
    const verdict = judge(action, device, role);
    (verdict.allowed ? plan.able : plan.unable).push({ device, note: verdict.reason });
  }
  return plan;
}
