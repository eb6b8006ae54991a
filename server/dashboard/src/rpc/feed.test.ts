// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type WatchDevicesResponse, WatchDevicesResponseSchema } from "../gen/preseal/fleet/v1/fleet_pb";
import { FIRST_QUIET_MS, type FeedPorts, type FeedState, PAUSE_MAX_MS, PAUSE_MIN_MS, QUIET_MS, pauseMs, runFeed } from "./feed";

type Step = "message" | "end" | "hang" | Code;

/** Plays one script per opening; when the scripts run out the feed is told to stop. */
function play(scripts: Step[][], probe: () => Promise<void> = async () => {}) {
  const stop = new AbortController();
  const states: FeedState[] = [];
  const signals: AbortSignal[] = [];
  let received = 0;
  async function* open(signal: AbortSignal): AsyncIterable<WatchDevicesResponse> {
    signals.push(signal);
    for (const step of scripts.shift() ?? ["hang"]) {
      if (step === "message") yield create(WatchDevicesResponseSchema);
      else if (step === "end") return;
      else if (step === "hang") await aborted(signal);
      else throw new ConnectError("said by the script", step);
    }
  }
  const ports: FeedPorts = {
    open,
    receive: () => void received++,
    changeState: (state) => void states.push(state),
    pause: async () => {
      if (scripts.length === 0) stop.abort();
    },
    probe,
  };
  return { done: runFeed(ports, stop.signal), states, signals, stop, received: () => received };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("opens again after the server drains, and after a plain end", async () => {
  const feed = play([["message", Code.Unavailable], ["message", "end"], ["message", Code.Internal]]);
  await feed.done;
  expect(feed.received()).toBe(3);
  expect(feed.states).toEqual([
    "connecting", "live", "reconnecting", "live", "reconnecting", "live", "reconnecting",
  ]);
});

test("aborts every request it opened, or the server would keep the call", async () => {
  const feed = play([["message", "end"], ["message", Code.Unavailable]]);
  await feed.done;
  expect(feed.signals.map((signal) => signal.aborted)).toEqual([true, true]);
});

test.each([Code.Unauthenticated, Code.PermissionDenied, Code.NotFound])("stops for good on code %s", async (code) => {
  const feed = play([[code], ["message"]]);
  await feed.done;
  expect(feed.states).toEqual(["connecting", "stopped"]);
});

test("ends at once when the page is left", async () => {
  const feed = play([["message", "hang"]]);
  await vi.waitFor(() => expect(feed.received()).toBe(1));
  feed.stop.abort();
  await feed.done;
  expect(feed.signals[0]?.aborted).toBe(true);
  expect(feed.states).toEqual(["connecting", "live"]);
});

test("opens again when a quiet connection turns out to be dead", async () => {
  const feed = play([["message", "hang"], ["message", "end"]], async () => {
    throw new Error("no answer");
  });
  await vi.advanceTimersByTimeAsync(QUIET_MS + 1);
  await feed.done;
  expect(feed.received()).toBe(2);
});

test("is live when a resumed stream has nothing to say but the server answers", async () => {
  const feed = play([["hang"]]);
  await vi.advanceTimersByTimeAsync(FIRST_QUIET_MS + 1);
  expect(feed.states).toEqual(["connecting", "live"]);
  feed.stop.abort();
  await feed.done;
});

test("leaves a quiet connection alone while the server answers", async () => {
  const feed = play([["message", "hang"]]);
  await vi.advanceTimersByTimeAsync(3 * QUIET_MS + 1);
  expect(feed.signals).toHaveLength(1);
  feed.stop.abort();
  await feed.done;
});

test("pauses longer after every failure, spread, within limits", () => {
  expect(pauseMs(0, 0)).toBe(PAUSE_MIN_MS / 2);
  expect(pauseMs(2, 1)).toBe(PAUSE_MIN_MS * 4);
  expect(pauseMs(1000, 1)).toBe(PAUSE_MAX_MS);
});
