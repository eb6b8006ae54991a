// SPDX-License-Identifier: Apache-2.0
// Sends a person's decision about an identity, and tells how it went. Not repeated by itself: a person
// sees what happened and decides again.
import type { RebindDeviceRequest_Reason } from "../gen/preseal/identity/v1/identity_pb";
import type { Decision } from "../lib/decisions";
import { shortName } from "../lib/names";
import { DECISION_WORDS } from "../lib/words";
import { identities } from "../rpc/clients";
import { problemText } from "../rpc/problem";
import { toasts } from "./toasts.svelte";

export interface Rebinding {
  ekSpkiSha256: Uint8Array;
  reason: RebindDeviceRequest_Reason;
  note: string;
}

/** Resolves to true if the server took it. */
export async function decide(
  decision: Exclude<Decision, "rebind">,
  device: string,
  reason: string,
  ekSpkiSha256: Uint8Array = new Uint8Array(),
): Promise<boolean> {
  const request = { device, reason };
  return tell(decision, device, () => {
    switch (decision) {
      case "unblock":
        return identities.unblockDevice(request);
      case "release":
        return identities.releaseDevice(request);
      case "revoke":
        return identities.revokeDevice(request);
      case "vouch":
        return identities.vouchForDevice({ ...request, ekSpkiSha256 });
    }
  });
}

export function rebind(device: string, how: Rebinding): Promise<boolean> {
  return tell("rebind", device, () => identities.rebindDevice({ device, ...how }));
}

async function tell(decision: Decision, device: string, send: () => Promise<unknown>): Promise<boolean> {
  const who = shortName(device);
  const words = DECISION_WORDS[decision];
  try {
    await send();
    toasts.info(`${who}: ${words.done}`);
    return true;
  } catch (error) {
    toasts.error(`${words.button} ${who}: ${problemText(error)}`);
    return false;
  }
}
