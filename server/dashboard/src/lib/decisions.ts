// SPDX-License-Identifier: Apache-2.0
// What a person may decide about a device's identity, by the rules of IdentityService. The server
// decides; this saves a click that would be refused, and says the reason before.
import { Role } from "../gen/preseal/auth/v1/auth_pb";
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { type BoundTpm, type Identity, type WaitingTpm, WaitingTpm_Kind } from "../gen/preseal/identity/v1/identity_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import type { Verdict } from "./actions";
import { DECISIONS } from "./words";

export type Decision = "unblock" | "rebind" | "vouch" | "release" | "revoke";

/** What a person would do first comes first. */
export const DECISION_ORDER: readonly Decision[] = ["rebind", "vouch", "unblock", "release", "revoke"];

export function mayDecide(role: Role | undefined): boolean {
  return role === Role.LEAD || role === Role.ADMIN;
}

/** Who may read evidence, identities and trust. */
export function mayInspect(role: Role | undefined): boolean {
  return mayDecide(role) || role === Role.AUDITOR;
}

/** The TPM the record holds now. */
export function presentTpm(identity: Identity | undefined): BoundTpm | undefined {
  return identity?.tpms.findLast((tpm) => tpm.endTime === undefined);
}

/** TPMs nobody has decided about, newest first. */
export function waiting(identity: Identity | undefined, kind: WaitingTpm_Kind): WaitingTpm[] {
  return (identity?.proposals ?? []).filter((each) => each.kind === kind && each.approver === "");
}

/** Whether `decision` is possible now; the reason if not. `identity` undefined: not read yet. */
export function judgeDecision(
  decision: Decision,
  device: Device,
  identity: Identity | undefined,
  role: Role | undefined,
): Verdict {
  if (!mayDecide(role)) return no(DECISIONS.notYours);
  if (decision === "revoke") {
    return isRevoked(device) ? no(DECISIONS.revokedAlready) : { allowed: true, reason: "" };
  }
  if (decision === "unblock") {
    return device.state === DeviceState.BLOCKED || device.attemptsUsed > 0
      ? { allowed: true, reason: "" }
      : no(DECISIONS.nothingToUnblock);
  }
  if (identity === undefined) return no(DECISIONS.notRead);
  switch (decision) {
    case "rebind":
      if (waiting(identity, WaitingTpm_Kind.REBIND).length === 0) return no(DECISIONS.noOtherTpm);
      return REBIND_STATES.has(device.state) ? { allowed: true, reason: "" } : no(DECISIONS.rebindState);
    case "vouch":
      if (waiting(identity, WaitingTpm_Kind.VOUCH).length === 0) return no(DECISIONS.nobodyWaits);
      return { allowed: true, reason: "" };
    case "release":
      if (presentTpm(identity) === undefined) return no(DECISIONS.noTpm);
      return mayRelease(device, identity) ? { allowed: true, reason: "" } : no(DECISIONS.releaseState);
  }
}

const REBIND_STATES: ReadonlySet<DeviceState> = new Set([
  DeviceState.REGISTERED,
  DeviceState.PRESENT,
  DeviceState.ENROLLED,
  DeviceState.PROVISIONING,
  DeviceState.READY_TO_SEAL,
  DeviceState.FAILED,
  DeviceState.BLOCKED,
]);

function isRevoked(device: Device): boolean {
  return device.state === DeviceState.BLOCKED && device.failure?.code === "DEVICE_REVOKED";
}

function mayRelease(device: Device, identity: Identity): boolean {
  switch (device.state) {
    case DeviceState.BLOCKED:
    case DeviceState.RETIRED:
    case DeviceState.REGISTERED:
      return true;
    case DeviceState.PRESENT:
    case DeviceState.FAILED:
      return !identity.certificates.some((each) => each.confirmTime !== undefined);
    default:
      return false;
  }
}

function no(reason: string): Verdict {
  return { allowed: false, reason };
}
