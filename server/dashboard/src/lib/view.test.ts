// SPDX-License-Identifier: Apache-2.0
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { Contact_State } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { NOW, makeDevice } from "./fixture";
import { VIEWS, VIEW_ORDER, elapsedMs, viewOf, viewOfState, wordOf } from "./view";

const silent = { state: Contact_State.SILENT, lastTime: timestampFromMs(NOW - 42_000) };

describe("view", () => {
  test("gives every lifecycle state a word of its own", () => {
    const states = Object.values(DeviceState).filter((state) => typeof state === "number");
    const words = states.map((state) => VIEWS[viewOfState(state as DeviceState)].word);
    expect(new Set(words).size).toBe(states.length);
  });

  test("has a distinct word for every view", () => {
    expect(new Set(VIEW_ORDER.map((view) => VIEWS[view].word)).size).toBe(VIEW_ORDER.length);
  });

  test("never calls a silent device running", () => {
    const device = makeDevice({ state: DeviceState.PROVISIONING, contact: silent });
    expect(viewOf(device)).toBe("silent");
    expect(wordOf(device, NOW)).toBe("Silent 42 s");
  });

  test("does not miss a sealed device, which is meant to be off", () => {
    expect(viewOf(makeDevice({ state: DeviceState.SEALED, contact: silent }))).toBe("sealed");
  });

  test("keeps a failure in sight when the device falls silent", () => {
    const failure = { code: "VERIFY_FAILED", itemId: "netbase" };
    expect(viewOf(makeDevice({ state: DeviceState.FAILED, contact: silent, failure }))).toBe("failed");
  });

  test("tells a refused attestation from a failed item", () => {
    const failure = { code: "EK_CHAIN_UNTRUSTED" };
    const device = makeDevice({ state: DeviceState.FAILED, failure, enrolled: false });
    expect(viewOf(device)).toBe("refused");
  });

  test("puts an unconfirmed power-off above its state", () => {
    const device = makeDevice({ state: DeviceState.SEALING, sealUnconfirmed: true, contact: silent });
    expect(viewOf(device)).toBe("unconfirmed");
  });

  test("does not show green for merely enrolled", () => {
    expect(VIEWS[viewOf(makeDevice({ state: DeviceState.ENROLLED }))].tone).toBe("busy");
  });

  test("calls a state it does not know unknown", () => {
    expect(viewOf(makeDevice({ state: 99 as DeviceState }))).toBe("unknown");
  });
});

describe("elapsed time", () => {
  const startTime = timestampFromMs(NOW - 90_000);

  test("runs with the server's clock while the run does", () => {
    expect(elapsedMs(makeDevice({ progress: { startTime } }), NOW)).toBe(90_000);
  });

  test("stands still once the run has ended", () => {
    const endTime = timestampFromMs(NOW - 30_000);
    expect(elapsedMs(makeDevice({ progress: { startTime, endTime } }), NOW)).toBe(60_000);
  });

  test("is absent before the first run", () => {
    expect(elapsedMs(makeDevice(), NOW)).toBeUndefined();
  });
});
