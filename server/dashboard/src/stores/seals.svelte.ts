// SPDX-License-Identifier: Apache-2.0
// Seals that want attention. Asked again every few seconds while on screen.
import { Seal_Age } from "../gen/preseal/fleet/v1/fleet_pb";
import type { SealedDevice } from "../gen/preseal/flow/v1/flow_pb";
import { flow } from "../rpc/clients";
import { problemText } from "../rpc/problem";
import { pauseUntilHope } from "./hope";

const REFRESH_MS = 10_000;
const PAGES_MAX = 20;

export type SealFilter = "all" | "ageing" | "expired" | "drifted" | "unconfirmed";

const AGES: Partial<Record<SealFilter, Seal_Age[]>> = {
  ageing: [Seal_Age.AGEING],
  expired: [Seal_Age.EXPIRED],
};

export class SealList {
  list = $state.raw<readonly SealedDevice[]>([]);
  loaded = $state(false);
  problem = $state("");
  filter = $state<SealFilter>("all");
  #stop = new AbortController();

  start(): void {
    void this.#follow();
  }

  stop(): void {
    this.#stop.abort();
  }

  async choose(filter: SealFilter): Promise<void> {
    this.filter = filter;
    await this.#read();
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (!document.hidden) await this.#read();
      await pauseUntilHope(REFRESH_MS, this.#stop.signal);
    }
  }

  async #read(): Promise<void> {
    const filter = this.filter;
    try {
      const found: SealedDevice[] = [];
      let pageToken = "";
      for (let page = 0; page < PAGES_MAX; page++) {
        const answer = await flow.listSeals(
          {
            ages: AGES[filter] ?? [],
            drifted: filter === "drifted",
            unconfirmed: filter === "unconfirmed",
            pageToken,
          },
          { signal: this.#stop.signal },
        );
        found.push(...answer.seals);
        pageToken = answer.nextPageToken;
        if (pageToken === "") break;
      }
      if (filter !== this.filter) return; // another was chosen meanwhile
      this.list = found;
      this.problem = "";
      this.loaded = true;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.problem = problemText(error);
    }
  }
}
