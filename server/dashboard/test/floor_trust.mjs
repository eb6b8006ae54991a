// SPDX-License-Identifier: Apache-2.0
// What the scripted floor says about identities, evidence and trust. Development only, never shipped.
import { readFileSync } from "node:fs";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";

const vectors = JSON.parse(readFileSync(new URL("trust_vectors.json", import.meta.url), "utf8"));
const HOUR = 3_600_000;
const ago = (ms) => timestampFromMs(Date.now() - ms);
const digest = (seed) => Uint8Array.from({ length: 32 }, (_, index) => (seed * 37 + index * 11) % 256);

const CHECKS = [
  [101, "evidence is within limits"], [201, "EK certificate present"], [202, "NV content is one certificate"],
  [203, "EK certificate parses"], [204, "EK certificate is X.509v3"], [207, "EK certificate is no authority"],
  [209, "EK certificate is for an endorsement key"], [211, "EK certificate names one TPM"],
  [301, "chain sent by the device is readable"], [302, "EK certificate leads to a trusted root"],
  [303, "signatures of the chain are strong"], [307, "EK certificate has not expired"], [308, "EK certificate is not revoked"],
  [401, "EK public area parses"], [402, "EK is strong"], [403, "EK is not ROCA"], [404, "EK is the certificate's key"],
  [407, "EK is the one this record had"], [501, "TPM is hardware"], [502, "TPM vendor is known"],
  [551, "policy requires a trust model"], [555, "every required trust model holds"], [602, "AK attributes are exact"],
  [606, "device key attributes are exact"], [701, "certify signature is the AK's"], [705, "certify statement is of this session"],
  [801, "quote signature is the AK's"], [805, "quote is of this session"], [807, "quote covers the PCRs asked for"],
  [905, "the event log replays to the quoted PCRs"], [906, "every quoted PCR is explained"],
  [1001, "Secure Boot is on"], [1008, "PCRs are those of the model"],
];

export function addTrust(router, types, floor, { who, find }) {
  const people = (context) => {
    const caller = who(context);
    if (![2, 3, 5].includes(caller.role)) throw new ConnectError("your role may not see this", Code.PermissionDenied);
    return caller;
  };
  const decide = (change) => (request, context) => {
    const caller = people(context);
    if (caller.role === 5) throw new ConnectError("your role may not decide this", Code.PermissionDenied);
    if ("reason" in request && request.reason === "") throw new ConnectError("a reason is needed", Code.InvalidArgument);
    const device = find(request.device);
    change(device, request, caller);
    floor.touch(device);
    return identityOf(device);
  };
  const fresh = (device) => {
    Object.assign(device, { attemptsUsed: 0, attemptsLeft: 3 });
    if (device.state === 11) {
      delete device.failure;
      floor.setState(device, 1);
      device.enrolled = false;
    }
  };
  router.service(types.IdentityService, {
    getIdentity: (request, context) => (people(context), identityOf(find(request.device))),
    unblockDevice: decide((device, request) => {
      device.unblockedFor = request.reason;
      fresh(device);
    }),
    rebindDevice: decide((device, request, caller) => {
      Object.assign(device.proposals[0], { approver: caller.name, reason: ["", "board swap", "clear", "resale"][request.reason], note: request.note, approveTime: floor.now() });
      device.reboundFor = request;
      fresh(device);
    }),
    revokeDevice: decide((device, request, caller) => {
      device.failure = { code: "DEVICE_REVOKED", itemId: "", message: "This device's identity was revoked.", remedy: "Set the device aside; an administrator must release its record first.", seen: `revoked by ${caller.name}: ${request.reason}` };
      floor.setState(device, 11);
      device.enrolled = false;
    }),
    releaseDevice: decide((device) => {
      device.released = true;
    }),
    listGoldenSets: (_, context) => (people(context), { goldenSets: floor.golden.map((set) => ({ ...set, values: [] })) }),
    getGoldenSet: (request, context) => (people(context), floor.golden.find((set) => set.name === request.name)),
    approveGoldenSet(request, context) {
      const { name } = people(context);
      const set = floor.golden.find((each) => each.name === request.name);
      if (set.firstApprover === name) throw new ConnectError("the same person again", Code.FailedPrecondition);
      if (set.firstApprover === "") Object.assign(set, { firstApprover: name, firstApproveTime: floor.now() });
      else Object.assign(set, { secondApprover: name, secondApproveTime: floor.now(), state: 2 });
      return set;
    },
  });
  router.service(types.TrustService, {
    getTrustBundle: (_, context) => (people(context), { version: 7n, createTime: ago(30 * HOUR), author: "grace", file: bundleFile(floor) }),
    removeTrust: (_, context) => {
      people(context);
      floor.anchors.pop();
      return { version: 8n, stored: true, results: [] };
    },
    getPolicy: (_, context) => (people(context), policy(3n)),
    listPolicies: (_, context) => (people(context), { policies: [policy(3n), policy(2n), policy(1n)] }),
  });
}

export function goldenBench(floor) {
  const values = (change) => [0x0b, 0x0c].flatMap((hashAlgorithm) =>
    [0, 2, 4, 7].map((pcr) => ({ hashAlgorithm, pcr, value: digest(pcr === 0 ? change : pcr) })));
  const set = (number, fields) => ({
    name: `goldenSets/G-${number}`, manufacturer: "Lenovo", model: "ThinkPad T14", state: 2, proposer: "devices/D-1003",
    createTime: ago(200 * HOUR), firstApprover: "", secondApprover: "", retireActor: "", variant: 1, values: values(number), ...fields,
  });
  const both = { firstApprover: "ada", firstApproveTime: ago(190 * HOUR), secondApprover: "grace", secondApproveTime: ago(180 * HOUR) };
  floor.golden = [
    set(9, { ...both, model: "OptiPlex 7010", manufacturer: "Dell" }),
    set(11, both),
    set(12, { state: 1, variant: 2, createTime: ago(2 * HOUR), proposer: "devices/D-1004", firstApprover: "ada", firstApproveTime: ago(HOUR) }),
    set(13, { state: 1, variant: 3, createTime: ago(HOUR), proposer: "devices/D-1005" }),
  ];
  floor.anchors = [
    { der: vectors.certificate, role: "root", vendor: "IFX" },
    { der: vectors.certificate, role: "intermediate", vendor: "NTC" },
    { der: vectors.certificate, role: "root", vendor: "STM", sha1_reason: "old ST33 modules of PO-5" },
    { der: vectors.certificate, role: "lab", vendor: "swtpm" },
  ];
}

/** What the record and the latest attestation of a device look like, by its state. */
export function evidenceOf(device, findings = traceOf(device)) {
  const fail = findings.find((each) => each.verdict === "FAIL");
  return { accepted: fail === undefined, refusalCode: fail?.code ?? "", decideTime: device.stateTime, findings };
}

function traceOf(device) {
  const refused = device.failure?.itemId === "" ? device.failure : undefined;
  const at = { EK_CHAIN_UNTRUSTED: 302, EK_CHANGED: 407, ATTEMPTS_EXCEEDED: 407, PCR_POLICY_MISMATCH: 1008 }[refused?.code];
  return CHECKS.map(([number, check]) => {
    if (number === at) {
      const code = refused.code === "ATTEMPTS_EXCEEDED" ? "EK_CHANGED" : refused.code;
      return { number, check, verdict: "FAIL", code, seen: refused.seen, expected: refused.expected };
    }
    if (number === 308) return { number, check, verdict: "FINDING", code: "", seen: "no list of this issuer", expected: "a current list" };
    return { number, check, verdict: "PASS", code: "", seen: "", expected: "" };
  });
}

function identityOf(device) {
  const attested = device.state > 2;
  return {
    device: device.name, serialNumber: device.serialNumber, attemptsUsed: device.attemptsUsed, attemptsLeft: device.attemptsLeft,
    tpms: attested && !device.released ? [{ ekSpkiSha256: digest(device.serialNumber.length), ekCertificateSha256: digest(5), startTime: ago(48 * HOUR) }] : [],
    proposals: device.proposals ?? [],
    certificates: device.enrolled ? [{ serialNumber: "4f1c9a0e77", sha256: digest(3), notAfter: timestampFromMs(Date.now() + 8760 * HOUR), issueTime: ago(HOUR), confirmTime: ago(HOUR) }] : [],
  };
}

/** A device refused three times, since another TPM answers for it. */
export function blockForOtherTpm(floor, device) {
  Object.assign(device, { attemptsUsed: 3, attemptsLeft: 0 });
  device.failure = {
    code: "ATTEMPTS_EXCEEDED", itemId: "", message: "This device was refused too often and is blocked.",
    remedy: "Ask the shift lead to look at the reasons and to unblock the device.", seen: "3 refusals, EK_CHANGED last", expected: "at most 3 refusals in a row",
  };
  device.proposals = [{
    kind: 1, ekSpkiSha256: digest(91), ekCertificateSha256: digest(92), tpmManufacturer: "IFX", tpmModel: "SLB9672",
    code: "EK_CHANGED", firstTime: ago(HOUR), lastTime: ago(HOUR / 3), approver: "",
  }];
  floor.setState(device, 11);
  device.enrolled = false;
}

function bundleFile(floor) {
  const text = { anchors: floor.anchors, eku_optional: ["NTC"], revocation_lists: [vectors.revocation_list], version: "7" };
  return new TextEncoder().encode(`e30.e30.e30\n${JSON.stringify(text)}\n`);
}

function policy(version) {
  const text = {
    boot: { secure_boot: "required", setup_mode_off: "required" }, event_log: "require", golden: "enforce", name: "production",
    firmware: [{ advisory: "CVE-2025-2884", model: "SLB9672", remedy: "Update the TPM to 15.23", vendor: "IFX", versions_below: "15.23" }],
    quarantine: ["PCR_NOT_LEARNED"], require: ["ekcert"], revocation: "prefer", vendors: ["AMD", "IFX", "INTC", "NTC", "STM"],
  };
  return { version, createTime: ago(Number(4n - version) * 100 * HOUR), author: "grace", sha256: "3b".repeat(32), text: JSON.stringify(text) };
}
