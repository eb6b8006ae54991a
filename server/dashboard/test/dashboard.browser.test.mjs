// SPDX-License-Identifier: Apache-2.0
// The built dashboard in a real browser, with the real server's security headers, against the scripted
// floor: what a real bench shows too rarely to test with. tests/e2e drives the real server.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { ONE_TIME_PASSWORD, USER, startBench } from "./bench_server.mjs";
import { demoBench, galleryBench } from "./floor.mjs";

const NEW_PASSWORD = "a sentence is fine";
const DEADLINE_MS = 20_000;
let browser;
let bench;
let page;
let complaints;

before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  await bench?.close();
});

beforeEach(async () => {
  await page?.context().close();
  await bench?.close();
  bench = undefined;
  complaints = [];
});

async function open({ fill = demoBench, scheme = "light", path = "/", login = true, everyMs = 100 } = {}) {
  bench = await startBench(fill, { everyMs, speed: 25 });
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1920, height: 1080 },
    colorScheme: scheme,
    acceptDownloads: true,
  });
  context.setDefaultTimeout(DEADLINE_MS);
  page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(bench.url + path);
  if (login) await logIn();
}

async function logIn() {
  await page.getByTestId("username").fill(USER);
  await page.getByTestId("password").fill(bench.people.password);
  await page.getByTestId("login-submit").click();
  if (!bench.people.oneTime) return;
  await page.getByTestId("new-password").fill(NEW_PASSWORD);
  await page.getByTestId("repeat-password").fill(NEW_PASSWORD);
  await page.getByTestId("login-submit").click();
}

const tile = (id) => page.locator(`[data-testid=tile][data-device="${id}"]`);
const tileIn = (id, view) => page.locator(`[data-testid=tile][data-device="${id}"][data-view="${view}"]`);
const pageIn = (view) => page.locator(`[data-testid=device-page][data-view="${view}"]`);

async function assertNoViolations(where) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const text = violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target).join(" | ")}`);
  assert.deepEqual(text, [], where);
}

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
  assert.equal(await page.getByTestId("nav-wall").count(), 0);
  assert.equal(await page.getByTestId("tile").count(), 0);
});

test("searches, filters, and keeps both in the address", async () => {
  await open({ fill: galleryBench });
  await tile("D-1004").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("d-101");
  await tile("D-1001").waitFor({ state: "detached" });
  assert.equal(await page.getByTestId("tile").count(), 3);
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
    await page.getByTestId("nav-batches").click();
    await page.getByTestId("batch").waitFor();
    await assertNoViolations("batches");
    assert.deepEqual(complaints, []);
  });
}
