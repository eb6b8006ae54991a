// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { confidenceWord, findLines, formatBytes } from "./search";

const TEXT = "started\nE: No space left\nretrying\ne: no route\n";

describe("findLines", () => {
  it("gives every line without a query, and no line more", () => {
    expect(findLines(TEXT, " ", 100)).toMatchObject({ hits: 0, lines: [{ number: 1 }, { number: 2 }, { number: 3 }, { number: 4 }] });
  });

  it("keeps the numbers of the lines it finds, whatever the case", () => {
    const { lines, hits } = findLines(TEXT, "e: NO", 100);
    expect(hits).toBe(2);
    expect(lines).toEqual([
      { number: 2, text: "E: No space left", hit: true },
      { number: 4, text: "e: no route", hit: true },
    ]);
  });

  it("shows no more than asked for and still counts all", () => {
    const { lines, hits } = findLines(TEXT, "no", 1);
    expect([lines.length, hits]).toEqual([1, 2]);
  });
});

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1_572_864n, "1.5 MiB"],
  ])("says %s as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("confidenceWord", () => {
  it.each([
    [100, "almost certain"],
    [89, "likely"],
    [40, "possible"],
    [1, "a guess"],
  ])("says %s as %s", (confidence, word) => expect(confidenceWord(confidence)).toBe(word));
});
