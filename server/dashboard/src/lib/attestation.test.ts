// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { Role } from "../gen/preseal/auth/v1/auth_pb";
import { AttestationEvidenceSchema, FindingSchema } from "../gen/preseal/fleet/v1/fleet_pb";
import { GoldenSetSchema, GoldenSet_State, IdentitySchema, WaitingTpm_Kind } from "../gen/preseal/identity/v1/identity_pb";
import { DeviceState } from "../gen/preseal/lifecycle/v1/lifecycle_pb";
import { attemptsText, attestationOf } from "./attestation";
import { type Decision, judgeDecision, presentTpm } from "./decisions";
import { NOW, makeDevice } from "./fixture";
import { byModel, compareValues, judgeApproval, proposedFirst } from "./golden";
import { REASON_BYTES_MAX, reasonProblem } from "./reason";
import { decidingCheck, groupTrace, traceText, verdictOf, withoutGreen } from "./trace";

const refusal = { code: "EK_EXPIRED", message: "The TPM's certificate has expired.", remedy: "Check the server's clock." };

describe("what the technician reads", () => {
  test("is the refusal's own sentence and remedy", () => {
    const view = attestationOf(makeDevice({ state: DeviceState.FAILED, enrolled: false, failure: refusal }));
    expect(view).toEqual({ standing: "refused", code: "EK_EXPIRED", sentence: refusal.message, next: refusal.remedy });
  });

  test("does not call an item that failed a refusal", () => {
    const failure = { ...refusal, itemId: "netbase" };
    expect(attestationOf(makeDevice({ state: DeviceState.FAILED, failure })).standing).toBe("proved");
  });

  test("says something to do for a blocked device that names no reason", () => {
    const view = attestationOf(makeDevice({ state: DeviceState.BLOCKED }));
    expect(view.standing).toBe("blocked");
    expect(view.next).not.toBe("");
  });

  test("puts quarantine above the lab, and never calls either proved", () => {
    expect(attestationOf(makeDevice({ lab: true })).standing).toBe("lab");
    expect(attestationOf(makeDevice({ lab: true, quarantined: true })).standing).toBe("quarantined");
  });

  test("counts attempts, and names who helps when none is left", () => {
    expect(attemptsText(makeDevice({ attemptsUsed: 1, attemptsLeft: 2 }))).toBe("1 of 3 attempts used, 2 left");
    expect(attemptsText(makeDevice({ attemptsUsed: 3 }))).toContain("line lead");
    expect(attemptsText(makeDevice())).toBe("");
  });
});

describe("trace", () => {
  const finding = (number: number, verdict: string, more = {}) =>
    create(FindingSchema, { number, check: `check ${number}`, verdict, ...more });
  const all = [
    finding(201, "PASS"),
    finding(307, "FINDING"),
    finding(308, "FAIL", { code: "EK_REVOKED", seen: "revoked", expected: "good" }),
    finding(905, "FAIL"),
    finding(2001, "PASS"),
  ];

  test("keeps the order of the checks, in groups people know", () => {
    const groups = groupTrace(all).map((group) => [group.title, group.lines.map((line) => line.number)]);
    expect(groups).toEqual([
      ["EK certificate", [201]],
      ["Chain to the maker", [307, 308]],
      ["Event log", [905]],
      ["Other checks", [2001]],
    ]);
  });

  test("leaves out only what is green", () => {
    const left = withoutGreen(groupTrace(all)).flatMap((group) => group.lines.map((line) => line.number));
    expect(left).toEqual([307, 308, 905]);
  });

  test("shows a verdict it does not know as a failure", () => {
    expect(verdictOf(finding(1, "MAYBE"))).toBe("fail");
    expect(verdictOf(finding(1, ""))).toBe("fail");
  });

  test("names the first failure as the one that decided", () => {
    expect(decidingCheck(all)?.number).toBe(308);
  });

  test("copies as text what was seen and expected of each trouble", () => {
    const text = traceText("D-1042", create(AttestationEvidenceSchema, { refusalCode: "EK_REVOKED", findings: all }));
    expect(text).toContain("Refused: EK_REVOKED");
    expect(text).toContain(" 308  Failed   check 308 [EK_REVOKED]\n       seen     revoked\n       expected good");
    expect(text).toContain("2 passed, 1 finding, 2 failed");
  });
});

describe("decisions", () => {
  const ek = new Uint8Array(32).fill(7);
  const identity = (fields: MessageInitShape<typeof IdentitySchema> = {}) =>
    create(IdentitySchema, { tpms: [{ ekSpkiSha256: ek }], ...fields } as MessageInitShape<typeof IdentitySchema>);
  const blocked = makeDevice({ state: DeviceState.BLOCKED, failure: { code: "ATTEMPTS_EXCEEDED" }, attemptsUsed: 3 });
  const other = identity({ proposals: [{ kind: WaitingTpm_Kind.REBIND, ekSpkiSha256: new Uint8Array(32).fill(9) }] });
  const allowed = (decision: Decision, device = blocked, who = other, role: Role = Role.LEAD) =>
    judgeDecision(decision, device, who, role).allowed;

  test.each([Role.OPERATOR, Role.AUDITOR, Role.RESELLER, Role.UNSPECIFIED])("role %s decides nothing", (role) => {
    for (const decision of ["unblock", "rebind", "vouch", "release", "revoke"] as const) {
      expect(allowed(decision, blocked, other, role)).toBe(false);
    }
  });

  test("unblocks what is blocked or has used up an attempt, nothing else", () => {
    expect(allowed("unblock")).toBe(true);
    expect(allowed("unblock", makeDevice({ attemptsUsed: 1 }))).toBe(true);
    expect(allowed("unblock", makeDevice())).toBe(false);
  });

  test("approves another TPM only if one showed up, and not after the seal", () => {
    expect(allowed("rebind")).toBe(true);
    expect(allowed("rebind", blocked, identity())).toBe(false);
    expect(allowed("rebind", makeDevice({ state: DeviceState.SEALED }))).toBe(false);
  });

  test("does not offer an approval twice", () => {
    const approved = identity({ proposals: [{ kind: WaitingTpm_Kind.REBIND, ekSpkiSha256: ek, approver: "ada" }] });
    expect(allowed("rebind", blocked, approved)).toBe(false);
  });

  test("vouches only for a TPM that waits for it", () => {
    expect(allowed("vouch")).toBe(false);
    expect(allowed("vouch", blocked, identity({ proposals: [{ kind: WaitingTpm_Kind.VOUCH, ekSpkiSha256: ek }] }))).toBe(true);
  });

  test("releases no TPM of a device at work", () => {
    expect(allowed("release")).toBe(true);
    expect(allowed("release", makeDevice())).toBe(false);
    const used = identity({ certificates: [{ confirmTime: timestampFromMs(NOW) }] });
    expect(allowed("release", makeDevice({ state: DeviceState.FAILED }), used)).toBe(false);
  });

  test("does not revoke twice", () => {
    expect(allowed("revoke", makeDevice({ state: DeviceState.BLOCKED, failure: { code: "DEVICE_REVOKED" } }))).toBe(false);
    expect(allowed("revoke", makeDevice())).toBe(true);
  });

  test("takes for present the TPM without an end", () => {
    const ended = { ekSpkiSha256: new Uint8Array(32), endTime: timestampFromMs(NOW) };
    expect(presentTpm(identity({ tpms: [ended, { ekSpkiSha256: ek }] }))?.ekSpkiSha256).toEqual(ek);
    expect(presentTpm(identity({ tpms: [ended] }))).toBeUndefined();
  });

  test("wants a reason, counted in bytes as the server counts", () => {
    expect(reasonProblem("  ")).not.toBe("");
    expect(reasonProblem("", true)).toBe("");
    expect(reasonProblem("ü".repeat(REASON_BYTES_MAX / 2))).toBe("");
    expect(reasonProblem("ü".repeat(REASON_BYTES_MAX / 2 + 1))).not.toBe("");
  });
});

describe("golden sets", () => {
  const set = (name: string, fields: MessageInitShape<typeof GoldenSetSchema> = {}) =>
    create(GoldenSetSchema, { name, manufacturer: "Acme", model: "T14", state: GoldenSet_State.PROPOSED, variant: 1, ...fields } as MessageInitShape<typeof GoldenSetSchema>);

  test("come with the models that need a decision first, makers compared without case", () => {
    const approved = { state: GoldenSet_State.APPROVED };
    const models = byModel([set("goldenSets/G-1", { ...approved, model: "A1" }), set("goldenSets/G-2", approved), set("goldenSets/G-3", { manufacturer: "ACME", variant: 2 })]);
    expect(models.map((model) => [model.model, model.proposed, model.sets.length])).toEqual([["T14", 1, 2], ["A1", 0, 1]]);
  });

  test("of one model begin with what waits for a decision", () => {
    const sets = [set("goldenSets/G-1", { state: GoldenSet_State.APPROVED }), set("goldenSets/G-2", { state: GoldenSet_State.RETIRED }), set("goldenSets/G-3")];
    expect(proposedFirst(sets).map((each) => each.name)).toEqual(["goldenSets/G-3", "goldenSets/G-1", "goldenSets/G-2"]);
  });

  test("are not approved twice by one person", () => {
    const once = set("goldenSets/G-1", { firstApprover: "ada" });
    expect(judgeApproval(once, Role.LEAD, "ada").reason).toContain("another person");
    expect(judgeApproval(once, Role.LEAD, "bob").allowed).toBe(true);
    expect(judgeApproval(once, Role.AUDITOR, "bob").allowed).toBe(false);
  });

  test("show a register that only one variant has as a difference", () => {
    const value = (pcr: number, byte: number) => ({ hashAlgorithm: 0x0b, pcr, value: new Uint8Array(32).fill(byte) });
    const rows = compareValues([
      set("goldenSets/G-1", { values: [value(7, 1), value(0, 2)] }),
      set("goldenSets/G-2", { values: [value(0, 2), value(7, 3), value(2, 4)] }),
    ]);
    expect(rows.map((row) => [row.bank, row.pcr, row.differs])).toEqual([
      ["SHA-256", 0, false],
      ["SHA-256", 2, true],
      ["SHA-256", 7, true],
    ]);
  });
});
