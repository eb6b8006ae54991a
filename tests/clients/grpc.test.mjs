// SPDX-License-Identifier: Apache-2.0
// The API as a program in another language sees it: grpc-js, an operator's token, our proto files.
import assert from "node:assert/strict";
import { test } from "node:test";
import grpc from "@grpc/grpc-js";
import { bearer, call, fromDescriptors, fromFile, productProtos, publicProtos } from "./channel.mjs";
import { secure, streamOptions, withClient } from "./channel.mjs";
import { asAdmin, setting } from "./floor.mjs";

const fleet = fromFile("preseal/fleet/v1/fleet.proto", productProtos);
const FLEET = "preseal.fleet.v1.FleetService";
const operator = bearer(setting("PRESEAL_OPERATOR_TOKEN"));
const batch = `batches/${setting("PRESEAL_BATCH")}`;
const serial = setting("PRESEAL_SERIAL");

const refusedWith = (code) => (error) => {
  assert.equal(grpc.status[error.code], code, error.message);
  return true;
};

test("an operator lists the order page by page, each device once", async () => {
  await withClient(fleet, FLEET, async (client) => {
    const all = await call(client, "ListDevices", { batch }, operator);
    assert.equal(all.next_page_token, "");
    const seen = [];
    for (let token = ""; ; ) {
      const page = await call(client, "ListDevices", { batch, page_size: 1, page_token: token }, operator);
      assert.ok(page.devices.length <= 1);
      seen.push(...page.devices.map((device) => device.name));
      token = page.next_page_token;
      if (token === "") break;
    }
    assert.ok(seen.length > 1);
    assert.deepEqual(seen, all.devices.map((device) => device.name));
    assert.equal(all.devices.find((device) => device.serial_number === serial).state, "DEVICE_STATE_SEALED");
  });
});

test("an operator watches: the whole order first, then a change as it happens", async () => {
  const fresh = `FOREIGN-${process.pid}`;
  await withClient(fleet, FLEET, async (client) => {
    const stream = client.WatchDevices({ batch }, operator, streamOptions());
    const serials = new Set();
    let snapshotEnded = false;
    try {
      for await (const message of stream) {
        for (const device of message.devices) serials.add(device.serial_number);
        if (message.snapshot_complete && !snapshotEnded) {
          snapshotEnded = true;
          assert.ok(serials.has(serial), "the snapshot must hold what is there");
          assert.ok(!serials.has(fresh));
          const rows = `serial,manufacturer,model\n${fresh},Elsewhere,Model 3\n`;
          asAdmin(["import", "-", "--batch", setting("PRESEAL_BATCH")], rows);
        }
        if (serials.has(fresh)) break;
      }
    } finally {
      stream.cancel();
    }
    assert.ok(snapshotEnded, "the snapshot must end before changes come");
    assert.ok(serials.has(fresh), "the change must arrive");
  });
});

test("no token, a wrong token and a role too small are told apart", async () => {
  await withClient(fleet, FLEET, async (client) => {
    await assert.rejects(call(client, "ListDevices", {}), refusedWith("UNAUTHENTICATED"));
    const wrong = bearer(`${setting("PRESEAL_OPERATOR_TOKEN").slice(0, -1)}!`);
    await assert.rejects(call(client, "ListDevices", {}, wrong), refusedWith("UNAUTHENTICATED"));
    const rows = [{ serial_number: "NOT-MINE-1", manufacturer: "Elsewhere", model: "Model 3" }];
    const importing = call(client, "ImportDevices", { batch, rows }, operator);
    await assert.rejects(importing, refusedWith("PERMISSION_DENIED"));
    const sealing = call(client, "ResealDevice", { name: "devices/D-999999" }, operator);
    await assert.rejects(sealing, refusedWith("NOT_FOUND"));
  });
});

test("a client that trusts another authority does not talk to this server", async () => {
  const otherCa = secure("device-ca");
  const listing = withClient(fleet, FLEET, (client) => call(client, "ListDevices", {}, operator), otherCa);
  await assert.rejects(listing, refusedWith("UNAVAILABLE"));
});

test("the standard health check answers", async () => {
  const health = fromFile("health.proto", publicProtos);
  await withClient(health, "grpc.health.v1.Health", async (client) => {
    assert.equal((await call(client, "Check", { service: "" })).status, "SERVING");
    await assert.rejects(call(client, "Check", { service: "no.such.Service" }), refusedWith("NOT_FOUND"));
  });
});

test("the server describes itself so completely that its description makes a client", async () => {
  const REFLECTION = "grpc.reflection.v1alpha.ServerReflection";
  const reflection = fromFile("reflection.proto", publicProtos);
  const files = await withClient(reflection, REFLECTION, async (client) => {
    const listed = await ask(client, { list_services: "" });
    const names = listed.list_services_response.service.map((service) => service.name);
    for (const name of [FLEET, "preseal.auth.v1.AuthService", "preseal.batch.v1.BatchService"]) {
      assert.ok(names.includes(name), `${name} is not in ${names}`);
    }
    for (const name of names) assert.doesNotMatch(name, /enrollment|DeviceService|Artifact/, "not of this port");
    const described = await ask(client, { file_containing_symbol: FLEET });
    return described.file_descriptor_response.file_descriptor_proto;
  });
  await withClient(fromDescriptors(files), FLEET, async (client) => {
    const { devices } = await call(client, "ListDevices", { batch, query: serial }, operator);
    assert.deepEqual(devices.map((device) => device.serial_number), [serial]);
  });
});

/** One question to the reflection stream, one answer. */
async function ask(client, request) {
  const stream = client.ServerReflectionInfo(streamOptions());
  stream.write(request);
  try {
    for await (const answer of stream) {
      assert.equal(answer.error_response, undefined, answer.error_response?.error_message);
      return answer;
    }
  } finally {
    stream.cancel();
  }
  throw new Error("the reflection stream ended without an answer");
}
