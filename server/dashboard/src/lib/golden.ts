// SPDX-License-Identifier: Apache-2.0
// Golden PCR sets: which need a decision, who may take it, and where variants of a model differ.
import { Role } from "../gen/preseal/auth/v1/auth_pb";
import { type GoldenSet, GoldenSet_State } from "../gen/preseal/identity/v1/identity_pb";
import type { Verdict } from "./actions";
import { mayDecide } from "./decisions";
import { toHex } from "./hex";
import { compareNatural } from "./names";
import { GOLDEN, bankWord } from "./words";

export interface GoldenModel {
  key: string;
  manufacturer: string;
  model: string;
  sets: GoldenSet[]; // by variant
  proposed: number;
}

/** Models with a proposal first, then by name; a model's name is compared without case. */
export function byModel(sets: readonly GoldenSet[]): GoldenModel[] {
  const found = new Map<string, GoldenModel>();
  for (const set of sets) {
    const { manufacturer, model } = set;
    const key = JSON.stringify([manufacturer.toLowerCase(), model.toLowerCase()]);
    const entry = found.get(key) ?? { key, manufacturer, model, sets: [], proposed: 0 };
    entry.sets.push(set);
    if (set.state === GoldenSet_State.PROPOSED) entry.proposed++;
    found.set(key, entry);
  }
  for (const model of found.values()) model.sets.sort((a, b) => a.variant - b.variant || compareNatural(a.name, b.name));
  return [...found.values()].sort(
    (a, b) =>
      Number(b.proposed > 0) - Number(a.proposed > 0) ||
      compareNatural(`${a.manufacturer} ${a.model}`, `${b.manufacturer} ${b.model}`),
  );
}

/** What waits for a decision, then what counts, then what counted. */
export function proposedFirst(sets: readonly GoldenSet[]): GoldenSet[] {
  return sets.toSorted((a, b) => a.state - b.state);
}

/** Whether `person` may approve `set` now: two different people must. */
export function judgeApproval(set: GoldenSet, role: Role | undefined, person: string): Verdict {
  if (!mayDecide(role)) return { allowed: false, reason: GOLDEN.notYours };
  if (set.state !== GoldenSet_State.PROPOSED) return { allowed: false, reason: GOLDEN.decided };
  if (set.firstApprover !== "" && set.firstApprover === person) {
    return { allowed: false, reason: GOLDEN.samePerson };
  }
  return { allowed: true, reason: "" };
}

export interface GoldenRow {
  bank: string;
  pcr: number;
  values: (string | undefined)[]; // hex, one per set; undefined if the set has none
  differs: boolean;
}

/** A row per bank and PCR any of `sets` names, in order of bank and PCR. */
export function compareValues(sets: readonly GoldenSet[]): GoldenRow[] {
  const rows = new Map<string, GoldenRow & { algorithm: number }>();
  sets.forEach((set, column) => {
    for (const { hashAlgorithm, pcr, value } of set.values) {
      const key = `${hashAlgorithm} ${pcr}`;
      const row = rows.get(key) ?? {
        algorithm: hashAlgorithm,
        bank: bankWord(hashAlgorithm),
        pcr,
        values: sets.map(() => undefined),
        differs: false,
      };
      row.values[column] = toHex(value);
      rows.set(key, row);
    }
  });
  return [...rows.values()]
    .map(({ algorithm, ...row }) => ({ algorithm, row: { ...row, differs: new Set(row.values).size > 1 } }))
    .sort((a, b) => a.algorithm - b.algorithm || a.row.pcr - b.row.pcr)
    .map(({ row }) => row);
}
