// SPDX-License-Identifier: Apache-2.0
// One browser, and one page on one scripted floor per test. Imported by the browser tests.
import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { USER, startBench } from "./bench_server.mjs";
import { demoBench } from "./floor.mjs";

export const NEW_PASSWORD = "a sentence is fine";
const DEADLINE_MS = 20_000;
let browser;
export let bench;
export let page;
export let complaints;

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

export async function open({ fill = demoBench, scheme = "light", path = "/", login = true, everyMs = 100, viewport = { width: 1920, height: 1080 } } = {}) {
  bench = await startBench(fill, { everyMs, speed: 25 });
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport,
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

export async function logIn() {
  await page.getByTestId("username").fill(USER);
  await page.getByTestId("password").fill(bench.people.password);
  await page.getByTestId("login-submit").click();
  if (!bench.people.oneTime) return;
  await page.getByTestId("new-password").fill(NEW_PASSWORD);
  await page.getByTestId("repeat-password").fill(NEW_PASSWORD);
  await page.getByTestId("login-submit").click();
}

export const tile = (id) => page.locator(`[data-testid=tile][data-device="${id}"]`);
export const tileIn = (id, view) => page.locator(`[data-testid=tile][data-device="${id}"][data-view="${view}"]`);
export const pageIn = (view) => page.locator(`[data-testid=device-page][data-view="${view}"]`);

export async function assertNoViolations(where) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const text = violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target).join(" | ")}`);
  assert.deepEqual(text, [], where);
}
