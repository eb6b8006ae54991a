// SPDX-License-Identifier: Apache-2.0
// The dashboard against a running server with a bench of devices: log in, watch tiles move, reseal,
// see SEALED. Needs at least one device that gets ready to seal.
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

async function picture(name) {
  if (pictures !== "") await page.screenshot({ path: join(pictures, `${name}.png`) });
}
