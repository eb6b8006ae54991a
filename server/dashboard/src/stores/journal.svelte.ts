// SPDX-License-Identifier: Apache-2.0
// A run's journal, following it while it grows.
import type { JournalEntry } from "../gen/preseal/fleet/v1/fleet_pb";
import { GrowingPages } from "../lib/pages";
import { fleet } from "../rpc/clients";
import { problemText } from "../rpc/problem";
import { pauseUntilHope } from "./hope";

const PAGE_SIZE = 500;
/** More rows than a person scrolls; the command line has them all. */
const ROWS_MAX = 4_000;
const FOLLOW_PAUSE_MS = 700;

export class Journal {
  entries = $state.raw<readonly JournalEntry[]>([]);
  dropped = $state(0);
  loading = $state(true);
  problem = $state("");

  #pages = new GrowingPages<JournalEntry>(ROWS_MAX);
  #stop = new AbortController();
  #busy = false;
  #again = false;

  /** `run` is a run's name, or empty for the latest. */
  constructor(
    readonly device: string,
    readonly run: string,
  ) {}

  /** Something may be new. Calls while a reading is under way are gathered into one more. */
  poke(): void {
    this.#again = true;
    if (!this.#busy) void this.#follow();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #follow(): Promise<void> {
    this.#busy = true;
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false;
      await this.#read();
      await pauseUntilHope(FOLLOW_PAUSE_MS, this.#stop.signal);
    }
    this.#busy = false;
  }

  async #read(): Promise<void> {
    try {
      for (let more = true; more; ) {
        const answer = await fleet.listEvents(
          { device: this.device, run: this.run, pageToken: this.#pages.token, pageSize: PAGE_SIZE },
          { signal: this.#stop.signal },
        );
        more = this.#pages.take(answer.entries, answer.nextPageToken);
        this.entries = this.#pages.rows();
        this.dropped = this.#pages.dropped;
      }
      this.problem = "";
    } catch (error) {
      if (!this.#stop.signal.aborted) this.problem = problemText(error);
    } finally {
      this.loading = false;
    }
  }
}
