// SPDX-License-Identifier: Apache-2.0
import type { Batch } from "../gen/preseal/batch/v1/batch_pb";
import type { Count } from "./summary";
import { VIEWS, VIEW_ORDER, type View, viewOfState } from "./view";

/** A batch's counts as views, what needs a hand first. Unknown states are added up, never lost. */
export function batchCounts(batch: Batch): Count[] {
  const counts = new Map<View, number>();
  for (const { state, count } of batch.counts) {
    const view = viewOfState(state);
    counts.set(view, (counts.get(view) ?? 0) + count);
  }
  return VIEW_ORDER.filter((view) => counts.has(view)).map((view) => ({
    view,
    count: counts.get(view) ?? 0,
  }));
}

export function sealedOf(counts: readonly Count[]): number {
  return counts
    .filter((each) => VIEWS[each.view].tone === "done")
    .reduce((sum, each) => sum + each.count, 0);
}
