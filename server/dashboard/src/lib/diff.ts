// SPDX-License-Identifier: Apache-2.0
// Lines that differ between two texts, by the longest common subsequence. Pure.

export interface DiffLine {
  sign: "+" | "-" | " ";
  text: string;
}

/** More cells than this and the whole is shown as replaced: a person cannot read it anyway. */
const CELLS_MAX = 4_000_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const a = linesOf(before);
  const b = linesOf(after);
  if (a.length * b.length > CELLS_MAX) {
    return [...a.map((text) => line("-", text)), ...b.map((text) => line("+", text))];
  }
  const common = commonLengths(a, b);
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left !== undefined && left === right) {
      out.push(line(" ", left));
      i++;
      j++;
    } else if (right === undefined || (left !== undefined && at(common, i + 1, j) >= at(common, i, j + 1))) {
      out.push(line("-", left ?? ""));
      i++;
    } else {
      out.push(line("+", right));
      j++;
    }
  }
  return out;
}

function line(sign: DiffLine["sign"], text: string): DiffLine {
  return { sign, text };
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  return text.replace(/\n$/, "").split("\n");
}

function at(table: readonly Uint32Array[], i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}

/** Length of the longest common subsequence of a[i..] and b[j..]. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i] as Uint32Array;
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] = a[i] === b[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1));
    }
  }
  return table;
}
