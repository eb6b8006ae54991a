// SPDX-License-Identifier: Apache-2.0
// Devices for tests: a good one, of which a test spoils one thing.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Contact_State, type Device, DeviceSchema } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";

export const NOW = 1_800_000_000_000;

export function makeDevice(fields: MessageInitShape<typeof DeviceSchema> = {}): Device {
  const good: MessageInitShape<typeof DeviceSchema> = {
    name: "devices/D-1042",
    serialNumber: "SN-77",
    slot: "A1",
    batch: "batches/PO-7",
    state: DeviceState.ENROLLED,
    stateTime: timestampFromMs(NOW - 60_000),
    enrolled: true,
    contact: { state: Contact_State.CONNECTED, lastTime: timestampFromMs(NOW - 1_000) },
  };
  return create(DeviceSchema, { ...good, ...fields } as MessageInitShape<typeof DeviceSchema>);
}
