// SPDX-License-Identifier: Apache-2.0
// The trace of an attestation, check by check (docs/attestation.md), for the engineer.
import type { AttestationEvidence, Finding } from "../gen/preseal/fleet/v1/fleet_pb";
import { formatDateTime } from "./time";
import { TRACE_GROUPS, TRACE_OTHER, VERDICT_WORDS } from "./words";

export type Verdict = "pass" | "finding" | "fail";

export interface TraceGroup {
  title: string;
  lines: readonly Finding[]; // in the order the checks ran
  counts: Readonly<Record<Verdict, number>>;
}

/** A word this dashboard does not know is a failure: nothing unknown is shown as green. */
export function verdictOf(finding: Finding): Verdict {
  if (finding.verdict === "PASS") return "pass";
  return finding.verdict === "FINDING" ? "finding" : "fail";
}

export function countVerdicts(lines: readonly Finding[]): Record<Verdict, number> {
  const counts = { pass: 0, finding: 0, fail: 0 };
  for (const line of lines) counts[verdictOf(line)]++;
  return counts;
}

/** Groups in the order of their first check. Those without lines are left out. */
export function groupTrace(findings: readonly Finding[]): TraceGroup[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const title = groupOf(finding.number);
    groups.set(title, [...(groups.get(title) ?? []), finding]);
  }
  return [...groups].map(([title, lines]) => ({ title, lines, counts: countVerdicts(lines) }));
}

/** Only what is not green; groups that are all green disappear. */
export function withoutGreen(groups: readonly TraceGroup[]): TraceGroup[] {
  return groups
    .map((group) => ({ ...group, lines: group.lines.filter((line) => verdictOf(line) !== "pass") }))
    .filter((group) => group.lines.length > 0);
}

/** The first check that failed: it decided. */
export function decidingCheck(findings: readonly Finding[]): Finding | undefined {
  return findings.find((finding) => verdictOf(finding) === "fail");
}

export function countsText(counts: Readonly<Record<Verdict, number>>): string {
  const parts = [`${counts.pass} passed`];
  if (counts.finding > 0) parts.push(`${counts.finding} ${counts.finding === 1 ? "finding" : "findings"}`);
  if (counts.fail > 0) parts.push(`${counts.fail} failed`);
  return parts.join(", ");
}

/** For a ticket or a mail: plain text, a line per check. */
export function traceText(device: string, evidence: AttestationEvidence): string {
  const head = [
    `Attestation of ${device}, ${formatDateTime(evidence.decideTime)}`,
    evidence.accepted ? "Accepted" : `Refused: ${evidence.refusalCode}`,
    countsText(countVerdicts(evidence.findings)),
  ];
  const body = groupTrace(evidence.findings).flatMap((group) => [
    "",
    group.title,
    ...group.lines.map(lineText),
  ]);
  return [...head, ...body, ""].join("\n");
}

function lineText(finding: Finding): string {
  const parts = [`${finding.number}`.padStart(4), VERDICT_WORDS[verdictOf(finding)].padEnd(7), finding.check];
  const code = finding.code === "" ? "" : ` [${finding.code}]`;
  const seen = finding.seen === "" ? "" : `\n       seen     ${finding.seen}`;
  const expected = finding.expected === "" ? "" : `\n       expected ${finding.expected}`;
  return `${parts.join("  ")}${code}${verdictOf(finding) === "pass" ? "" : seen + expected}`;
}

function groupOf(number: number): string {
  return TRACE_GROUPS.find(({ from, to }) => number >= from && number <= to)?.title ?? TRACE_OTHER;
}
