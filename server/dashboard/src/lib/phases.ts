// SPDX-License-Identifier: Apache-2.0
// Items in the phases and rows of the Enrollment Status Page.
import { type Category, type Item, ItemState, type Phase } from "../gen/preseal/progress/v1/progress_pb";
import { isItemSettled } from "./flow";

export interface PhaseRow {
  category: Category;
  items: Item[];
  done: number;
}

export interface PhaseGroup {
  phase: Phase;
  rows: PhaseRow[];
  total: number;
  done: number;
  failed: number;
}

/** Phases and rows in the order of their enums, items as the server lists them. */
export function groupItems(items: readonly Item[]): PhaseGroup[] {
  const phases = new Map<Phase, PhaseGroup>();
  for (const item of items) {
    const phase = phases.get(item.phase) ?? {
      phase: item.phase,
      rows: [],
      total: 0,
      done: 0,
      failed: 0,
    };
    phases.set(item.phase, phase);
    addItem(phase, item);
  }
  const groups = [...phases.values()].sort((a, b) => a.phase - b.phase);
  for (const group of groups) group.rows.sort((a, b) => a.category - b.category);
  return groups;
}

function addItem(phase: PhaseGroup, item: Item): void {
  let row = phase.rows.find((each) => each.category === item.category);
  if (row === undefined) {
    row = { category: item.category, items: [], done: 0 };
    phase.rows.push(row);
  }
  row.items.push(item);
  phase.total++;
  if (isItemSettled(item)) {
    phase.done++;
    row.done++;
  }
  if (item.state === ItemState.FAILED && item.waiver === undefined) phase.failed++;
}
