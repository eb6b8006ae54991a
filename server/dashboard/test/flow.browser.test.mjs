// SPDX-License-Identifier: Apache-2.0
// Both flows in a real browser against the scripted floor: what holds runs up, what people decide about
// them, seals, plans, documents, diagnostics.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { assertNoViolations, bench, complaints, logIn, open, page, tile } from "./browser_page.mjs";
import { galleryBench } from "./floor.mjs";
import { flowBench } from "./floor_flow.mjs";

const on = (id) => ({ fill: flowBench, path: `/devices/${id}` });
const item = (id) => page.locator(`[data-testid=item][data-item="${id}"]`);
const device = (id) => bench.floor.devices.get(`devices/${id}`);

test("tells on each tile by word and shape what holds the run up", async () => {
  await open({ fill: flowBench });
  const wanted = { "F-1": "held", "F-2": "waiting", "F-3": "asks", "F-5": "restarting", "F-6": "stalled", "F-7": "late" };
  for (const [id, kind] of Object.entries(wanted)) {
    await tile(id).and(page.locator(`[data-note=${kind}]`)).getByTestId("tile-note").waitFor();
  }
  await tile("F-1").getByText("Held by grace.").waitFor();
  await tile("F-2").getByText("(place 3)").waitFor();
  assert.equal(await tile("F-9").getByTestId("tile-note").count(), 0, "nothing holds up what is sealed");
  const shapes = await page.locator("[data-testid=tile-note] svg").evaluateAll((all) => all.map((each) => each.innerHTML));
  assert.equal(new Set(shapes).size, 6, "two tiles ask, the others differ");
});

test("shows who is at work and who is next in the queues, and goes to a device from there", async () => {
  await open({ fill: (floor) => (galleryBench(floor), flowBench(floor)) });
  await tile("F-2").waitFor();
  await page.keyboard.press("q");
  await page.locator("[data-testid=token-queue][data-token=download]").getByText("2 of 2 at work, 3 waiting").waitFor();
  const waiters = await page.getByTestId("token-waiters").getByRole("link").allInnerTexts();
  assert.deepEqual(waiters, ["D-1004", "D-1005", "F-2"]);
  await page.getByTestId("token-waiters").getByText("F-2").click();
  await page.locator("[data-testid=device-page][data-device=F-2]").waitFor();
});

test("holds a run with a reason and resumes it, by keys", async () => {
  await open(on("F-2"));
  await page.getByTestId("flow-hold").waitFor();
  await page.keyboard.press("h");
  assert.equal(await page.getByTestId("reason-confirm").isEnabled(), false, "a hold wants a reason");
  await page.getByTestId("reason").fill("moving the bench");
  await page.getByTestId("reason-confirm").click();
  await page.locator("[data-testid=flow-banner][data-kind=held]").getByText("Held by admin.").waitFor();
  await page.keyboard.press("h");
  await page.getByTestId("flow-banner").waitFor({ state: "detached" });
});

test("shows at once that a hold is asked, before the device confirms it", async () => {
  const asked = (floor) => {
    flowBench(floor);
    const command = { name: "devices/F-2/commands/C-1", kind: 4, state: 1, actor: "grace", createTime: floor.now(), updateTime: floor.now() };
    floor.devices.get("devices/F-2").lastCommand = command;
  };
  await open({ fill: asked, everyMs: 600_000 });
  await tile("F-2").and(page.locator("[data-note=hold-asked]")).getByText("Hold asked").waitFor();
  await tile("F-2").getByTestId("tile-link").click();
  await page.locator("[data-testid=flow-banner][data-kind=hold-asked]").getByText("Asked by grace;").waitFor();
});

test("says why an action is not there, also when its key is pressed", async () => {
  await open(on("F-9"));
  await page.getByTestId("flow-missing").locator("summary").click();
  await page.getByTestId("flow-missing").getByText("It is not connected.").first().waitFor();
  await page.keyboard.press("h");
  await page.getByText("Hold F-9: No run is under way.").waitFor();
});

test("answers a prompt by a button when it has choices", async () => {
  await open(on("F-3"));
  await page.getByRole("group", { name: "Is the docking station connected?" }).waitFor();
  await page.getByTestId("prompt-choice").getByText("No docking station").click();
  await page.getByTestId("prompt").waitFor({ state: "detached" });
  assert.equal(device("F-3").answer, "No docking station");
});

test("answers a prompt by a scan, and refuses what does not match before it is sent", async () => {
  await open(on("F-4"));
  await page.getByText("a scanner's Enter sends it").waitFor();
  await page.getByLabel("Scan the asset label.").waitFor();
  await page.getByTestId("prompt-answer").fill("AS-12");
  await page.getByText("It must look like AS-[0-9]{4}").waitFor();
  await page.keyboard.press("Enter");
  assert.equal(device("F-4").answer, undefined);
  await page.getByTestId("prompt-answer").fill("AS-1234");
  await page.keyboard.press("Enter");
  await page.getByTestId("prompt").waitFor({ state: "detached" });
  assert.equal(device("F-4").answer, "AS-1234");
});

test("says by when a restarting device is back, and when that is over", async () => {
  await open(on("F-5"));
  await page.getByTestId("back-by").getByText("Expected back by").waitFor();
  await page.goto(`${bench.url}/devices/F-7`);
  await page.getByTestId("back-by").getByText("look at the device").waitFor();
});

test("names a stall apart from a wait, a waiver with its reason, and why an item is there", async () => {
  await open(on("F-6"));
  await page.getByTestId("item-stalled").getByText("Not just slow").waitFor();
  assert.equal(await page.getByTestId("item-wait").count(), 0);
  await page.goto(`${bench.url}/devices/F-8`);
  await item("join").getByText("The directory is down until Monday").waitFor();
  await item("join").getByText("Failed, waived").waitFor();
  await item("hardening").getByText("assigned to group floor").waitFor();
  await item("hardening").getByText("was in place").waitFor();
});

test("lets a lead waive a failed item by name, and not an operator", async () => {
  await open(on("F-8"));
  await item("netbase").getByTestId("waive").click();
  await page.getByTestId("reason").fill("is installed by hand");
  await page.getByTestId("reason-confirm").click();
  await item("netbase").getByText("Waived by admin:").waitFor();
  device("F-8").items[6].waiver = undefined;
  bench.people.role = 1;
  await page.reload();
  await item("netbase").getByText("VERIFY_FAILED").waitFor();
  assert.equal(await page.getByTestId("waive").count(), 0);
  assert.equal(await page.getByTestId("edit").count(), 0);
});

test("reads causes and a file of a bundle part by part, finds a line in it, downloads the bundle", async () => {
  await open(on("F-8"));
  const first = page.getByTestId("diagnosis").first();
  await first.getByText("The device's disk is full.").waitFor();
  await first.getByText("almost certain (92 %)").waitFor();
  await first.getByTestId("evidence").getByText("event 17").waitFor();
  await page.getByTestId("bundle-open").click();
  await page.locator("[data-testid=bundle-file][data-path='items/netbase/apply.log']").click();
  await page.getByTestId("file-said").getByText("Its beginning").waitFor();
  await page.getByTestId("file-more").click();
  await page.getByTestId("file-said").getByText("To its end").waitFor();
  await page.getByTestId("file-search").fill("no space");
  await page.getByTestId("file-said").getByText("1 line with “no space”").waitFor();
  assert.equal(await page.getByTestId("file-line").innerText(), "413\nE: No space left on device /target");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("bundle-download").click()]);
  assert.equal(download.suggestedFilename(), "F-8.B-1.tar.zst");
  assert.equal((await readFile(await download.path())).length, 64);
  assert.deepEqual(complaints, []);
});

test("shows a seal's age and drift, and allows one more enrolment for a time and a reason", async () => {
  await open(on("F-9"));
  await page.getByTestId("seal-age").getByText("Expired").waitFor();
  await page.getByTestId("seal-drift").getByText("profile floor-default v4 is now v5").waitFor();
  await page.getByTestId("allow-next").click();
  await page.getByTestId("allow-days").selectOption("1");
  await page.getByTestId("reason").fill("returned, goes to another person");
  await page.getByTestId("reason-confirm").click();
  await page.getByTestId("one-time-limit").getByText("allowed by admin").waitFor();
  const end = Number(device("F-9").oneTimeLimit.allowNextExpireTime.seconds) * 1000;
  assert.ok(Math.abs(end - Date.now() - 86_400_000) < 60_000, "for one day");
});

test("shows a user's code once, with its QR code, and forgets it", async () => {
  await open(on("F-9"));
  await page.getByTestId("user-code").click();
  await page.getByTestId("user-code-text").getByText("K7QM-2XRD-9TBV").waitFor();
  await page.getByTestId("user-code-qr").waitFor();
  await page.getByTestId("user-code-done").click();
  assert.equal(await page.getByText("K7QM-2XRD-9TBV").count(), 0);
});

test("edits the assigned user and attributes, and sends only what changed", async () => {
  await open(on("F-1"));
  await page.getByTestId("edit").click();
  assert.equal(await page.getByTestId("edit-save").isEnabled(), false, "nothing changed yet");
  await page.getByTestId("edit-user").fill("grace@example.org");
  await page.getByTestId("edit-attributes").fill("role=till");
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.url().endsWith("/UpdateDevice")),
    page.getByTestId("edit-save").click(),
  ]);
  assert.ok(!request.postDataBuffer().includes("sales"), "the group tag did not change");
  await page.getByTestId("user").getByText("grace@example.org").waitFor();
  assert.deepEqual(device("F-1").attributes, { role: "till" });
});

test("adds up where the time went, with the remainder, and counts the attempts", async () => {
  await open(on("F-9"));
  await page.getByTestId("deployment-state").getByText("Success on retry").waitFor();
  await page.getByTestId("time-details").locator("summary").click();
  await page.getByTestId("time-details").getByText("Not attributed").waitFor();
  await page.getByTestId("time-details").getByText("sets the pace").waitFor();
  await page.getByTestId("journey").getByText("2 attempts").waitFor();
});

test("previews the plan of either flow, with what won, what is left out, and why", async () => {
  await open(on("F-8"));
  await page.getByTestId("plan-preview").locator("summary").click();
  await page.locator("[data-testid=plan-profile][data-chosen=true]").getByText("floor-default").waitFor();
  await page.locator("[data-testid=plan-profile][data-chosen=false]").getByText("created later").waitFor();
  await page.getByTestId("plan-left-out").getByText("excluded for group kiosk").waitFor();
  await page.getByTestId("plan-preview").getByText("User flow").click();
  await page.locator("[data-testid=plan-item][data-item=mail]").waitFor();
});

test("compares two versions of a document", async () => {
  await open({ fill: flowBench, path: "/profiles" });
  await page.locator("[data-testid=document][data-document='documents/deployment-profile/floor-default']").click();
  await page.getByTestId("compare").selectOption("1");
  await page.getByTestId("document-diff").getByText("-     timeout: 60m").waitFor();
  await page.getByTestId("document-diff").getByText("+     timeout: 90m").waitFor();
});

test("counts refused devices apart from failed ones on the Batches page", async () => {
  await open({ fill: galleryBench, path: "/batches" });
  await page.locator("[data-testid=batch-refused][data-count='1']").waitFor();
  await page.locator("[data-testid=batch-failed][data-count='1']").waitFor();
});

test("shows on a phone how old a seal is, and the help from its beginning", async () => {
  await open({ fill: flowBench, path: "/seals", viewport: { width: 390, height: 844 } });
  const age = page.getByTestId("seal").first().locator("[data-label=Age]");
  await age.waitFor();
  const box = await age.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 390, `the age is at ${box.x}, ${box.width} wide`);
  await page.getByTestId("help").click();
  const title = page.getByTestId("help-dialog").getByRole("heading");
  await title.waitFor();
  assert.ok((await title.boundingBox()).y > 0, "it opens at its end");
});

for (const [scheme, viewport] of [["light", { width: 390, height: 844 }], ["dark", { width: 1600, height: 1000 }]]) {
  test(`has no accessibility violation and never scrolls sideways, ${scheme}, ${viewport.width} wide`, async () => {
    await open({ fill: flowBench, scheme, viewport, login: false });
    await logIn();
    await tile("F-9").waitFor();
    await check("wall");
    await page.getByTestId("tokens").click();
    await page.getByTestId("token-queue").waitFor();
    await check("queues");
    for (const id of ["F-1", "F-3", "F-4", "F-6", "F-8", "F-9"]) {
      await page.goto(`${bench.url}/devices/${id}`);
      await page.locator("[data-testid=diagnostics][data-loaded=true]").waitFor();
      await check(id);
    }
    await page.getByTestId("edit").click();
    await check("edit dialog");
    await page.getByTestId("edit-cancel").click();
    await page.goto(`${bench.url}/devices/F-8`);
    await page.getByTestId("bundle-open").click();
    await page.getByTestId("bundle-file").first().click();
    await page.getByTestId("file-line").first().waitFor();
    await page.getByTestId("plan-preview").locator("summary").click();
    await page.getByTestId("plan-item").first().waitFor();
    await page.getByTestId("time-details").locator("summary").click();
    await page.getByTestId("journey").waitFor();
    await check("F-8, all open");
    for (const [address, shown] of [["/profiles", "document"], ["/seals", "seal"]]) {
      await page.goto(bench.url + address);
      await page.getByTestId(shown).first().waitFor();
      await check(address);
    }
    assert.deepEqual(complaints, []);
  });
}

async function check(where) {
  await assertNoViolations(where);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(over, 0, `${where} is ${over} px too wide`);
}
