// SPDX-License-Identifier: Apache-2.0
// The built dashboard in a real browser, with the real server's security headers, against the scripted
// floor: what a real bench shows too rarely to test with. tests/e2e drives the real server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ONE_TIME_PASSWORD, USER } from "./bench_server.mjs";
import { NEW_PASSWORD, assertNoViolations, bench, complaints, logIn, open, page, pageIn, tile, tileIn } from "./browser_page.mjs";
import { galleryBench } from "./floor.mjs";

test("asks for a new password after the one-time one, and refuses bad ones", async () => {
  await open({ login: false });
  await page.getByTestId("username").fill(USER);
  await page.getByTestId("password").fill("wrong");
  await page.getByTestId("login-submit").click();
  await page.getByText("User name or password is wrong.").waitFor();
  await page.getByTestId("password").fill(ONE_TIME_PASSWORD);
  await page.getByTestId("login-submit").click();
  await page.getByTestId("new-password").fill("short");
  await page.getByTestId("repeat-password").fill("short");
  await page.getByTestId("login-submit").click();
  await page.getByText("At least 12 characters, please.").waitFor();
  await page.getByTestId("new-password").fill(NEW_PASSWORD);
  await page.getByTestId("repeat-password").fill(NEW_PASSWORD);
  await page.getByTestId("login-submit").click();
  await page.getByTestId("wall").waitFor();
  assert.equal(await page.evaluate(() => document.cookie), "", "the session must not be readable by scripts");
  assert.deepEqual(complaints, []);
});

test("orders tiles as people count slots", async () => {
  await open();
  await tile("D-1001").waitFor();
  const slots = await page.getByTestId("tile-link").allInnerTexts();
  assert.deepEqual(slots, ["A1", "A2", "A3", "A4", "A10", "B1", "B2", "B3"]);
});

test("runs a bench by keyboard: start, retry what failed, reseal", async () => {
  await open();
  await tile("D-1007").waitFor();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "A1");
  await page.keyboard.press("s");
  await tileIn("D-1001", "provisioning").waitFor();
  await tileIn("D-1001", "ready").waitFor();
  await tile("D-1007").getByTestId("tile-link").focus();
  await page.keyboard.press("s");
  await tileIn("D-1007", "failed").getByText("VERIFY_FAILED").waitFor();
  await page.keyboard.press("r");
  await tileIn("D-1007", "ready").waitFor();
  assert.equal(await tile("D-1007").getAttribute("data-attempt"), "2");
  await page.keyboard.press("e");
  const dialog = page.getByTestId("reseal-dialog");
  await dialog.getByText("B2", { exact: true }).waitFor();
  await page.keyboard.press("Enter");
  await tileIn("D-1007", "sealed").waitFor();
  assert.deepEqual(complaints, []);
});

test("says why a command is not possible instead of sending it", async () => {
  await open({ path: "/devices/D-1008" });
  await pageIn("refused").waitFor();
  const reseal = page.getByTestId("action-reseal");
  assert.equal(await reseal.getAttribute("aria-disabled"), "true");
  assert.equal(await reseal.getAttribute("title"), "Refused: EK_CHAIN_UNTRUSTED.");
  await reseal.click({ force: true });
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await page.getByTestId("failure-panel").getByText("Check that the device is genuine").waitFor();
});

test("shows who cannot be resealed and why before, and a result for each after", async () => {
  await open({ fill: galleryBench });
  await tile("D-1004").waitFor();
  await page.getByTestId("bulk-reseal").click();
  await page.getByTestId("bulk-able").getByText("A4").waitFor();
  await page.getByTestId("bulk-unable").getByText("Items are still open (3 of 7).").waitFor();
  await page.getByTestId("bulk-unable").getByText("Blocked: PCR_CHANGED.").waitFor();
  await page.getByTestId("bulk-confirm").click();
  await page.locator("[data-testid=bulk-result][data-state=sent]").waitFor();
  await page.getByTestId("bulk-close").click();
  await tileIn("D-1004", "sealed").waitFor();
});

test("reconnects by itself after the server was away, missing nothing", async () => {
  await open();
  await tile("D-1001").waitFor();
  await bench.down();
  await page.locator("[data-testid=connection][data-state=reconnecting]").waitFor();
  await page.getByTestId("stale").waitFor();
  bench.floor.startRun(bench.floor.devices.get("devices/D-1001"));
  await bench.up();
  await page.locator("[data-testid=connection][data-state=live]").waitFor();
  await tileIn("D-1001", "ready").waitFor();
  assert.equal(await page.getByTestId("stale").count(), 0);
});

test("resumes after a drain without starting over", async () => {
  await open();
  await tile("D-1002").waitFor();
  const requests = [];
  page.on("request", (request) => request.url().endsWith("/WatchDevices") && requests.push(request.postDataBuffer()));
  bench.cut();
  await page.waitForRequest((request) => request.url().endsWith("/WatchDevices"));
  // Five bytes of frame, then field 1 (cursor): an empty message would ask for everything again.
  assert.equal(requests[0]?.[5], 0x08);
  await page.locator("[data-testid=connection][data-state=live]").waitFor();
});

test("goes back to where one was when a session ends", async () => {
  await open({ path: "/devices/D-1003" });
  await pageIn("enrolled").waitFor();
  bench.people.sessions.clear();
  bench.cut();
  await page.getByText("Your session has ended.").waitFor();
  assert.equal(new URL(page.url()).pathname, "/devices/D-1003");
  await logIn();
  await pageIn("enrolled").waitFor();
});

test("lets an auditor look and not act", async () => {
  await open({ login: false });
  bench.people.role = 5;
  await logIn();
  await tile("D-1001").waitFor();
  assert.equal(await page.getByTestId("action-start").count(), 0);
  await tile("D-1001").getByTestId("tile-link").click();
  await page.locator('[data-testid=action-start][title="Your role may look, not act."]').waitFor();
});

test("shows a reseller batches and nothing else", async () => {
  await open({ login: false });
  bench.people.role = 4;
  await logIn();
  await page.locator("[data-testid=batch][data-batch=PO-7]").waitFor();
  await page.locator("[data-testid=batch-refused][data-count='1']").waitFor();
  assert.equal(await page.getByTestId("nav-wall").count(), 0);
  assert.equal(await page.getByTestId("tile").count(), 0);
});

test("searches, filters, and keeps both in the address", async () => {
  await open({ fill: galleryBench });
  await tile("D-1004").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("d-101");
  await tile("D-1001").waitFor({ state: "detached" });
  assert.equal(await page.getByTestId("tile").count(), 5);
  await page.keyboard.press("Escape");
  await tile("D-1001").waitFor();
  await page.keyboard.type("d-100");
  await page.getByTestId("filter-sealed").click();
  assert.equal(await page.getByTestId("tile").count(), 1);
  assert.equal(new URL(page.url()).search, "?state=sealed&q=d-100");
  await page.reload();
  await tile("D-1006").waitFor();
  assert.equal(await page.getByTestId("tile").count(), 1);
});

test("follows the log until a person scrolls, and a retry's new log by itself", async () => {
  await open({ path: "/devices/D-1007", everyMs: 60 });
  await page.getByTestId("action-start").click();
  await pageIn("failed").waitFor();
  await page.getByTestId("log").getByText("run-finished").waitFor();
  const lines = page.getByRole("log");
  await lines.evaluate((box) => (box.scrollTop = 0));
  await page.getByTestId("log-follow").waitFor();
  await page.getByTestId("action-retry").click();
  await page.getByTestId("log-line").getByText("attempt 2").waitFor();
  await page.locator("[data-testid=attempt][data-attempt='2']").waitFor();
  await page.locator("[data-testid=attempt][data-attempt='1']").waitFor();
});

test("downloads and reads a birth certificate", async () => {
  await open({ fill: galleryBench, path: "/devices/D-1006" });
  await page.getByTestId("birth-show").click();
  await page.getByTestId("birth-decoded").getByText("Serial number").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("birth-download").click()]);
  assert.equal(download.suggestedFilename(), "D-1006.birth.jws");
});

test("shows a refusal as a sentence, a next step and a trace", async () => {
  await open({ path: "/devices/D-1008" });
  await page.getByTestId("attestation-sentence").getByText("does not lead to a trusted root").waitFor();
  await page.getByTestId("attestation-next").getByText("Check that the device is genuine").waitFor();
  await page.getByTestId("attempts-left").getByText("1 of 3 attempts used, 2 left").waitFor();
  await page.getByTestId("trace-toggle").press("Enter");
  const decided = page.locator("[data-testid=trace-line][data-number='302'][data-verdict=fail]");
  await decided.getByText("EK_CHAIN_UNTRUSTED").waitFor();
  await decided.getByText("one of 3 configured roots").waitFor();
  await decided.getByText("This decided").waitFor();
  await page.getByTestId("trace-filter").press("Enter");
  const verdicts = await page.getByTestId("trace-line").evaluateAll((lines) => lines.map((line) => line.dataset.verdict));
  assert.deepEqual(verdicts, ["fail", "finding"]);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByTestId("trace-copy").click();
  await page.getByText("Trace copied as text.").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /302 {2}Failed {3}EK certificate leads to a trusted root \[EK_CHAIN_UNTRUSTED\]/);
  assert.deepEqual(complaints, []);
});

test("unblocks a device for a reason, and not without", async () => {
  await open({ fill: galleryBench, path: "/devices/D-1013" });
  await pageIn("blocked").waitFor();
  await page.getByTestId("decide-unblock").click();
  const confirm = page.getByTestId("decision-confirm");
  assert.equal(await confirm.isDisabled(), true);
  await page.getByTestId("reason").fill("Serial number checked at the bench");
  await confirm.click();
  await page.getByText("D-1013: unblocked.").waitFor();
  await pageIn("registered").waitFor();
  assert.equal(bench.floor.devices.get("devices/D-1013").unblockedFor, "Serial number checked at the bench");
});

test("approves another TPM only with its kind of reason, showing both", async () => {
  await open({ fill: galleryBench, path: "/devices/D-1013" });
  await page.getByTestId("decide-rebind").click();
  const old = await page.getByTestId("present-tpm").innerText();
  const fresh = await page.getByTestId("waiting-tpm").innerText();
  assert.match(fresh, /IFX SLB9672/);
  assert.notEqual(/[0-9a-f]{8} [0-9a-f]{8}/.exec(old)?.[0], /[0-9a-f]{8} [0-9a-f]{8}/.exec(fresh)?.[0]);
  assert.equal(await page.getByTestId("rebind-confirm").isDisabled(), true);
  await page.getByTestId("rebind-reason-1").check();
  await page.getByTestId("reason").fill("mainboard 4711 fitted");
  await page.getByTestId("rebind-confirm").click();
  await page.getByText("D-1013: other TPM approved.").waitFor();
  const { reason, note, ekSpkiSha256 } = bench.floor.devices.get("devices/D-1013").reboundFor;
  assert.deepEqual([reason, note, ekSpkiSha256.length], [1, "mainboard 4711 fitted", 32]);
});

test("revokes, and shows the device blocked on the wall with its reason", async () => {
  await open({ path: "/devices/D-1001" });
  await page.getByTestId("decide-revoke").click();
  await page.getByTestId("reason").fill("lost in transport");
  await page.getByTestId("decision-confirm").click();
  await pageIn("blocked").waitFor();
  await page.getByTestId("back").click();
  await tileIn("D-1001", "blocked").getByText("DEVICE_REVOKED").waitFor();
});

test("marks lab and quarantine on the tile and on the page", async () => {
  await open({ fill: galleryBench });
  await tile("D-1001").getByTestId("mark-lab").waitFor();
  await tile("D-1014").getByTestId("mark-quarantine").waitFor();
  assert.equal(await tile("D-1013").getByTestId("mark-lab").count(), 0);
  await tile("D-1014").getByTestId("tile-link").click();
  assert.equal(await page.getByTestId("mark-quarantine").count(), 2, "in the page's head and in the panel's");
});

test("lets a technician read the sentence, and neither the trace nor a decision", async () => {
  await open({ login: false });
  bench.people.role = 1;
  await logIn();
  await tile("D-1008").getByTestId("tile-link").click();
  await page.getByTestId("attestation-next").waitFor();
  await page.getByText("The trace is for line leads, admins and auditors.").waitFor();
  assert.equal(await page.locator("[data-testid^=decide-]").count(), 0);
  assert.equal(await page.getByTestId("nav-trust").count(), 0);
});

test("shows trust by vendor, the policy, and proposals first; approval takes two people", async () => {
  await open({ login: false });
  bench.floor.golden[2].firstApprover = USER;
  await logIn();
  await page.getByTestId("nav-trust").click();
  await page.locator("[data-testid=vendor][data-vendor=IFX]").getByText("CN=Test EK Root CA").waitFor();
  await page.getByTestId("trust-lists").getByText("overdue for").waitFor();
  await page.getByTestId("policy-version").getByText("Version 3").waitFor();
  await page.getByTestId("golden-proposed").getByText("2 to decide").waitFor();
  assert.equal(await page.getByTestId("golden-model").first().getAttribute("data-model"), "ThinkPad T14");
  const mine = page.locator("[data-testid=golden-set][data-set=G-12]");
  assert.equal(await mine.getByTestId("golden-approve").getAttribute("aria-disabled"), "true");
  await mine.getByText("the second approval must be another person's").waitFor();
  await page.getByTestId("golden-compare").first().locator("summary").click();
  await page.locator("[data-testid=golden-row][data-differs=true]").first().waitFor();
  assert.equal(await page.locator("[data-testid=golden-row][data-differs=true]").count(), 2);
  const other = page.locator("[data-testid=golden-set][data-set=G-13]");
  await other.getByTestId("golden-approve").click();
  await page.getByTestId("reason").fill("same firmware as G-11, new microcode");
  await page.getByTestId("reason-confirm").click();
  await other.getByText("one more person must approve").waitFor();
  assert.equal(bench.floor.golden[3].state, 1, "one person alone approves nothing");
  assert.deepEqual(complaints, []);
});

test("lets an admin take an authority out, and a lead only look", async () => {
  await open({ path: "/trust" });
  await page.locator("[data-testid=vendor][data-vendor=swtpm]").getByTestId("anchor-remove").click();
  await page.getByTestId("reason-confirm").click();
  await page.locator("[data-testid=vendor][data-vendor=swtpm]").waitFor({ state: "detached" });
  bench.people.role = 2;
  await page.reload();
  await page.getByTestId("trust-page").waitFor();
  assert.equal(await page.getByTestId("anchor-remove").count(), 0);
});

for (const scheme of ["light", "dark"]) {
  test(`has no accessibility violation and obeys its security policy, ${scheme}`, async () => {
    await open({ fill: galleryBench, scheme, login: false });
    await page.getByTestId("login-form").waitFor();
    await assertNoViolations("login");
    await logIn();
    await tile("D-1004").waitFor();
    await assertNoViolations("wall");
    await page.getByTestId("bulk-reseal").click();
    await assertNoViolations("bulk dialog");
    await page.getByTestId("bulk-cancel").click();
    await page.keyboard.press("?");
    await assertNoViolations("help");
    await page.keyboard.press("Escape");
    for (const id of ["D-1002", "D-1006", "D-1007"]) {
      await page.goto(`${bench.url}/devices/${id}`);
      await page.getByTestId("device-page").waitFor();
      await page.getByTestId("log-line").first().waitFor();
      await assertNoViolations(id);
    }
    for (const id of ["D-1008", "D-1014"]) {
      await page.goto(`${bench.url}/devices/${id}`);
      await page.getByTestId("trace-toggle").click();
      await page.getByTestId("trace-open-all").click();
      await assertNoViolations(`${id}, trace`);
    }
    await page.goto(`${bench.url}/devices/D-1013`);
    await page.getByTestId("decide-rebind").click();
    await assertNoViolations("rebind dialog");
    await page.getByTestId("rebind-cancel").click();
    await page.getByTestId("decide-unblock").click();
    await assertNoViolations("decision dialog");
    await page.getByTestId("decision-cancel").click();
    await page.getByTestId("nav-trust").click();
    await page.getByTestId("golden-compare").first().locator("summary").click();
    await page.getByTestId("golden-row").first().waitFor();
    await assertNoViolations("trust");
    await page.getByTestId("nav-batches").click();
    await page.getByTestId("batch").waitFor();
    await assertNoViolations("batches");
    assert.deepEqual(complaints, []);
  });
}
