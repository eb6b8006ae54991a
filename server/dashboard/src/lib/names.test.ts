// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { compareBySlot, shortName } from "./names";

test("takes the last part of a resource name", () => {
  expect(shortName("devices/D-1042/runs/2")).toBe("2");
  expect(shortName("D-1042")).toBe("D-1042");
});

test("orders slots as people count and puts devices without a slot last, by id", () => {
  const device = (slot: string, id: string) => ({ slot, name: `devices/${id}` });
  const wall = [
    device("", "D-10"),
    device("A10", "D-1"),
    device("", "D-9"),
    device("A2", "D-2"),
    device("A2", "D-1"),
  ].sort(compareBySlot);
  expect(wall.map((each) => `${each.slot} ${each.name.slice(8)}`)).toEqual([
    "A2 D-1",
    "A2 D-2",
    "A10 D-1",
    " D-9",
    " D-10",
  ]);
});
