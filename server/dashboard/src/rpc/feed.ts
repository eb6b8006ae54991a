// SPDX-License-Identifier: Apache-2.0
// A watch that mends itself: opens the stream from the last cursor, and opens it again, with growing
// pauses, whenever it ends. Knows nothing of Svelte or of the screen, so that tests can drive it.
import { Code, ConnectError } from "@connectrpc/connect";
import type { WatchDevicesResponse } from "../gen/preseal/fleet/v1/fleet_pb";

export type FeedState = "connecting" | "live" | "reconnecting" | "stopped";

export interface FeedPorts {
  /** Opens the stream at the present cursor. Must end when `signal` aborts. */
  open(signal: AbortSignal): AsyncIterable<WatchDevicesResponse>;
  receive(message: WatchDevicesResponse): void;
  changeState(state: FeedState, problem: unknown): void;
  /** Resolves after `ms`, or at once when there is a reason to hope (back online, tab shown). */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** Asks the server for a sign of life over the same connection; rejects if there is none. */
  probe(signal: AbortSignal): Promise<unknown>;
}

export const PAUSE_MIN_MS = 250;
export const PAUSE_MAX_MS = 8_000;
/** A stream without a word for this long is checked: a dead connection does not end by itself. */
export const QUIET_MS = 20_000;
/** The first check comes sooner: a resumed stream says nothing while nothing changes, and is live. */
export const FIRST_QUIET_MS = 600;

/** Runs until `signal` aborts or the server says that we may not watch. Never rejects. */
export async function runFeed(ports: FeedPorts, signal: AbortSignal): Promise<void> {
  let failures = 0;
  ports.changeState("connecting", undefined);
  while (!signal.aborted) {
    const outcome = await readOnce(ports, signal);
    if (signal.aborted) break;
    failures = outcome.lived ? 0 : failures + 1;
    if (isFinal(outcome.problem)) {
      ports.changeState("stopped", outcome.problem);
      return;
    }
    ports.changeState("reconnecting", outcome.problem);
    await ports.pause(pauseMs(failures, Math.random()), signal);
  }
}

/** Doubles from PAUSE_MIN_MS to PAUSE_MAX_MS; `random` (0..1) spreads many dashboards out. */
export function pauseMs(failures: number, random: number): number {
  const full = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(failures, 10));
  return full / 2 + (full / 2) * random;
}

/** Repeating the call cannot help: another session or another role is needed. */
function isFinal(problem: unknown): boolean {
  if (problem === undefined) return false;
  const code = ConnectError.from(problem).code;
  return (
    code === Code.Unauthenticated || code === Code.PermissionDenied || code === Code.NotFound
  );
}

interface Outcome {
  lived: boolean;
  problem: unknown;
}

async function readOnce(ports: FeedPorts, signal: AbortSignal): Promise<Outcome> {
  // Leaving a "for await" does not end the request: only an abort does.
  const stream = new AbortController();
  const abort = () => stream.abort();
  signal.addEventListener("abort", abort);
  let lived = false;
  const live = () => {
    if (!lived) ports.changeState("live", undefined);
    lived = true;
  };
  const watchdog = new Watchdog(ports, stream, live);
  try {
    for await (const message of ports.open(stream.signal)) {
      if (signal.aborted) break;
      watchdog.heard();
      ports.receive(message);
      live();
    }
    return { lived, problem: undefined };
  } catch (problem) {
    return { lived, problem };
  } finally {
    watchdog.stop();
    signal.removeEventListener("abort", abort);
    stream.abort();
  }
}

/** Ends a stream whose connection has died without a word. */
class Watchdog {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ports: FeedPorts,
    private readonly stream: AbortController,
    private readonly live: () => void,
  ) {
    this.#checkIn(FIRST_QUIET_MS);
  }

  heard(): void {
    this.#checkIn(QUIET_MS);
  }

  #checkIn(ms: number): void {
    this.stop();
    this.#timer = setTimeout(() => void this.#check(), ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #check(): Promise<void> {
    try {
      await this.ports.probe(this.stream.signal);
      if (this.stream.signal.aborted) return;
      this.live();
      this.heard();
    } catch {
      this.stream.abort();
    }
  }
}
