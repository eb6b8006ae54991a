// SPDX-License-Identifier: Apache-2.0
// Where a device's attestation stands: one sentence and the next step, for the technician.
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { ATTESTATION, type Said } from "./words";

export type Standing = "refused" | "blocked" | "proved" | "lab" | "quarantined" | "open";

export interface AttestationView extends Said {
  standing: Standing;
  code: string; // of the refusal, else empty
}

/** A refusal or a finding of tampering, not an item of a run that failed. */
export function concernsIdentity(device: Device): boolean {
  return device.failure !== undefined && device.failure.itemId === "" && isStopped(device);
}

export function attestationOf(device: Device): AttestationView {
  const { failure } = device;
  if (failure !== undefined && concernsIdentity(device)) {
    return {
      standing: device.state === DeviceState.BLOCKED ? "blocked" : "refused",
      code: failure.code,
      sentence: failure.message || ATTESTATION.blocked.sentence,
      next: failure.remedy || ATTESTATION.blocked.next,
    };
  }
  if (device.state === DeviceState.BLOCKED) return { standing: "blocked", code: "", ...ATTESTATION.blocked };
  if (device.quarantined) return { standing: "quarantined", code: "", ...ATTESTATION.quarantined };
  if (device.enrolled) {
    const standing = device.lab ? "lab" : "proved";
    return { standing, code: "", ...ATTESTATION[standing] };
  }
  const open = device.state === DeviceState.PRESENT ? ATTESTATION.underWay : ATTESTATION.notYet;
  return { standing: "open", code: "", ...open };
}

/** "1 of 3 attempts used", and what that means. Empty if the server counts none. */
export function attemptsText(device: Device): string {
  const total = device.attemptsUsed + device.attemptsLeft;
  if (total === 0) return "";
  const used = `${device.attemptsUsed} of ${total} attempts used`;
  if (device.attemptsLeft === 0) return `${used}: a line lead must unblock it`;
  if (device.attemptsUsed === 0) return `No attempt of ${total} used up`;
  return `${used}, ${device.attemptsLeft} left`;
}

function isStopped(device: Device): boolean {
  return device.state === DeviceState.FAILED || device.state === DeviceState.BLOCKED;
}
