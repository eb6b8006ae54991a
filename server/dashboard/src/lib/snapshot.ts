// SPDX-License-Identifier: Apache-2.0
// The devices as the watch has told them: a snapshot, then changes, resumable by cursor.
import type { Device, WatchDevicesResponse } from "../gen/preseal/fleet/v1/fleet_pb";

export interface Change {
  changed: ReadonlySet<string>;
  removed: readonly string[];
}

export class DeviceSnapshot {
  readonly devices = new Map<string, Device>();
  /** Where to resume; 0 asks for a new snapshot. */
  cursor = 0n;
  /** True once a snapshot has ended: only then does an absent device mean that it is gone. */
  complete = false;
  // Names seen in the snapshot now being read; undefined while reading changes, of which many may
  // also come in several messages before one says "complete".
  #seen: Set<string> | undefined = new Set();

  /** Call before each opening of the stream. Returns the cursor to open it at. */
  reopen(): bigint {
    // A snapshot that broke off is read again from the start: its cursor promises nothing.
    this.#seen = this.cursor === 0n ? new Set() : undefined;
    return this.cursor;
  }

  apply(message: WatchDevicesResponse): Change {
    const changed = new Set<string>();
    for (const device of message.devices) {
      this.devices.set(device.name, device);
      this.#seen?.add(device.name);
      changed.add(device.name);
    }
    const removed = message.snapshotComplete ? this.#endSnapshot() : [];
    if (message.snapshotComplete) this.cursor = message.cursor;
    return { changed, removed };
  }

  #endSnapshot(): string[] {
    const seen = this.#seen;
    this.#seen = undefined;
    this.complete = true;
    if (seen === undefined) return [];
    const removed = [...this.devices.keys()].filter((name) => !seen.has(name));
    for (const name of removed) this.devices.delete(name);
    return removed;
  }
}
