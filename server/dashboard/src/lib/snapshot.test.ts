// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type Device, WatchDevicesResponseSchema } from "../gen/preseal/fleet/v1/fleet_pb";
import { makeDevice } from "./fixture";
import { DeviceSnapshot } from "./snapshot";

const device = (id: string, slot = "") => makeDevice({ name: `devices/${id}`, slot });
const message = (devices: Device[], cursor: bigint, snapshotComplete: boolean) =>
  create(WatchDevicesResponseSchema, { devices, cursor, snapshotComplete });
const names = (snapshot: DeviceSnapshot) => [...snapshot.devices.keys()];

test("gathers a snapshot sent in several messages", () => {
  const snapshot = new DeviceSnapshot();
  snapshot.reopen();
  snapshot.apply(message([device("D-1")], 5n, false));
  expect(snapshot.complete).toBe(false);
  snapshot.apply(message([device("D-2")], 9n, true));
  expect(names(snapshot)).toEqual(["devices/D-1", "devices/D-2"]);
  expect(snapshot.complete).toBe(true);
});

test("resumes changes from the last cursor and keeps what it had", () => {
  const snapshot = new DeviceSnapshot();
  snapshot.reopen();
  snapshot.apply(message([device("D-1"), device("D-2")], 9n, true));
  expect(snapshot.reopen()).toBe(9n);
  const change = snapshot.apply(message([device("D-2", "B7")], 12n, true));
  expect([...change.changed]).toEqual(["devices/D-2"]);
  expect(change.removed).toEqual([]);
  expect(snapshot.devices.get("devices/D-2")?.slot).toBe("B7");
  expect(snapshot.reopen()).toBe(12n);
});

test("reads a snapshot that broke off again from the start", () => {
  const snapshot = new DeviceSnapshot();
  snapshot.reopen();
  snapshot.apply(message([device("D-1")], 5n, false));
  expect(snapshot.reopen()).toBe(0n);
});

test("keeps every device when changes since the cursor fill several messages", () => {
  const snapshot = new DeviceSnapshot();
  snapshot.reopen();
  snapshot.apply(message([device("D-1"), device("D-2"), device("D-3")], 9n, true));
  snapshot.reopen();
  snapshot.apply(message([device("D-2", "B7")], 10n, false));
  const change = snapshot.apply(message([device("D-3", "B8")], 11n, true));
  expect(change.removed).toEqual([]);
  expect(names(snapshot)).toEqual(["devices/D-1", "devices/D-2", "devices/D-3"]);
  expect(snapshot.cursor).toBe(11n);
});

test("forgets what only a broken-off snapshot named", () => {
  const snapshot = new DeviceSnapshot();
  snapshot.reopen();
  snapshot.apply(message([device("D-1")], 5n, false));
  snapshot.reopen();
  const change = snapshot.apply(message([device("D-2")], 9n, true));
  expect(change.removed).toEqual(["devices/D-1"]);
  expect(names(snapshot)).toEqual(["devices/D-2"]);
});

test("takes an empty floor for complete", () => {
  const snapshot = new DeviceSnapshot();
  snapshot.reopen();
  snapshot.apply(message([], 0n, true));
  expect(snapshot.complete).toBe(true);
});
