// SPDX-License-Identifier: Apache-2.0
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { Role } from "../gen/preseal/auth/v1/auth_pb";
import { Command_Kind, Command_State, Contact_State } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { ACTIONS, type Action, judge, nextAction } from "./actions";
import { planBulk } from "./bulk";
import { NOW, makeDevice } from "./fixture";

const ALLOWED: Partial<Record<DeviceState, Action>> = {
  [DeviceState.ENROLLED]: "start",
  [DeviceState.FAILED]: "retry",
  [DeviceState.READY_TO_SEAL]: "reseal",
};

describe("allowed actions", () => {
  const states = Object.values(DeviceState).filter((state) => typeof state === "number");
  for (const state of states as DeviceState[]) {
    for (const action of ACTIONS) {
      test(`${DeviceState[state]}: ${action}`, () => {
        const verdict = judge(action, makeDevice({ state }), Role.OPERATOR);
        expect(verdict.allowed).toBe(ALLOWED[state] === action);
        if (!verdict.allowed) expect(verdict.reason).not.toBe("");
      });
    }
    test(`${DeviceState[state]}: next`, () => {
      expect(nextAction(makeDevice({ state }))).toBe(ALLOWED[state]);
    });
  }

  test.each([Role.AUDITOR, Role.RESELLER, Role.UNSPECIFIED, undefined])("role %s may only look", (role) => {
    expect(judge("start", makeDevice(), role).allowed).toBe(false);
  });

  const started = (state: Command_State, ageMs: number) =>
    makeDevice({
      lastCommand: { kind: Command_Kind.START, state, createTime: timestampFromMs(NOW - ageMs) },
    });

  test("does not offer a command that is on its way", () => {
    expect(judge("start", started(Command_State.DELIVERED, 1_000), Role.LEAD).allowed).toBe(false);
  });

  test("offers it again after the command failed", () => {
    expect(judge("start", started(Command_State.FAILED, 1_000), Role.LEAD).allowed).toBe(true);
  });

  test("ignores a command from before the device entered its state", () => {
    expect(judge("start", started(Command_State.ACCEPTED, 120_000), Role.LEAD).allowed).toBe(true);
  });

  test("says before a click that a silent device will answer later", () => {
    const contact = { state: Contact_State.SILENT };
    const verdict = judge("start", makeDevice({ contact }), Role.LEAD);
    expect(verdict).toMatchObject({ allowed: true, reason: expect.stringContaining("silent") });
  });
});

test("a bulk plan names everyone who cannot, with the reason", () => {
  const ready = makeDevice({ name: "devices/D-1", state: DeviceState.READY_TO_SEAL });
  const running = makeDevice({
    name: "devices/D-2",
    state: DeviceState.PROVISIONING,
    progress: { itemsDone: 3, itemsTotal: 7 },
  });
  const plan = planBulk("reseal", [ready, running], Role.OPERATOR);
  expect(plan.able.map((row) => row.device.name)).toEqual(["devices/D-1"]);
  expect(plan.unable.map((row) => [row.device.name, row.note])).toEqual([
    ["devices/D-2", "Items are still open (3 of 7)."],
  ]);
});
