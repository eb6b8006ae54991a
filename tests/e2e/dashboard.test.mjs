// SPDX-License-Identifier: Apache-2.0
// The dashboard against a running server with a bench of devices: log in, watch tiles move, reseal,
// see SEALED; read why a device was refused, give its attempts back, look at what is trusted. Needs at
// least one device that gets ready to seal and one whose TPM is refused.
//   PRESEAL_WEB_URL         https://127.0.0.1:PORT
//   PRESEAL_CA_FILE         PEM of the CA behind it; trusted strictly if certutil is installed
//   PRESEAL_USER, PRESEAL_PASSWORD   a lead or admin; a one-time password is changed
//   PRESEAL_NEW_PASSWORD    what it is changed to
//   PRESEAL_SCREENSHOT_DIR  where pictures go; none are taken without
//   PRESEAL_E2E_DEADLINE    seconds a device may take from enrolled to ready, default 180
//   PRESEAL_E2E_WATCHING    a file, made once the wall is watched: a bench may wait for it
//   PRESEAL_E2E_STARTS_ITSELF  set if the bench starts its runs itself; else this test does
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { openBrowser } from "./floor_browser.mjs";

const url = required("PRESEAL_WEB_URL");
const user = required("PRESEAL_USER");
let password = required("PRESEAL_PASSWORD");
const newPassword = process.env.PRESEAL_NEW_PASSWORD ?? "chosen on the floor today";
const pictures = process.env.PRESEAL_SCREENSHOT_DIR ?? "";
const RUN_DEADLINE_MS = 1000 * Number(process.env.PRESEAL_E2E_DEADLINE ?? "180");

let browser;
let page;
let resealed;
let refusedDevice;

before(async () => {
  if (pictures !== "") mkdirSync(pictures, { recursive: true });
  browser = await openBrowser(process.env.PRESEAL_CA_FILE ?? "");
  if (!browser.trusted) console.log("# certificates are NOT checked: no PRESEAL_CA_FILE or no certutil");
  page = await browser.newPage("light");
});

after(async () => {
  await browser?.close();
});

const tiles = (view) => page.locator(`[data-testid=tile][data-view=${view}]`);

test("logs in, choosing a new password if the first was one-time", async () => {
  await page.goto(url);
  await page.getByTestId("login-form").waitFor();
  await assertAccessible("login");
  await picture("login");
  await logIn(page);
  await page.locator("[data-testid=connection][data-state=live]").waitFor();
  assert.equal(await page.getByTestId("who").innerText().then((text) => text.includes(user)), true);
  assert.equal(await page.evaluate(() => document.cookie), "", "the session must not be readable by scripts");
});

test("shows the bench and moves devices to ready", async () => {
  await page.getByTestId("tile").first().waitFor({ timeout: RUN_DEADLINE_MS });
  await keepHistory(page);
  if (process.env.PRESEAL_E2E_WATCHING) writeFileSync(process.env.PRESEAL_E2E_WATCHING, "");
  if (!process.env.PRESEAL_E2E_STARTS_ITSELF) await startWhatWaits();
  await tiles("ready").first().waitFor({ timeout: RUN_DEADLINE_MS });
  await picture("wall");
  await assertAccessible("wall");
  const history = await page.evaluate(() => window.floorHistory);
  const moved = Object.values(history).filter((views) => views.length > 1);
  assert.ok(moved.length > 0, `no tile moved while watching: ${JSON.stringify(history)}`);
});

test("opens a device and shows its verified items and log", async () => {
  const tile = tiles("ready").first();
  resealed = await tile.getAttribute("data-device");
  await tile.getByTestId("tile-link").press("Enter");
  const device = page.locator(`[data-testid=device-page][data-device="${resealed}"]`);
  await device.waitFor();
  assert.equal(new URL(page.url()).pathname, `/devices/${resealed}`);
  await page.locator("[data-testid=item][data-state=Verified]").first().waitFor();
  await page.getByTestId("log-line").first().waitFor();
  await fact("sealable", true);
  await fact("sealed", false);
  await assertAccessible("device");
  await picture("device-ready");
});

test("reseals it after asking, and shows it sealed", async () => {
  const serial = await page.getByTestId("serial").innerText();
  await page.getByTestId("action-reseal").click();
  const dialog = page.getByTestId("reseal-dialog");
  await dialog.getByTestId("reseal-serial").waitFor();
  assert.equal(await dialog.getByTestId("reseal-serial").innerText(), serial);
  await picture("reseal-dialog");
  await page.getByTestId("reseal-confirm").click();
  await page.locator("[data-testid=device-page][data-view=sealed]").waitFor({ timeout: RUN_DEADLINE_MS });
  await fact("sealed", true);
  const reseal = page.getByTestId("action-reseal");
  assert.equal(await reseal.getAttribute("aria-disabled"), "true", "a sealed device must not be resealed again");
});

test("reads the birth certificate of what was sealed", async () => {
  const serial = await page.getByTestId("serial").innerText();
  await page.getByTestId("birth-show").click();
  const decoded = page.getByTestId("birth-decoded");
  await decoded.getByText(serial).first().waitFor();
  await picture("device-sealed");
});

test("shows it sealed on the wall and in its batch", async () => {
  await page.getByTestId("back").click();
  await page.locator(`[data-testid=tile][data-device="${resealed}"][data-view=sealed]`).waitFor();
  assert.ok(Number(await page.getByTestId("filter-sealed").getAttribute("data-count")) >= 1);
  await page.getByTestId("nav-batches").click();
  await page.getByTestId("batch-sealed").first().waitFor();
  await assertAccessible("batches");
  await picture("batches");
});

test("shows a refused device's sentence, what to do, and the trace check by check", async () => {
  await page.getByTestId("nav-wall").click();
  const refused = tiles("refused").or(tiles("blocked")).first();
  await refused.waitFor({ timeout: RUN_DEADLINE_MS });
  refusedDevice = await refused.getAttribute("data-device");
  await refused.getByTestId("tile-link").press("Enter");
  const panel = page.getByTestId("attestation");
  for (const part of ["attestation-sentence", "attestation-next", "failure-code"]) {
    assert.notEqual(await panel.getByTestId(part).innerText(), "", part);
  }
  assert.ok(Number(await panel.getByTestId("attempts-left").getAttribute("data-used")) >= 1);
  await panel.getByTestId("trace-toggle").press("Enter");
  // The bench's untrusted TPM: its certificate leads to no root of this floor.
  const decided = panel.locator("[data-testid=trace-line][data-verdict=fail]").first();
  await decided.waitFor();
  const code = await panel.getByTestId("failure-code").innerText();
  if (code !== "ATTEMPTS_EXCEEDED") await decided.getByText(code).waitFor();
  assert.ok((await panel.locator("[data-testid=trace-line][data-verdict=pass]").count()) > 0, "it shows what passed, too");
  await assertAccessible("refused device");
  await picture("device-refused", true);
  await panel.getByTestId("trace-filter").press("Enter");
  assert.equal(await panel.locator("[data-testid=trace-line][data-verdict=pass]").count(), 0);
});

test("gives a refused device its attempts back for a reason, through the browser", async () => {
  await page.getByTestId("decide-unblock").click();
  const dialog = page.getByTestId("decision-dialog");
  assert.equal(await dialog.getByTestId("decision-confirm").isDisabled(), true, "a reason is needed");
  await dialog.getByTestId("reason").fill("looked at the bench: an unknown TPM, tried again");
  await assertAccessible("decision dialog");
  await picture("decision-dialog");
  await dialog.getByTestId("decision-confirm").click();
  await page.getByText(`${refusedDevice}: unblocked.`).waitFor();
  await page.locator("[data-testid=attempts-left][data-used='0']").waitFor();
  await dialog.waitFor({ state: "hidden" });
});

test("shows whose word counts: authorities, policy, golden sets", async () => {
  await page.getByTestId("nav-trust").click();
  await page.getByTestId("trust-page").waitFor();
  await page.getByTestId("bundle-version").waitFor();
  await page.getByTestId("policy-version").waitFor();
  await page.getByTestId("trust-golden").waitFor();
  assert.ok((await page.getByTestId("vendor").count()) > 0, "the lab's root at least");
  assert.equal(await page.getByRole("alert").count(), 0, "every part was read");
  await assertAccessible("trust");
  await picture("trust", true);
});

test("is as accessible in the dark, and resumes a session where it was", async () => {
  const light = page;
  page = await browser.newPage("dark");
  await page.goto(`${url}/devices/${resealed}`);
  await logIn(page);
  await page.locator(`[data-testid=device-page][data-device="${resealed}"]`).waitFor();
  await assertAccessible("device, dark");
  await page.goto(url);
  await page.getByTestId("tile").first().waitFor();
  await assertAccessible("wall, dark");
  await picture("wall-dark");
  await page.getByTestId("logout").click();
  await page.getByTestId("login-form").waitFor();
  await page.context().close();
  page = light;
});

test("has made the browser complain of nothing", () => {
  assert.deepEqual(browser.complaints, []);
});

function required(name) {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

async function logIn(on) {
  await on.getByTestId("username").fill(user);
  await on.getByTestId("password").fill(password);
  await on.getByTestId("login-submit").click();
  const asked = on.getByTestId("new-password");
  await asked.or(on.getByTestId("who")).or(on.getByTestId("login-problem")).first().waitFor();
  if (!(await asked.isVisible())) return;
  await asked.fill(newPassword);
  await on.getByTestId("repeat-password").fill(newPassword);
  await on.getByTestId("login-submit").click();
  await on.getByTestId("who").waitFor();
  password = newPassword;
}

/** Notes every view each tile goes through, from now on. */
async function keepHistory(on) {
  await on.evaluate(() => {
    window.floorHistory = {};
    const note = () => {
      for (const tile of document.querySelectorAll("[data-testid=tile]")) {
        const views = (window.floorHistory[tile.dataset.device] ??= []);
        const view = `${tile.dataset.view} ${tile.dataset.percent}`;
        if (views.at(-1) !== view) views.push(view);
      }
    };
    note();
    const options = { subtree: true, childList: true, attributes: true };
    new MutationObserver(note).observe(document.body, options);
  });
}

/** Benches that do not start by themselves wait for a person: that is us. */
async function startWhatWaits() {
  await tiles("enrolled").or(tiles("provisioning")).or(tiles("ready")).first().waitFor({ timeout: RUN_DEADLINE_MS });
  const button = page.getByTestId("bulk-start");
  if (!(await button.isVisible())) return;
  await button.click();
  await page.getByTestId("bulk-confirm").click();
  await page.locator("[data-testid=bulk-result][data-state=sent]").first().waitFor();
  await page.getByTestId("bulk-close").click();
}

async function fact(name, holds) {
  await page.locator(`[data-testid=fact-${name}][data-holds=${holds}]`).waitFor();
}

async function assertAccessible(where) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter((each) => each.impact === "serious" || each.impact === "critical");
  const text = serious.map((each) => `${each.id}: ${each.nodes.map((node) => node.target).join(" | ")}`);
  assert.deepEqual(text, [], where);
}

async function picture(name, fullPage = false) {
  if (pictures !== "") await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}
