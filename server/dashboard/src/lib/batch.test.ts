// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { BatchSchema } from "../gen/preseal/batch/v1/batch_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { batchCounts } from "./batch";

function batchWith(refused: number) {
  return create(BatchSchema, {
    name: "batches/PO-7",
    total: 4,
    refused,
    counts: [
      { state: DeviceState.SEALED, count: 1 },
      { state: DeviceState.FAILED, count: 3 },
    ],
  });
}

describe("batchCounts", () => {
  it("tells refused devices from failed ones", () => {
    expect(batchCounts(batchWith(1))).toEqual([
      { view: "failed", count: 2 },
      { view: "refused", count: 1 },
      { view: "sealed", count: 1 },
    ]);
  });

  it("shows no view without a device", () => {
    expect(batchCounts(batchWith(0))).toEqual([
      { view: "failed", count: 3 },
      { view: "sealed", count: 1 },
    ]);
    expect(batchCounts(batchWith(3))).toEqual([
      { view: "refused", count: 3 },
      { view: "sealed", count: 1 },
    ]);
  });

  it("never shows more devices than the batch has", () => {
    const shown = batchCounts(batchWith(1)).reduce((sum, { count }) => sum + count, 0);
    expect(shown).toBe(4);
  });
});
