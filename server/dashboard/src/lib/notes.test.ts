// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { Command_Kind, Command_State, Contact_State } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { Wait_Kind, WaitSchema } from "../gen/preseal/progress/v1/progress_pb";
import { makeDevice, NOW } from "./fixture";
import { backText, noteOf } from "./notes";

function wait(kind: Wait_Kind, owner = "") {
  const limit = { seconds: 600n, nanos: 0 };
  return create(WaitSchema, { kind, owner, startTime: timestampFromMs(NOW - 60_000), limit });
}

describe("noteOf", () => {
  it("says nothing of a run that nothing holds up", () => {
    expect(noteOf(makeDevice(), NOW)).toBeUndefined();
  });

  it("puts a hold before every wait, with who holds it", () => {
    const device = makeDevice({ held: true, wait: wait(Wait_Kind.HOLD, "grace") });
    expect(noteOf(device, NOW)).toEqual({ kind: "held", word: "On hold", text: "Held by grace." });
  });

  it("tells a stall from a wait", () => {
    expect(noteOf(makeDevice({ wait: wait(Wait_Kind.TOKEN) }), NOW)?.kind).toBe("waiting");
    expect(noteOf(makeDevice({ wait: wait(Wait_Kind.DEVICE) }), NOW)?.kind).toBe("stalled");
  });

  it("never calls a device stalled that is not heard at all", () => {
    const device = makeDevice({ wait: wait(Wait_Kind.DEVICE), contact: { state: Contact_State.SILENT } });
    expect(noteOf(device, NOW)?.kind).toBe("unheard");
  });

  it("calls a restart late once its time is over, not before", () => {
    const device = makeDevice({ wait: wait(Wait_Kind.REBOOT) });
    expect(noteOf(device, NOW)?.kind).toBe("restarting");
    expect(noteOf(device, NOW + 540_001)?.kind).toBe("late");
  });

  it("asks for a person's answer by its own word", () => {
    expect(noteOf(makeDevice({ wait: wait(Wait_Kind.PROMPT) }), NOW)?.word).toBe("Needs an answer");
  });
});

describe("noteOf a hold the device has not confirmed", () => {
  function asked(kind: Command_Kind, state = Command_State.QUEUED) {
    return { state: DeviceState.PROVISIONING, lastCommand: { kind, state, actor: "grace" } };
  }

  it("says at once that a hold is asked, and by whom", () => {
    const note = noteOf(makeDevice(asked(Command_Kind.HOLD)), NOW);
    expect(note).toEqual({ kind: "hold-asked", word: "Hold asked", text: "Asked by grace; the device has not confirmed it yet." });
    expect(noteOf(makeDevice({ ...asked(Command_Kind.HOLD), wait: wait(Wait_Kind.TOKEN) }), NOW)?.kind).toBe("hold-asked");
  });

  it("says at once that a resume is asked", () => {
    expect(noteOf(makeDevice({ ...asked(Command_Kind.RESUME), held: true }), NOW)?.kind).toBe("resume-asked");
  });

  it("speaks of what is, once the device has answered", () => {
    expect(noteOf(makeDevice({ ...asked(Command_Kind.HOLD, Command_State.DELIVERED), held: true }), NOW)?.kind).toBe("held");
    expect(noteOf(makeDevice(asked(Command_Kind.HOLD, Command_State.FAILED)), NOW)).toBeUndefined();
    expect(noteOf(makeDevice(asked(Command_Kind.HOLD, Command_State.VERIFIED)), NOW)).toBeUndefined();
    expect(noteOf(makeDevice(asked(Command_Kind.RESUME)), NOW)).toBeUndefined();
  });

  it("is silent once the run is over", () => {
    expect(noteOf(makeDevice({ ...asked(Command_Kind.HOLD), state: DeviceState.READY_TO_SEAL }), NOW)).toBeUndefined();
  });
});

describe("backText", () => {
  it("is empty unless the device restarts", () => {
    expect(backText(wait(Wait_Kind.TOKEN), NOW)).toBe("");
    expect(backText(undefined, NOW)).toBe("");
  });

  it("names the time it is expected by, also when that is over", () => {
    expect(backText(wait(Wait_Kind.REBOOT), NOW)).toMatch(/^Expected back by \d\d:\d\d:\d\d\.$/);
    expect(backText(wait(Wait_Kind.REBOOT), NOW + 600_000)).toMatch(/^It was expected back by/);
  });
});
