// SPDX-License-Identifier: Apache-2.0
// All batches we may see. A list is asked again every few seconds while it is on screen: one watch
// per batch would cost the server more than it tells a person.
import type { Batch } from "../gen/preseal/batch/v1/batch_pb";
import { compareNatural } from "../lib/names";
import { batches } from "../rpc/clients";
import { problemText } from "../rpc/problem";
import { pauseUntilHope } from "./hope";

const REFRESH_MS = 3_000;
const PAGES_MAX = 20;

export class BatchList {
  list = $state.raw<readonly Batch[]>([]);
  loaded = $state(false);
  problem = $state("");
  #stop = new AbortController();

  start(): void {
    void this.#follow();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (!document.hidden) await this.#read();
      await pauseUntilHope(REFRESH_MS, this.#stop.signal);
    }
  }

  async #read(): Promise<void> {
    try {
      const found: Batch[] = [];
      let pageToken = "";
      for (let page = 0; page < PAGES_MAX; page++) {
        const answer = await batches.listBatches({ pageToken }, { signal: this.#stop.signal });
        found.push(...answer.batches);
        pageToken = answer.nextPageToken;
        if (pageToken === "") break;
      }
      this.list = found.sort((a, b) => compareNatural(a.name, b.name));
      this.problem = "";
      this.loaded = true;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.problem = problemText(error);
    }
  }
}
