// SPDX-License-Identifier: Apache-2.0
// One device, live, with its items; and its past runs, which only GetDevice tells.
import { Code, ConnectError } from "@connectrpc/connect";
import type { Device, Run, WatchDevicesResponse } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceSnapshot } from "../lib/snapshot";
import { auth, fleet, fleetWatch, noteProblem } from "../rpc/clients";
import type { FeedState } from "../rpc/feed";
import { runFeed } from "../rpc/feed";
import { problemText } from "../rpc/problem";
import { clock } from "./clock.svelte";
import { pauseUntilHope } from "./hope";
import { Painter } from "./painter";

export class LiveDevice {
  device = $state.raw<Device | undefined>(undefined);
  pastRuns = $state.raw<readonly Run[]>([]);
  state = $state<FeedState>("connecting");
  problem = $state("");
  missing = $state(false);

  #snapshot = new DeviceSnapshot();
  #stop = new AbortController();
  #runKey = "";
  #painter = new Painter(() => (this.device = this.#snapshot.devices.get(this.name)));

  constructor(readonly name: string) {}

  start(): void {
    void this.#loadRuns();
    void runFeed(
      {
        open: (signal) =>
          fleetWatch.watchDevices(
            { cursor: this.#snapshot.reopen(), device: this.name },
            { signal },
          ),
        receive: (message) => this.#receive(message),
        changeState: (state, problem) => this.#changeState(state, problem),
        pause: pauseUntilHope,
        probe: (signal) => auth.whoAmI({}, { signal, timeoutMs: 5_000 }),
      },
      this.#stop.signal,
    );
  }

  stop(): void {
    this.#stop.abort();
    this.#painter.cancel();
  }

  #receive(message: WatchDevicesResponse): void {
    clock.learn(message.serverTime);
    this.#snapshot.apply(message);
    this.#painter.request();
    const run = this.#snapshot.devices.get(this.name)?.run;
    const key = run === undefined ? "" : `${run.name} ${run.outcome}`;
    if (key !== this.#runKey) {
      this.#runKey = key;
      void this.#loadRuns();
    }
  }

  async #loadRuns(): Promise<void> {
    try {
      const device = await fleet.getDevice({ name: this.name }, { signal: this.#stop.signal });
      this.pastRuns = device.pastRuns;
      this.device ??= device;
      this.missing = false;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const code = ConnectError.from(error).code;
      this.missing = code === Code.NotFound || code === Code.InvalidArgument;
      this.problem = problemText(error);
    }
  }

  #changeState(state: FeedState, problem: unknown): void {
    this.state = state;
    this.problem = problem === undefined ? "" : problemText(problem);
    if (problem === undefined) return;
    noteProblem(problem);
    this.missing ||= ConnectError.from(problem).code === Code.NotFound;
  }
}
