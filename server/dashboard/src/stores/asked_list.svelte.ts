// SPDX-License-Identifier: Apache-2.0
// A list that is asked again every few seconds while it is on screen: one watch per entry would cost
// the server more than it tells a person.
import { problemText } from "../rpc/problem";
import { pauseUntilHope } from "./hope";

const PAGES_MAX = 20;

export abstract class AskedList<Row> {
  list = $state.raw<readonly Row[]>([]);
  loaded = $state(false);
  problem = $state("");
  #stop = new AbortController();
  #round = 0;

  constructor(readonly refreshMs: number) {}

  start(): void {
    void this.#follow();
  }

  stop(): void {
    this.#stop.abort();
  }

  protected abstract ask(signal: AbortSignal): Promise<readonly Row[]>;

  /** Asks at once. Of two askings under way only the later one's answer counts. */
  protected async read(): Promise<void> {
    const round = ++this.#round;
    const overtaken = () => this.#stop.signal.aborted || round !== this.#round;
    try {
      const found = await this.ask(this.#stop.signal);
      if (overtaken()) return;
      this.list = found;
      this.problem = "";
      this.loaded = true;
    } catch (error) {
      if (!overtaken()) this.problem = problemText(error);
    }
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (!document.hidden) await this.read();
      await pauseUntilHope(this.refreshMs, this.#stop.signal);
    }
  }
}

/** The rows of all pages, up to PAGES_MAX of them. */
export async function allPages<Answer extends { nextPageToken: string }, Row>(
  ask: (pageToken: string) => Promise<Answer>,
  rowsOf: (answer: Answer) => readonly Row[],
): Promise<Row[]> {
  const found: Row[] = [];
  let pageToken = "";
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await ask(pageToken);
    found.push(...rowsOf(answer));
    pageToken = answer.nextPageToken;
    if (pageToken === "") break;
  }
  return found;
}
