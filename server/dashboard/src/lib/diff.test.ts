// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { diffLines } from "./diff";

const shown = (before: string, after: string) => diffLines(before, after).map(({ sign, text }) => `${sign}${text}`);

describe("diffLines", () => {
  it("keeps what is common and marks what is not", () => {
    expect(shown("a\nb\nc\n", "a\nx\nc\n")).toEqual([" a", "-b", "+x", " c"]);
  });

  it("shows all of a first version as added", () => {
    expect(shown("", "a\nb\n")).toEqual(["+a", "+b"]);
  });

  it("finds an insertion in the middle without touching its neighbours", () => {
    expect(shown("a\nc", "a\nb\nc")).toEqual([" a", "+b", " c"]);
  });

  it("gives both texts back whole when they are too long to compare", () => {
    const before = Array.from({ length: 3_000 }, (_, i) => `b${i}`).join("\n");
    const after = Array.from({ length: 3_000 }, (_, i) => `a${i}`).join("\n");
    const lines = diffLines(before, after);
    expect(lines.filter(({ sign }) => sign === "-")).toHaveLength(3_000);
    expect(lines.filter(({ sign }) => sign === "+")).toHaveLength(3_000);
  });
});
