// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { DurationSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { Role } from "../gen/preseal/auth/v1/auth_pb";
import { Action, DeviceSchema } from "../gen/preseal/fleet/v1/fleet_pb";
import { TimeAttributionSchema, TimePart_Kind } from "../gen/preseal/flow/v1/flow_pb";
import { ItemSchema, ItemState, WaitSchema, Wait_Kind, WaiverSchema } from "../gen/preseal/progress/v1/progress_pb";
import { sharesOf } from "./attribution";
import { countText, isAsking, isItemSettled, waitText } from "./flow";
import { mayWaive, offered } from "./flow_actions";
import { groupItems } from "./phases";

const seconds = (n: number) => create(DurationSchema, { seconds: BigInt(n) });
const NOW = 1_800_000_000_000;

describe("waitText", () => {
  it("names the owner, the place, since when and until when", () => {
    const wait = create(WaitSchema, {
      kind: Wait_Kind.TOKEN, owner: "download", place: 3, startTime: timestampFromMs(NOW - 42_000), limit: seconds(3600),
    });
    expect(waitText(wait, NOW)).toBe("Waiting for its turn to download: download (place 3), 0:42 of at most 1:00:00");
  });

  it("never shows a negative wait when clocks disagree", () => {
    const wait = create(WaitSchema, { kind: Wait_Kind.PROMPT, startTime: timestampFromMs(NOW + 5_000) });
    expect(waitText(wait, NOW)).toBe("Waiting for an answer, 0.0 s");
  });
});

describe("items", () => {
  const failed = create(ItemSchema, { itemId: "app", state: ItemState.FAILED });

  it("count a waived failure as settled, and as no failure of its phase", () => {
    const waived = create(ItemSchema, { ...failed, waiver: create(WaiverSchema, { actor: "lead", reason: "known" }) });
    expect(isItemSettled(failed)).toBe(false);
    expect(isItemSettled(waived)).toBe(true);
    expect(groupItems([waived])[0]).toMatchObject({ done: 1, failed: 0 });
    expect(groupItems([failed])[0]).toMatchObject({ done: 0, failed: 1 });
  });

  it("show n of m only when they are counted", () => {
    expect(countText(create(ItemSchema, { done: 9n, total: 10n }))).toBe("9 of 10");
    expect(countText(create(ItemSchema, { percent: 40 }))).toBe("");
  });

  it("ask only while a prompt is waited for", () => {
    const wait = create(WaitSchema, { kind: Wait_Kind.PROMPT });
    expect(isAsking(create(ItemSchema, { state: ItemState.IN_PROGRESS, wait }))).toBe(true);
    expect(isAsking(create(ItemSchema, { state: ItemState.SUCCEEDED, wait }))).toBe(false);
  });
});

describe("actions", () => {
  const device = create(DeviceSchema, { actions: [Action.HOLD, Action.RESET, Action.WAIVE] });

  it("are those the server offers", () => {
    expect(offered(device, Role.LEAD).map(({ action }) => action)).toEqual(["hold", "reset"]);
  });

  it("leave a lead's decisions to leads", () => {
    expect(offered(device, Role.OPERATOR).map(({ action }) => action)).toEqual(["hold"]);
    expect(mayWaive(device, Role.OPERATOR)).toBe(false);
    expect(mayWaive(device, Role.LEAD)).toBe(true);
  });

  it("are none for an auditor", () => {
    expect(offered(device, Role.AUDITOR)).toEqual([]);
    expect(mayWaive(device, Role.AUDITOR)).toBe(false);
  });
});

describe("sharesOf", () => {
  it("adds up to the wall clock, the remainder last", () => {
    const shares = sharesOf(create(TimeAttributionSchema, {
      wallClock: seconds(100),
      remainder: seconds(10),
      criticalPath: ["office"],
      parts: [
        { kind: TimePart_Kind.REBOOT, duration: seconds(20) },
        { kind: TimePart_Kind.ITEM, itemId: "office", displayName: "Office suite", duration: seconds(70) },
      ],
    }));
    expect(shares.map(({ label }) => label)).toEqual(["Office suite", "Restarts", "Not attributed"]);
    expect(shares.reduce((sum, { percent }) => sum + percent, 0)).toBeCloseTo(100);
    expect(shares[0]?.critical).toBe(true);
  });
});
