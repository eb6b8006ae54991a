// SPDX-License-Identifier: Apache-2.0
// A headless Chromium that trusts the server's CA, with everything the page complains about kept.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.PRESEAL_CHROMIUM ?? "/usr/bin/chromium";
const ACTION_DEADLINE_MS = 30_000;

/** `caFile` may be empty: then, or without certutil, certificates are not checked. */
export async function openBrowser(caFile) {
  const home = mkdtempSync(join(tmpdir(), "preseal-e2e-"));
  const trusted = caFile !== "" && trustCa(home, caFile);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox"],
    env: { ...process.env, HOME: home },
  });
  return {
    trusted,
    complaints: [],
    async newPage(scheme, screen = {}) {
      const context = await browser.newContext({
        ignoreHTTPSErrors: !trusted,
        viewport: { width: 1920, height: 1080 },
        colorScheme: scheme,
        ...screen,
      });
      context.setDefaultTimeout(ACTION_DEADLINE_MS);
      const page = await context.newPage();
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
      });
      page.on("pageerror", (error) => this.complaints.push(error.message));
      return page;
    },
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Puts the CA into a throw-away profile, so that the browser checks the server as a user's does. */
function trustCa(home, caFile) {
  const database = join(home, ".pki", "nssdb");
  mkdirSync(database, { recursive: true });
  const steps = [
    ["-N", "--empty-password", "-d", `sql:${database}`],
    ["-A", "-d", `sql:${database}`, "-t", "C,,", "-n", "preseal-test-ca", "-i", caFile],
  ];
  return steps.every((arguments_) => spawnSync("certutil", arguments_).status === 0);
}
