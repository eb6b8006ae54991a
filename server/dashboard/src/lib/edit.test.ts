// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { changeOf, formOf, readAttributes } from "./edit";
import { makeDevice } from "./fixture";

const device = makeDevice({ assignedUser: "ada@example.org", groupTag: "sales", attributes: { site: "Graz", floor: "2" } });

describe("changeOf", () => {
  it("sends nothing when nothing changed", () => {
    expect(changeOf(device, formOf(device))).toBeUndefined();
  });

  it("sends the one field that changed and leaves the others out", () => {
    const change = changeOf(device, { ...formOf(device), assignedUser: " grace@example.org " });
    expect(change).toEqual({ name: device.name, assignedUser: "grace@example.org" });
  });

  it("takes a user away by an empty field", () => {
    expect(changeOf(device, { ...formOf(device), assignedUser: "" })?.assignedUser).toBe("");
  });

  it("sends a changed and a new attribute, and a removed one with an empty value", () => {
    const change = changeOf(device, { ...formOf(device), attributes: "site=Wien\nrole=till" });
    expect(change?.setAttributes).toEqual([
      { key: "site", value: "Wien" },
      { key: "role", value: "till" },
      { key: "floor", value: "" },
    ]);
  });
});

describe("readAttributes", () => {
  it.each([["site"], ["=Graz"], ["site="], ["site=Graz\nsite=Wien"]])("refuses %j", (text) => {
    expect(readAttributes(text).problem).not.toBe("");
  });

  it("keeps further equals signs in the value", () => {
    expect(readAttributes("rule=a=b").attributes.get("rule")).toBe("a=b");
  });
});
