// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BatchSchema } from "../gen/preseal/batch/v1/batch_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { Category, ItemState, type Item, ItemSchema, Phase } from "../gen/preseal/progress/v1/progress_pb";
import { batchCounts, sealedOf } from "./batch";
import { makeDevice } from "./fixture";
import { neighbour } from "./neighbour";
import { newPasswordProblem } from "./password";
import { groupItems } from "./phases";
import { parseRoute, wallAddress } from "./route";
import { countViews, matchesText } from "./summary";

test("keeps filters in the address and reads them back", () => {
  const filter = { batch: "PO-7.1", query: "a b&c", view: "silent" as const };
  const address = new URL(wallAddress(filter), "https://x");
  expect(parseRoute(address)).toEqual({ page: "wall", filter });
});

test("reads a device's address, the one on its label", () => {
  expect(parseRoute({ pathname: "/devices/D-1042", search: "" })).toEqual({ page: "device", id: "D-1042" });
  expect(parseRoute({ pathname: "/trust/", search: "" })).toEqual({ page: "trust" });
  expect(parseRoute({ pathname: "/nowhere", search: "" }).page).toBe("lost");
});

test("counts views with what needs a hand first", () => {
  const counts = countViews([
    makeDevice({ state: DeviceState.SEALED }),
    makeDevice({ state: DeviceState.FAILED }),
    makeDevice({ state: DeviceState.SEALED }),
  ]);
  expect(counts).toEqual([{ view: "failed", count: 1 }, { view: "sealed", count: 2 }]);
});

test("finds a device by part of its serial, in any case, within its batch only", () => {
  const device = makeDevice({ serialNumber: "SN-77AB" });
  const filter = { batch: "PO-7", query: "77ab", view: undefined };
  expect(matchesText(device, filter)).toBe(true);
  expect(matchesText(device, { ...filter, query: "78" })).toBe(false);
  expect(matchesText(device, { ...filter, batch: "PO-70" })).toBe(false);
});

test("sums a batch from its states", () => {
  const counts = batchCounts(
    create(BatchSchema, {
      counts: [
        { state: DeviceState.SEALED, count: 4 },
        { state: DeviceState.IN_SERVICE, count: 2 },
        { state: DeviceState.FAILED, count: 1 },
      ],
    }),
  );
  expect(counts[0]).toEqual({ view: "failed", count: 1 });
  expect(sealedOf(counts)).toBe(6);
});

test("groups items by phase and row and counts what is done", () => {
  const item = (itemId: string, phase: Phase, category: Category, state: ItemState): Item =>
    create(ItemSchema, { itemId, phase, category, state });
  const groups = groupItems([
    item("app", Phase.DEVICE_SETUP, Category.APPS, ItemState.FAILED),
    item("policy", Phase.DEVICE_SETUP, Category.POLICIES, ItemState.NOT_REQUIRED),
    item("attest", Phase.DEVICE_PREPARATION, Category.HARDWARE, ItemState.SUCCEEDED),
  ]);
  expect(groups.map((group) => [group.phase, group.done, group.total, group.failed])).toEqual([
    [Phase.DEVICE_PREPARATION, 1, 1, 0],
    [Phase.DEVICE_SETUP, 1, 2, 1],
  ]);
  expect(groups[1]?.rows.map((row) => row.category)).toEqual([Category.POLICIES, Category.APPS]);
});

test("arrow keys move by row and column and stay on the board", () => {
  // Two rows of three, the second one short.
  const boxes = [0, 1, 2, 3, 4].map((index) => ({ left: (index % 3) * 100, top: Math.floor(index / 3) * 80 }));
  expect(neighbour(boxes, 0, "ArrowRight")).toBe(1);
  expect(neighbour(boxes, 1, "ArrowDown")).toBe(4);
  expect(neighbour(boxes, 2, "ArrowDown")).toBe(4);
  expect(neighbour(boxes, 4, "ArrowUp")).toBe(1);
  expect(neighbour(boxes, 0, "ArrowUp")).toBe(0);
  expect(neighbour(boxes, 4, "ArrowRight")).toBe(4);
});

test("judges a new password before the server must", () => {
  const good = "a sentence is fine";
  expect(newPasswordProblem(good, good, "old")).toBe("");
  expect(newPasswordProblem("short", "short", "old")).toContain("12");
  expect(newPasswordProblem(good, `${good}!`, "old")).toContain("match");
  expect(newPasswordProblem(good, good, good)).toContain("one-time");
});
