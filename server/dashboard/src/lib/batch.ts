// SPDX-License-Identifier: Apache-2.0
import type { Batch } from "../gen/preseal/batch/v1/batch_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import type { Count } from "./summary";
import { VIEWS, VIEW_ORDER, type View, viewOfState } from "./view";

/**
 * A batch's counts as views, what needs a hand first. Unknown states are added up, never lost. By its
 * state a refused device is a failed one; the server counts them apart, for who sees no devices, too.
 */
export function batchCounts(batch: Batch): Count[] {
  const counts = new Map<View, number>();
  const add = (view: View, count: number) => {
    if (count > 0) counts.set(view, (counts.get(view) ?? 0) + count);
  };
  for (const { state, count } of batch.counts) {
    const refused = state === DeviceState.FAILED ? batch.refused : 0;
    add("refused", refused);
    add(viewOfState(state), count - refused);
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
