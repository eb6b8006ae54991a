// SPDX-License-Identifier: Apache-2.0
// One tick a second for everything that shows an age, on the server's clock: floor PCs are wrong.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { toMs } from "../lib/time";

class Clock {
  #local = $state(Date.now());
  #offset = $state(0);

  constructor() {
    setInterval(() => (this.#local = Date.now()), 1000);
  }

  /** The server's present time in milliseconds; reading it subscribes to the tick. */
  get serverNow(): number {
    return this.#local + this.#offset;
  }

  /** This machine's clock, for the age of what we have received. */
  get localNow(): number {
    return this.#local;
  }

  /** Learns the server's time. Small differences are travel time, not worth a jump on screen. */
  learn(serverTime: Timestamp | undefined): void {
    const ms = toMs(serverTime);
    if (ms === undefined) return;
    const offset = ms - Date.now();
    if (Math.abs(offset - this.#offset) > 500) this.#offset = offset;
  }
}

export const clock = new Clock();
