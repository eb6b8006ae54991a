// SPDX-License-Identifier: Apache-2.0
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { formatAge, formatDuration, formatElapsed, toMs } from "./time";

test("keeps milliseconds of a timestamp and the absence of one", () => {
  expect(toMs(timestampFromMs(1_234_567))).toBe(1_234_567);
  expect(toMs(undefined)).toBeUndefined();
});

test("counts a run in minutes, then hours, never below zero", () => {
  expect(formatElapsed(7_900)).toBe("0:07");
  expect(formatElapsed(751_000)).toBe("12:31");
  expect(formatElapsed(3_725_000)).toBe("1:02:05");
  expect(formatElapsed(-3_000)).toBe("0:00");
});

test("tells an age in the unit a person would use", () => {
  expect(formatAge(42_999)).toBe("42 s");
  expect(formatAge(100_000)).toBe("1 min");
  expect(formatAge(6_000_000)).toBe("1 h");
  expect(formatAge(200 * 3_600_000)).toBe("8 d");
});

test("tells short steps apart by a tenth of a second", () => {
  expect(formatDuration(340)).toBe("0.3 s");
  expect(formatDuration(9_949)).toBe("9.9 s");
  expect(formatDuration(9_950)).toBe("0:09");
});
