// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { BatchSchema } from "../gen/preseal/batch/v1/batch_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { batchCounts } from "./batch";
import { makeDevice } from "./fixture";

const BATCH = create(BatchSchema, {
  name: "batches/PO-7",
  total: 4,
  counts: [
    { state: DeviceState.SEALED, count: 1 },
    { state: DeviceState.FAILED, count: 3 },
  ],
});
const refused = makeDevice({ state: DeviceState.FAILED, enrolled: false, failure: { code: "EK_CHAIN_UNTRUSTED", itemId: "" } });
const failed = makeDevice({ state: DeviceState.FAILED, failure: { code: "VERIFY_FAILED", itemId: "netbase" } });

describe("batchCounts", () => {
  it("tells refused devices from failed ones where devices are seen", () => {
    expect(batchCounts(BATCH, [refused, failed])).toEqual([
      { view: "failed", count: 2 },
      { view: "refused", count: 1 },
      { view: "sealed", count: 1 },
    ]);
  });

  it("counts by state alone where they are not", () => {
    expect(batchCounts(BATCH)).toEqual([
      { view: "failed", count: 3 },
      { view: "sealed", count: 1 },
    ]);
  });

  it("leaves out refused devices of another batch", () => {
    expect(batchCounts(BATCH, [{ ...refused, batch: "batches/PO-8" }])[0]).toEqual({ view: "failed", count: 3 });
  });

  it("never shows more devices than the batch has", () => {
    expect(batchCounts(BATCH, [refused, refused, refused, refused])[0]).toEqual({ view: "refused", count: 3 });
  });
});
