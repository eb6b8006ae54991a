// SPDX-License-Identifier: Apache-2.0
// Who holds and who waits for the server's tokens. Asked again every few seconds while on screen.
import type { TokenQueue } from "../gen/preseal/flow/v1/flow_pb";
import { flow } from "../rpc/clients";
import { problemText } from "../rpc/problem";
import { pauseUntilHope } from "./hope";

const REFRESH_MS = 3_000;

export class TokenList {
  queues = $state.raw<readonly TokenQueue[]>([]);
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
      this.queues = (await flow.listTokens({}, { signal: this.#stop.signal })).queues;
      this.problem = "";
      this.loaded = true;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.problem = problemText(error);
    }
  }
}
