// SPDX-License-Identifier: Apache-2.0
import type { Batch } from "../gen/preseal/batch/v1/batch_pb";
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import type { Count } from "./summary";
import { VIEWS, VIEW_ORDER, type View, viewOfState } from "./view";

/**
 * A batch's counts as views, what needs a hand first. Unknown states are added up, never lost. A batch
 * counts states, in which a refused device is a failed one; who sees `devices` sees them apart.
 */
export function batchCounts(batch: Batch, devices: Iterable<Device> = []): Count[] {
  const counts = new Map<View, number>();
  const add = (view: View, count: number) => counts.set(view, (counts.get(view) ?? 0) + count);
  let refused = refusedOf(batch.name, devices);
  for (const { state, count } of batch.counts) {
    // The two come by different ways: never more refused than failed.
    const apart = state === DeviceState.FAILED ? Math.min(refused, count) : 0;
    refused -= apart;
    if (apart > 0) add("refused", apart);
    if (count > apart) add(viewOfState(state), count - apart);
  }
  return VIEW_ORDER.filter((view) => counts.has(view)).map((view) => ({
    view,
    count: counts.get(view) ?? 0,
  }));
}

function refusedOf(batch: string, devices: Iterable<Device>): number {
  let refused = 0;
  for (const device of devices) if (device.batch === batch && viewOfState(device.state, device) === "refused") refused++;
  return refused;
}

export function sealedOf(counts: readonly Count[]): number {
  return counts
    .filter((each) => VIEWS[each.view].tone === "done")
    .reduce((sum, each) => sum + each.count, 0);
}
