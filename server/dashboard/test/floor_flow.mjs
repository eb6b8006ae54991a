// SPDX-License-Identifier: Apache-2.0
// What the scripted floor says about the flows: holds, waits, prompts, waivers, seals, documents, plans,
// bundles. Development only, never shipped.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";

const MIN = 60_000;
const DAY = 24 * 60 * MIN;
const ago = (ms) => timestampFromMs(Date.now() - ms);
const ahead = (ms) => timestampFromMs(Date.now() + ms);
const lasting = (ms) => ({ seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 });
const TECHNICIAN = 1;
const USER = 2;
const WAIT = { token: 1, installer: 2, retry: 3, prompt: 4, hold: 5, reboot: 6, device: 9 };
const ACTION = { refresh: 1, provision: 2, retry: 3, reset: 4, diagnostics: 5, reseal: 6, hold: 7, resume: 8, waive: 9, continue: 10 };

/** Of a device as it stands now, by the rules of the server. */
export function actionsOf(device) {
  const found = [];
  const running = device.run !== undefined && device.run.outcome === 0;
  const add = (name, when) => when && found.push(ACTION[name]);
  add("refresh", device.enrolled && device.contact.state === 2);
  add("provision", device.state === 3);
  add("retry", device.state === 10);
  add("reset", [4, 5].includes(device.state) || (device.state === 10 && device.enrolled));
  add("diagnostics", device.enrolled && device.contact.state === 2);
  add("reseal", device.state === 5);
  add("hold", running && !device.onHold);
  add("resume", running && device.onHold);
  add("waive", [4, 8].includes(device.state) || (device.state === 10 && device.enrolled));
  add("continue", device.state === 10 && device.flow === USER);
  return found;
}

/** `held` of the wire; the floor's own `held` stops its script. */
export function asTold(device) {
  return { ...device, held: device.onHold ?? false, actions: actionsOf(device) };
}

/** Every way a run can be held up, each on its own tile. */
export function flowBench(floor) {
  let slot = 1;
  const running = (id, change) => {
    const device = floor.add(id, { slot: `F${slot++}`, assignedUser: "ada@example.org", groupTag: "sales", attributes: { site: "Graz" } });
    floor.startRun(device);
    for (let i = 0; i < 17; i++) floor.advance(device, 20);
    device.held = true;
    change(device, device.items.find((each) => each.state < 5));
    floor.touch(device);
    return device;
  };
  const wait = (kind, fields = {}) => ({ kind: WAIT[kind], owner: "", startTime: ago(42_000), limit: lasting(10 * MIN), place: 0, ...fields });
  const waits = (device, item, told) => {
    item.state = 3;
    device.wait = item.wait = told;
  };
  running("F-1", (device) => Object.assign(device, { onHold: true, wait: wait("hold", { owner: "grace", limit: undefined }) }));
  running("F-2", (device, item) => waits(device, item, wait("token", { owner: "download", place: 3, limit: lasting(60 * MIN) })));
  running("F-3", (device, item) => {
    Object.assign(item, { itemId: "dock", displayName: "Docking station" });
    waits(device, item, wait("prompt", { owner: "a person at the bench" }));
  });
  running("F-4", (device, item) => {
    Object.assign(item, { itemId: "asset", displayName: "Asset label" });
    device.pastRuns = [{ ...device.run, name: "devices/F-4/runs/1", attempt: 1, outcome: 2, endTime: floor.now() }];
    device.run = { ...device.run, name: "devices/F-4/runs/2", attempt: 2 };
    waits(device, item, wait("prompt", { owner: "a person at the bench" }));
  });
  running("F-5", (device) => (device.wait = wait("reboot", { owner: "Kernel hardening policy" })));
  running("F-6", (device, item) => {
    item.stalled = true;
    waits(device, item, wait("device", { owner: item.displayName, limit: undefined }));
  });
  running("F-7", (device) => (device.wait = wait("reboot", { startTime: ago(20 * MIN) })));
  failedBench(floor, `F${slot++}`);
  sealedBench(floor, `F${slot++}`);
}

function failedBench(floor, slot) {
  const device = floor.add("F-8", { slot, failsAt: "netbase", origin: true });
  floor.startRun(device);
  for (let i = 0; i < 60; i++) if (device.state === 4) floor.advance(device, 20);
  device.held = true;
  device.enrolled = true;
  device.items[1].waiver = { actor: "grace", reason: "The directory is down until Monday", time: ago(5 * MIN) };
  Object.assign(device.items[1], { state: 6, code: "TIMEOUT", message: "The directory did not answer.", gating: 1 });
  Object.assign(device.items[3], { alreadyDone: true, origin: "assigned to group floor (rule: model is ThinkPad T14)" });
  Object.assign(device.items[5], { attempt: 2, done: 9n, total: 10n, origin: "assigned to group sales" });
  device.deploymentState = 3;
  floor.touch(device);
}

function sealedBench(floor, slot) {
  const device = floor.add("F-9", { slot, assignedUser: "ada@example.org", deviceName: "GRZ-0042", sealTime: ago(200 * DAY) });
  floor.startRun(device);
  for (let i = 0; i < 60; i++) if (device.state === 4) floor.advance(device, 20);
  Object.assign(device, {
    seal: { time: ago(200 * DAY), age: 4, drifted: true, unconfirmed: false, drift: ["added: Office 2.1", "profile floor-default v4 is now v5"] },
    oneTimeLimit: { deployments: 1, used: true, allowNextActor: "", allowNextReason: "" },
    deploymentState: 7,
    durations: { total: lasting(23 * MIN), deviceSetup: lasting(18 * MIN) },
    contact: { state: 3, lastTime: ago(200 * DAY) },
  });
  floor.setState(device, 7);
}

const PROFILE = (version) => `apiVersion: preseal.dev/v1
kind: DeploymentProfile
metadata:
  id: floor-default
spec:
  mode: pre-provisioned
  name_template: GRZ-%SERIAL%
  esp:
    timeout: ${version === 1 ? "60m" : "90m"}
    allow_reset: true
`;
const GROUP = `apiVersion: preseal.dev/v1
kind: Group
metadata:
  id: sales
spec:
  rule: device.group_tag == "sales"
`;

function documents() {
  const made = (kind, folder, id, version, text) => ({
    name: `documents/${folder}/${id}`, kind, id, version, text, digest: "ab".repeat(32), actor: "grace", createTime: ago(30 * DAY), updateTime: ago(DAY),
  });
  return [made("DeploymentProfile", "deployment-profile", "floor-default", 2, PROFILE(2)), made("Group", "group", "sales", 1, GROUP)];
}

function planOf(device, flow) {
  const items = device.items.filter((each) => each.phase > 1);
  const user = { itemId: "mail", displayName: "Mail account", phase: 3, category: 7, gating: 1, origin: "assigned to group sales" };
  const planned = flow === USER ? [user] : items;
  const prompt = (itemId, text, choices, pattern) => ({ itemId, kind: { case: "prompt", value: { text: { en: text }, choices, pattern } } });
  return {
    device: device.name,
    deviceName: "GRZ-0042",
    plan: { steps: [prompt("dock", "Is the docking station connected?", ["Connected", "No docking station"], ""), prompt("asset", "Scan the asset label.", [], "AS-[0-9]{4}")] },
    profiles: [
      { profile: "floor-default", version: 2, chosen: true, reason: "assigned to group sales (rule group_tag), created 3 March" },
      { profile: "kiosk", version: 1, chosen: false, reason: "assigned to group floor, but created later" },
    ],
    items: planned.map((each) => ({
      itemId: each.itemId, displayName: each.displayName, phase: each.phase, category: each.category, gating: each.gating,
      reason: each.origin || "required by floor-default", gatingReason: "blocks: named in the status page's settings", after: [],
    })),
    leftOut: [{ itemId: "office", displayName: "Office 2.1", reason: "excluded for group kiosk" }],
    groups: ["sales: group_tag is sales", "floor: model is ThinkPad T14"],
    warnings: ["group floor matches every device"],
  };
}

const LOG = Array.from({ length: 900 }, (_, i) => (i === 412 ? "E: No space left on device /target" : `Get:${i} netbase 6.4 [12.8 kB]`)).join("\n");

export function addFlow(router, types, floor, { who, find }) {
  const person = (context, roles) => {
    const caller = who(context);
    if (!roles.includes(caller.role)) throw new ConnectError("your role may not do this", Code.PermissionDenied);
    return caller;
  };
  const act = (kind, roles, change) => (request, context) => {
    const caller = person(context, roles);
    const device = find(request.name);
    if ("reason" in request && request.reason === "") throw new ConnectError("a reason is needed", Code.InvalidArgument);
    change(device, request, caller);
    device.lastCommand = { name: `${device.name}/commands/C-1`, kind, state: 5, actor: caller.name, createTime: floor.now(), updateTime: floor.now() };
    floor.touch(device);
    return device.lastCommand;
  };
  const anyone = [1, 2, 3];
  const leads = [2, 3];
  router.service(types.FlowService, {
    holdDevice: act(4, anyone, (device, _, caller) => Object.assign(device, { onHold: true, wait: { kind: WAIT.hold, owner: caller.name, startTime: floor.now() } })),
    resumeDevice: act(5, anyone, (device) => Object.assign(device, { onHold: false, wait: undefined })),
    waiveItem: act(6, leads, (device, request, caller) => {
      const item = device.items.find((each) => each.itemId === request.itemId);
      item.waiver = { actor: caller.name, reason: request.reason, time: floor.now() };
    }),
    answerPrompt: act(7, anyone, (device, request) => {
      device.answer = request.answer;
      Object.assign(device.items.find((each) => each.itemId === request.itemId), { state: 5, wait: undefined, message: "" });
      device.wait = undefined;
    }),
    collectDiagnostics: act(8, anyone, () => {}),
    resetDevice: act(11, leads, (device) => floor.setState(device, 3)),
    continueAnyway: act(13, leads, () => {}),
    refreshDevice: (request, context) => (person(context, anyone), asTold(find(request.name))),
    updateDevice(request, context) {
      person(context, leads);
      const device = find(request.name);
      for (const field of ["assignedUser", "groupTag", "slot"]) if (request[field] !== undefined) device[field] = request[field];
      const attributes = { ...device.attributes };
      for (const { key, value } of request.setAttributes) value === "" ? delete attributes[key] : (attributes[key] = value);
      device.attributes = attributes;
      floor.touch(device);
      return asTold(device);
    },
    allowNextEnrollment(request, context) {
      const caller = person(context, leads);
      const device = find(request.name);
      device.oneTimeLimit = { ...device.oneTimeLimit, used: false, allowNextActor: caller.name, allowNextReason: request.reason, allowNextExpireTime: request.expireTime };
      floor.touch(device);
      return asTold(device);
    },
    issueUserCode: (request, context) => (person(context, leads), { username: find(request.name).assignedUser, code: "K7QM-2XRD-9TBV", expireTime: ahead(7 * DAY) }),
    getTimeAttribution: (request, context) => (who(context), attributionOf(find(request.name))),
    getJourney: (request, context) => (who(context), find(request.name), journey()),
    listSeals(request, context) {
      who(context);
      const seals = [...floor.devices.values()].filter((each) => each.seal !== undefined).map((each) => ({
        device: each.name, serialNumber: each.serialNumber, deviceName: each.deviceName ?? "", state: each.state, seal: each.seal,
      }));
      return { seals: seals.filter(({ seal }) => (request.ages.length === 0 || request.ages.includes(seal.age)) && (!request.unconfirmed || seal.unconfirmed)) };
    },
    listTokens: (_, context) => (who(context), {
      queues: [{
        token: "download", limit: 2,
        holders: [{ device: "devices/D-1002", itemId: "netbase", since: ago(70_000) }, { device: "devices/D-1003", itemId: "netbase", since: ago(31_000) }],
        waiters: [{ device: "devices/D-1004", itemId: "netbase", since: ago(50_000) }, { device: "devices/D-1005", itemId: "netbase", since: ago(44_000) }, { device: "devices/F-2", itemId: "netbase", since: ago(42_000) }],
      }],
    }),
  });
  router.service(types.ProfileService, {
    listDocuments: (_, context) => (who(context), { documents: documents() }),
    getDocument(request, context) {
      who(context);
      const found = documents().find((each) => each.name === request.name);
      return request.version === 1 && found.version === 2 ? { ...found, version: 1, text: PROFILE(1) } : found;
    },
    previewPlan: (request, context) => (who(context), planOf(find(request.device), request.flow || TECHNICIAN)),
  });
  router.service(types.DiagnosticsReaderService, {
    listBundles(request, context) {
      who(context);
      const device = find(request.device);
      const bundle = { name: `${device.name}/bundles/B-1`, device: device.name, run: `${device.name}/runs/1`, reason: "failure", size: 48_213n, createTime: ago(3 * MIN), expireTime: ahead(30 * DAY) };
      return { bundles: device.failure?.itemId ? [bundle] : [] };
    },
    listFiles: (_, context) => (who(context), { files: [{ path: "items/netbase/apply.log", size: BigInt(LOG.length) }, { path: "facts/disks.txt", size: 41n }] }),
    readFile(request, context) {
      who(context);
      if (request.path !== "items/netbase/apply.log") return { text: "/dev/sda1  100 %  /target\n", nextOffset: 0n };
      const half = BigInt(Math.floor(LOG.length / 2));
      return request.offset === 0n ? { text: LOG.slice(0, Number(half)), nextOffset: half } : { text: LOG.slice(Number(half)), nextOffset: 0n };
    },
    async *download(_, context) {
      who(context);
      yield { chunk: new Uint8Array([0x28, 0xb5, 0x2f, 0xfd]) };
      yield { chunk: new Uint8Array(60) };
    },
    diagnose(request, context) {
      who(context);
      const full = {
        rule: "DISK_FULL_ON_TARGET", cause: "The device's disk is full.", nextStep: "Delete what is not needed or take a larger disk, then retry.", confidence: 92,
        evidence: [{ source: "item netbase", text: "E: No space left on device /target" }, { source: "event 17", text: "netbase 6.4: exit 100" }],
      };
      const mirror = { rule: "MIRROR_UNREACHABLE", cause: "The package mirror may be out of reach.", nextStep: "Check the bench's network.", confidence: 35, evidence: [{ source: "event 12", text: "Connection timed out" }] };
      return { diagnoses: find(request.device).failure?.itemId ? [full, mirror] : [] };
    },
  });
}

function attributionOf(device) {
  const part = (kind, minutes, displayName = "", itemId = "") => ({ kind, itemId, displayName, duration: lasting(minutes * MIN) });
  return {
    startTime: device.createTime, endTime: floorNow(), wallClock: lasting(25 * MIN),
    parts: [part(3, 11, "netbase 6.4", "netbase"), part(3, 4, "Company root certificate", "root-ca"), part(4, 4), part(6, 2), part(11, 2), part(1, 1)],
    remainder: lasting(MIN), criticalPath: ["netbase"],
  };
}

function floorNow() {
  return timestampFromMs(Date.now());
}

function journey() {
  return {
    attempts: 2, firstTimeRight: false, succeeded: true,
    tries: [
      { run: "devices/F-9/runs/1", flow: TECHNICIAN, outcome: 2, deploymentState: 3, duration: lasting(9 * MIN), failedItem: "netbase", code: "VERIFY_FAILED" },
      { run: "devices/F-9/runs/2", flow: TECHNICIAN, outcome: 1, deploymentState: 7, duration: lasting(14 * MIN), failedItem: "", code: "" },
    ],
  };
}
