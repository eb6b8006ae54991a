// SPDX-License-Identifier: Apache-2.0
// All devices, live. One cell per device, so that a change repaints one tile and not the wall.
import type { Device, WatchDevicesResponse } from "../gen/preseal/fleet/v1/fleet_pb";
import { compareBySlot } from "../lib/names";
import { DeviceSnapshot } from "../lib/snapshot";
import { auth, fleetWatch, noteProblem } from "../rpc/clients";
import type { FeedState } from "../rpc/feed";
import { runFeed } from "../rpc/feed";
import { problemText } from "../rpc/problem";
import { clock } from "./clock.svelte";
import { Painter } from "./painter";
import { pauseUntilHope } from "./hope";

export class DeviceCell {
  device: Device = $state.raw() as Device;

  constructor(
    readonly name: string,
    device: Device,
  ) {
    this.device = device;
  }
}

class Fleet {
  /** In wall order. A new array only when devices come, go, or move. */
  cells = $state.raw<readonly DeviceCell[]>([]);
  state = $state<FeedState>("connecting");
  problem = $state("");
  complete = $state(false);
  /** When the server last said anything, on our clock. */
  heardAt = $state(Date.now());

  #snapshot = new DeviceSnapshot();
  #byName = new Map<string, DeviceCell>();
  #dirty = new Set<string>();
  #reordered = false;
  #painter = new Painter(() => this.#flush());
  #stop: AbortController | undefined;

  start(): void {
    this.stop();
    const stop = new AbortController();
    this.#stop = stop;
    void runFeed(
      {
        open: (signal) => fleetWatch.watchDevices({ cursor: this.#snapshot.reopen() }, { signal }),
        receive: (message) => this.#receive(message),
        changeState: (state, problem) => this.#changeState(state, problem),
        pause: pauseUntilHope,
        probe: (signal) => this.#probe(signal),
      },
      stop.signal,
    );
  }

  /** Ends the watch and forgets everything: another person may log in next. */
  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#painter.cancel();
    this.#snapshot = new DeviceSnapshot();
    this.#byName.clear();
    this.#dirty.clear();
    this.cells = [];
    this.complete = false;
    this.state = "connecting";
  }

  #receive(message: WatchDevicesResponse): void {
    clock.learn(message.serverTime);
    this.heardAt = Date.now();
    const change = this.#snapshot.apply(message);
    for (const name of change.changed) this.#dirty.add(name);
    for (const name of change.removed) {
      this.#byName.delete(name);
      this.#dirty.delete(name);
      this.#reordered = true;
    }
    this.#painter.request();
  }

  #flush(): void {
    for (const name of this.#dirty) this.#put(name);
    this.#dirty.clear();
    if (this.#reordered) {
      this.cells = [...this.#byName.values()].sort((a, b) => compareBySlot(a.device, b.device));
      this.#reordered = false;
    }
    this.complete = this.#snapshot.complete;
  }

  #put(name: string): void {
    const device = this.#snapshot.devices.get(name);
    if (device === undefined) return;
    const cell = this.#byName.get(name);
    if (cell === undefined) {
      this.#byName.set(name, new DeviceCell(name, device));
      this.#reordered = true;
      return;
    }
    if (cell.device.slot !== device.slot) this.#reordered = true;
    cell.device = device;
  }

  #changeState(state: FeedState, problem: unknown): void {
    this.state = state;
    this.problem = problem === undefined ? "" : problemText(problem);
    if (problem !== undefined) noteProblem(problem);
  }

  async #probe(signal: AbortSignal): Promise<void> {
    await auth.whoAmI({}, { signal, timeoutMs: 5_000 });
    this.heardAt = Date.now();
  }
}

export const fleetStore = new Fleet();
