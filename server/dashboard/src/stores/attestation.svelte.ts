// SPDX-License-Identifier: Apache-2.0
// One device's latest attestation and its TPMs, read again whenever the device moved. Only for roles
// that may inspect: others get neither.
import { Code, ConnectError } from "@connectrpc/connect";
import type { AttestationEvidence, Device } from "../gen/preseal/fleet/v1/fleet_pb";
import type { Identity } from "../gen/preseal/identity/v1/identity_pb";
import { fleet, identities } from "../rpc/clients";
import { problemText } from "../rpc/problem";

export class Attestation {
  evidence = $state.raw<AttestationEvidence | undefined>(undefined);
  identity = $state.raw<Identity | undefined>(undefined);
  loaded = $state(false);
  problem = $state("");

  #key = "";
  #round = 0;

  constructor(readonly name: string) {}

  /** Reads again if anything an attestation changes has changed. */
  follow(device: Device): void {
    const { state, stateTime, failure, attemptsUsed, quarantined, enrolled } = device;
    const key = [state, stateTime?.seconds, stateTime?.nanos, failure?.code, attemptsUsed, quarantined, enrolled].join(" ");
    if (key === this.#key) return;
    this.#key = key;
    void this.reload();
  }

  async reload(): Promise<void> {
    const round = ++this.#round;
    const [evidence, identity] = await Promise.allSettled([
      fleet.getEvidence({ name: this.name }),
      identities.getIdentity({ device: this.name }),
    ]);
    if (round !== this.#round) return; // a later answer is on its way
    if (evidence.status === "fulfilled") this.evidence = evidence.value;
    else if (isMissing(evidence.reason)) this.evidence = undefined;
    if (identity.status === "fulfilled") this.identity = identity.value;
    const failed = [evidence, identity].find((each) => each.status === "rejected" && !isMissing(each.reason));
    this.problem = failed?.status === "rejected" ? problemText(failed.reason) : "";
    this.loaded = true;
  }
}

function isMissing(error: unknown): boolean {
  return ConnectError.from(error).code === Code.NotFound;
}
