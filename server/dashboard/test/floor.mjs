// SPDX-License-Identifier: Apache-2.0
// A scripted floor for developing and testing the dashboard without devices: it moves devices through
// the states of the lifecycle on a timer. It is never part of what ships.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { blockForOtherTpm } from "./floor_trust.mjs";

const STEPS = [
  ["ek-attestation", "Attest the TPM", 1, 1],
  ["join", "Join the organisation", 1, 2],
  ["management", "Register for management", 1, 3],
  ["hardening", "Kernel hardening policy", 2, 4],
  ["root-ca", "Company root certificate", 2, 5],
  ["office-lan", "Office network profile", 2, 6],
  ["netbase", "netbase 6.4", 2, 7],
];

export class Floor {
  devices = new Map();
  entries = new Map();
  watchers = new Set();
  #revision = 100n;
  #timer;

  constructor(types) {
    this.types = types;
  }

  now() {
    return timestampFromMs(Date.now());
  }

  add(id, fields = {}) {
    const device = {
      name: `devices/${id}`,
      serialNumber: `SN-${(9_000_000 + this.devices.size * 7919).toString(16).toUpperCase()}`,
      manufacturer: "Lenovo",
      model: "ThinkPad T14",
      batch: "batches/PO-7",
      slot: "",
      assignedUser: "",
      profile: "floor-default",
      state: 1,
      stateTime: this.now(),
      createTime: timestampFromMs(Date.now() - 3_600_000),
      contact: { state: 1 },
      items: [],
      pastRuns: [],
      attemptsUsed: 0,
      attemptsLeft: 3,
      ...fields,
    };
    this.devices.set(device.name, device);
    this.entries.set(device.name, []);
    this.touch(device);
    return device;
  }

  touch(device) {
    device.revision = ++this.#revision;
    for (const wake of this.watchers) wake();
  }

  setState(device, state) {
    device.state = state;
    device.stateTime = this.now();
    device.enrolled = state >= 3 && state <= 9 ? true : (device.enrolled ?? false);
    device.satisfied = state >= 5 && state <= 9;
    device.sealable = state === 5;
    device.sealed = state >= 7 && state <= 9;
    this.touch(device);
  }

  note(device, kind, text, itemId = "") {
    const list = this.entries.get(device.name);
    list.push({ sequence: BigInt(list.length + 1), receiveTime: this.now(), kind, itemId, text, run: device.run?.name ?? "" });
  }

  heard(device) {
    device.contact = { state: 2, lastTime: this.now() };
  }

  startRun(device) {
    const attempt = (device.run?.attempt ?? 0) + 1;
    if (device.run) device.pastRuns = [...device.pastRuns, device.run];
    device.run = {
      name: `${device.name}/runs/${attempt}`,
      attempt,
      outcome: 0,
      startTime: this.now(),
      profileDigest: "ab".repeat(32),
      eventCount: 0n,
    };
    delete device.failure;
    device.items = STEPS.map(([itemId, displayName, phase, category]) => ({
      itemId, displayName, phase, category, gating: 1, state: 1, percent: 0, code: "", message: "",
    }));
    device.progress = { phase: 1, itemName: "", itemsDone: 0, itemsTotal: STEPS.length, percent: 0, startTime: this.now() };
    this.heard(device);
    this.setState(device, 4);
    this.note(device, "run-started", `attempt ${attempt}`);
  }

  /** One step of a run: about `speed` percent of the present item. */
  advance(device, speed) {
    this.heard(device);
    const item = device.items.find((each) => each.state < 5);
    if (item === undefined) return this.finishRun(device, true);
    item.startTime ??= this.now();
    item.percent = Math.min(100, item.percent + speed);
    item.state = item.percent < 15 ? 2 : item.percent < 85 ? 3 : 4;
    if (item.percent === 100) this.endItem(device, item);
    device.run.eventCount += 1n;
    this.note(device, "log-line", `${item.displayName}: ${item.percent} %`, item.itemId);
    this.progress(device, item);
    this.touch(device);
  }

  endItem(device, item) {
    item.endTime = this.now();
    if (device.failsAt === item.itemId && device.run.attempt === 1) {
      Object.assign(item, { state: 6, code: "VERIFY_FAILED", exitCode: 100, message: "The package is not installed after apply." });
      device.failure = {
        code: "VERIFY_FAILED", itemId: item.itemId, message: "The package is not installed after apply.",
        remedy: "Check the network, then retry.", seen: "exit code 100", expected: "exit code 0",
      };
      return this.finishRun(device, false);
    }
    item.state = 5;
    this.note(device, "item-changed", "verified", item.itemId);
  }

  progress(device, item) {
    const done = device.items.filter((each) => each.state === 5).length;
    device.progress = {
      ...device.progress,
      phase: item.phase,
      itemName: item.displayName,
      itemsDone: done,
      percent: Math.min(100, Math.round((100 * (done + (item.state < 5 ? item.percent / 100 : 0))) / STEPS.length)),
    };
  }

  finishRun(device, ok) {
    device.run = { ...device.run, outcome: ok ? 1 : 2, endTime: this.now() };
    device.progress = { ...device.progress, itemName: "", endTime: this.now(), percent: ok ? 100 : device.progress.percent };
    this.note(device, "run-finished", ok ? "succeeded" : "failed");
    this.setState(device, ok ? 5 : 10);
  }

  /** Takes a command; it walks queued, delivered, accepted, done, verified. */
  command(device, kind, actor, requestId) {
    if (requestId && device.lastRequest === requestId) return device.lastCommand;
    device.lastRequest = requestId;
    device.lastCommand = {
      name: `${device.name}/commands/C-${requestId.slice(0, 8)}`,
      kind, state: 1, actor, createTime: this.now(), updateTime: this.now(),
    };
    this.touch(device);
    return device.lastCommand;
  }

  stepCommand(device) {
    const command = device.lastCommand;
    if (command === undefined || command.state >= 5) return;
    device.lastCommand = { ...command, state: command.state + 1, updateTime: this.now() };
    this.note(device, "command-changed", ["", "queued", "delivered", "accepted", "done", "verified"][command.state + 1]);
    if (command.state + 1 === 3) {
      if (command.kind === 3) this.setState(device, 6);
      else this.startRun(device);
    }
    if (command.state + 1 === 5 && command.kind === 3) {
      device.sealTime = this.now();
      device.contact = { state: 3, lastTime: this.now() };
      this.setState(device, 7);
    }
    this.touch(device);
  }

  run(everyMs = 250, speed = 20) {
    this.#timer = setInterval(() => {
      for (const device of this.devices.values()) {
        this.stepCommand(device);
        if (device.state === 4 && !device.held) this.advance(device, speed);
      }
    }, everyMs);
  }

  stop() {
    clearInterval(this.#timer);
  }
}

/** The bench of the demonstration: six good devices, one refused, one that fails once; and rarer states. */
export function demoBench(floor) {
  const places = ["A1", "A2", "A3", "A4", "A10", "B1"];
  places.forEach((slot, index) => {
    const device = floor.add(`D-${1001 + index}`, { slot, assignedUser: index % 2 ? "" : "ada@example.org", lab: true });
    floor.setState(device, 3);
    floor.heard(device);
  });
  const failing = floor.add("D-1007", { slot: "B2", lab: true, failsAt: "netbase" });
  floor.setState(failing, 3);
  floor.heard(failing);
  const refused = floor.add("D-1008", { slot: "B3" });
  refused.failure = {
    code: "EK_CHAIN_UNTRUSTED", itemId: "", message: "The TPM's certificate does not lead to a trusted root.",
    remedy: "Check that the device is genuine, or add its maker's root.", seen: "CN=Unknown Root", expected: "one of 3 configured roots",
  };
  Object.assign(refused, { enrolled: false, attemptsUsed: 1, attemptsLeft: 2 });
  floor.heard(refused);
  floor.setState(refused, 10);
  refused.enrolled = false;
}

/** Every state at once, standing still: for pictures. */
export function galleryBench(floor) {
  demoBench(floor);
  const at = (id) => floor.devices.get(`devices/${id}`);
  for (const id of ["D-1002", "D-1003", "D-1004", "D-1005", "D-1006", "D-1007"]) floor.startRun(at(id));
  for (let i = 0; i < 17; i++) floor.advance(at("D-1002"), 20);
  for (let i = 0; i < 9; i++) floor.advance(at("D-1003"), 20);
  for (let i = 0; i < 60; i++) for (const id of ["D-1004", "D-1005", "D-1006"]) if (at(id).state === 4) floor.advance(at(id), 20);
  for (let i = 0; i < 60; i++) if (at("D-1007").state === 4) floor.advance(at("D-1007"), 20);
  at("D-1003").contact = { state: 4, lastTime: timestampFromMs(Date.now() - 42_000) };
  floor.setState(at("D-1005"), 6);
  floor.setState(at("D-1006"), 7);
  at("D-1006").sealTime = floor.now();
  for (const device of floor.devices.values()) device.held = true;
  floor.add("D-1009", { slot: "B4" });
  const present = floor.add("D-1010", { slot: "B10" });
  floor.heard(present);
  floor.setState(present, 2);
  const blocked = floor.add("D-1011", { slot: "C1", enrolled: true });
  blocked.failure = { code: "PCR_CHANGED", itemId: "", message: "Its measurements changed between enrolment and seal.", remedy: "Keep it aside; a lead must look.", seen: "PCR 7 4f1c…", expected: "PCR 7 a90e…" };
  floor.setState(blocked, 11);
  blockForOtherTpm(floor, floor.add("D-1013", { slot: "C3" }));
  const quarantined = floor.add("D-1014", { slot: "C4", quarantined: true });
  floor.setState(quarantined, 3);
  floor.heard(quarantined);
  const unconfirmed = floor.add("D-1012", { slot: "C2", sealUnconfirmed: true });
  floor.setState(unconfirmed, 6);
}

/** `count` running devices, for looking at a full hall. */
export function hallBench(floor, count) {
  for (let i = 0; i < count; i++) {
    const bench = String.fromCharCode(65 + Math.floor(i / 20));
    const device = floor.add(`D-${2000 + i}`, { slot: `${bench}${(i % 20) + 1}`, batch: `batches/PO-${7 + (i % 3)}` });
    floor.startRun(device);
    for (let j = 0; j < (i * 7) % 40; j++) if (device.state === 4) floor.advance(device, 20);
  }
}
