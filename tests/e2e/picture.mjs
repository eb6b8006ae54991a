// SPDX-License-Identifier: Apache-2.0
// Logs in and waits for a wall that shows something of everything; see tests/e2e/picture.
import { openBrowser } from "./floor_browser.mjs";

const DEADLINE_MS = 120_000;
const WANTED = { sealed: 1, ready: 1, failed: 1, refused: 1, enrolled: 1, provisioning: 3 };
const LEAST_PERCENT = 30;

const browser = await openBrowser(process.env.PRESEAL_CA_FILE);
try {
  // Four tiles a row, on a picture of 1600 by 1000.
  const screen = { viewport: { width: 1760, height: 1100 }, deviceScaleFactor: 1600 / 1760 };
  const page = await browser.newPage("light", screen);
  await page.goto(process.env.PRESEAL_WEB_URL);
  await page.getByTestId("username").fill(process.env.PRESEAL_USER);
  await page.getByTestId("password").fill(process.env.PRESEAL_PASSWORD);
  await page.getByTestId("login-submit").click();
  await page.getByTestId("new-password").fill("chosen for a picture");
  await page.getByTestId("repeat-password").fill("chosen for a picture");
  await page.getByTestId("login-submit").click();
  await page.getByTestId("tile").first().waitFor();
  const everything = ([wanted, percent]) => {
    const tiles = [...document.querySelectorAll("[data-testid=tile]")];
    const enough = ([view, count]) => tiles.filter((tile) => tile.dataset.view === view).length >= count;
    const far = (tile) => tile.dataset.view !== "provisioning" || Number(tile.dataset.percent) >= percent;
    return Object.entries(wanted).every(enough) && tiles.every(far);
  };
  await page.waitForFunction(everything, [WANTED, LEAST_PERCENT], { timeout: DEADLINE_MS, polling: 50 });
  await page.screenshot({ path: process.env.PRESEAL_PICTURE });
} finally {
  await browser.close();
}
