// SPDX-License-Identifier: Apache-2.0
// Commands to devices. One click is one request_id: if the answer is lost, the repeat carries the
// same id and the server gives the same command back instead of a second one.
import { Code, ConnectError } from "@connectrpc/connect";
import type { Action } from "../lib/actions";
import { ACTION_WORDS } from "../lib/actions";
import { shortName } from "../lib/names";
import { fleet } from "../rpc/clients";
import { problemText } from "../rpc/problem";
import { pauseUntilHope } from "./hope";
import { toasts } from "./toasts.svelte";

const TRIES = 4;
const FIRST_PAUSE_MS = 400;

class Commands {
  /** "start devices/D-1042" for every click that waits for its answer. */
  #pending = $state.raw<ReadonlySet<string>>(new Set());

  isPending(action: Action, name: string): boolean {
    return this.#pending.has(`${action} ${name}`);
  }

  /** Sends one command. Resolves to undefined when the server took it, else to the reason. */
  async send(action: Action, name: string): Promise<string | undefined> {
    const key = `${action} ${name}`;
    if (this.#pending.has(key)) return undefined;
    this.#pending = new Set([...this.#pending, key]);
    try {
      await sendWithRetry(action, name, crypto.randomUUID());
      return undefined;
    } catch (error) {
      return problemText(error);
    } finally {
      this.#pending = new Set([...this.#pending].filter((other) => other !== key));
    }
  }

  /** As send, and tells the person how it went. */
  async sendAndTell(action: Action, name: string): Promise<void> {
    const problem = await this.send(action, name);
    const what = `${ACTION_WORDS[action]} ${shortName(name)}`;
    if (problem === undefined) toasts.info(`${what}: sent.`);
    else toasts.error(`${what}: ${problem}`);
  }
}

async function sendWithRetry(action: Action, name: string, requestId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await call(action, { name, requestId });
      return;
    } catch (error) {
      if (attempt === TRIES || !mayHelpToRepeat(error)) throw error;
      await pauseUntilHope(FIRST_PAUSE_MS * 2 ** attempt, new AbortController().signal);
    }
  }
}

function call(action: Action, request: { name: string; requestId: string }): Promise<unknown> {
  switch (action) {
    case "start":
      return fleet.startDevice(request);
    case "retry":
      return fleet.retryDevice(request);
    case "reseal":
      return fleet.resealDevice(request);
  }
}

/** The answer was lost, or the server is restarting: the same id may be sent again. */
function mayHelpToRepeat(error: unknown): boolean {
  const problem = ConnectError.from(error);
  return (
    problem.code === Code.Unavailable ||
    problem.code === Code.DeadlineExceeded ||
    (problem.code === Code.Unknown && /fetch|network/i.test(problem.rawMessage))
  );
}

export const commands = new Commands();
