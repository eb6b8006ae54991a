// SPDX-License-Identifier: Apache-2.0
// Finding words in a file that is read part by part. Pure.

export interface FoundLine {
  number: number; // from 1, within what was read
  text: string;
  hit: boolean;
}

/** The lines of `text`; all of them without a query, else those that contain it, whatever the case. */
export function findLines(text: string, query: string, linesMax: number): { lines: FoundLine[]; hits: number } {
  const wanted = query.trim().toLowerCase();
  const lines: FoundLine[] = [];
  let hits = 0;
  const all = text.split("\n");
  if (all.at(-1) === "") all.pop();
  all.forEach((line, index) => {
    const hit = wanted !== "" && line.toLowerCase().includes(wanted);
    if (hit) hits++;
    if ((wanted === "" || hit) && lines.length < linesMax) lines.push({ number: index + 1, text: line, hit });
  });
  return { lines, hits };
}

/** "512 B", "3.4 KiB", "16.0 MiB". */
export function formatBytes(bytes: bigint | number): string {
  const count = Number(bytes);
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / (1024 * 1024)).toFixed(1)} MiB`;
}

/** How sure a rule is, in a word a person can act on. */
export function confidenceWord(confidence: number): string {
  if (confidence >= 90) return "almost certain";
  if (confidence >= 70) return "likely";
  if (confidence >= 40) return "possible";
  return "a guess";
}
