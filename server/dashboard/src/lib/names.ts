// SPDX-License-Identifier: Apache-2.0
// Resource names ("devices/D-1042", "batches/PO-7", "devices/D-1042/runs/2") and their order.

/** The last part of a resource name: what people call the thing. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

export function deviceName(id: string): string {
  return `devices/${id}`;
}

export function batchName(id: string): string {
  return `batches/${id}`;
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** "A2" before "A10"; the order a person reads a bench in. */
export function compareNatural(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Wall order: by slot, devices without a slot last, then by device id. */
export function compareBySlot(
  a: { slot: string; name: string },
  b: { slot: string; name: string },
): number {
  if ((a.slot === "") !== (b.slot === "")) return a.slot === "" ? 1 : -1;
  return compareNatural(a.slot, b.slot) || compareNatural(a.name, b.name);
}
