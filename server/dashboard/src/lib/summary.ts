// SPDX-License-Identifier: Apache-2.0
// Counting and choosing devices for the wall.
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import { compareNatural, shortName } from "./names";
import type { Filter } from "./route";
import { VIEW_ORDER, type View, viewOf } from "./view";

export interface Count {
  view: View;
  count: number;
}

/** Devices per view, what needs a hand first; views without a device are left out. */
export function countViews(devices: Iterable<Device>): Count[] {
  const counts = new Map<View, number>();
  for (const device of devices) {
    const view = viewOf(device);
    counts.set(view, (counts.get(view) ?? 0) + 1);
  }
  return VIEW_ORDER.filter((view) => counts.has(view)).map((view) => ({
    view,
    count: counts.get(view) ?? 0,
  }));
}

/** Whether the device is in the batch and answers to the search, whatever its state. */
export function matchesText(device: Device, filter: Filter): boolean {
  if (filter.batch !== "" && shortName(device.batch) !== filter.batch) return false;
  const query = filter.query.trim().toLowerCase();
  if (query === "") return true;
  return [device.slot, shortName(device.name), device.serialNumber, device.model].some((text) =>
    text.toLowerCase().includes(query),
  );
}

export function batchIds(devices: Iterable<Device>): string[] {
  const ids = new Set<string>();
  for (const device of devices) if (device.batch !== "") ids.add(shortName(device.batch));
  return [...ids].sort(compareNatural);
}
