// SPDX-License-Identifier: Apache-2.0
// Editing what a person may change of a device: only what differs is sent. Pure.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import type { UpdateDeviceRequestSchema } from "../gen/preseal/flow/v1/flow_pb";

export interface DeviceForm {
  assignedUser: string;
  groupTag: string;
  slot: string;
  attributes: string; // one "key=value" a line
}

export function formOf(device: Device): DeviceForm {
  const lines = Object.entries(device.attributes).map(([key, value]) => `${key}=${value}`);
  return { assignedUser: device.assignedUser, groupTag: device.groupTag, slot: device.slot, attributes: lines.sort().join("\n") };
}

/** The attributes as written, or the first line that is none. */
export function readAttributes(text: string): { attributes: Map<string, string>; problem: string } {
  const attributes = new Map<string, string>();
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "") continue;
    const at = line.indexOf("=");
    const key = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    if (at < 1 || value === "") return { attributes, problem: `"${line}" is not key=value.` };
    if (attributes.has(key)) return { attributes, problem: `"${key}" stands there twice.` };
    attributes.set(key, value);
  }
  return { attributes, problem: "" };
}

/** What to send; undefined if nothing changed. A key that went is sent with an empty value. */
export function changeOf(device: Device, form: DeviceForm): MessageInitShape<typeof UpdateDeviceRequestSchema> | undefined {
  const change: MessageInitShape<typeof UpdateDeviceRequestSchema> = { name: device.name };
  if (form.assignedUser.trim() !== device.assignedUser) change.assignedUser = form.assignedUser.trim();
  if (form.groupTag.trim() !== device.groupTag) change.groupTag = form.groupTag.trim();
  if (form.slot.trim() !== device.slot) change.slot = form.slot.trim();
  const wanted = readAttributes(form.attributes).attributes;
  const set = [...wanted].filter(([key, value]) => device.attributes[key] !== value).map(([key, value]) => ({ key, value }));
  const gone = Object.keys(device.attributes).filter((key) => !wanted.has(key)).map((key) => ({ key, value: "" }));
  if (set.length + gone.length > 0) change.setAttributes = [...set, ...gone];
  return Object.keys(change).length > 1 ? change : undefined;
}
