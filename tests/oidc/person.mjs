// SPDX-License-Identifier: Apache-2.0
// A person with a browser at the provider's pages: follows redirects, keeps cookies, fills in forms.
const REDIRECTS_MAX = 20;

class Browser {
  #cookies = new Map();

  async #fetchOnce(url, form) {
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      body: form ? new URLSearchParams(form) : undefined,
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      redirect: "manual",
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) this.#cookies.set(name, value);
      else this.#cookies.delete(name);
    }
    return response;
  }

  /** The page at the end of all redirects: { url, code, html }. */
  async open(url, form) {
    let response = await this.#fetchOnce(url, form);
    for (let hops = 0; response.status >= 300 && response.status < 400; ++hops) {
      if (hops === REDIRECTS_MAX) throw new Error(`${url} redirects for ever`);
      url = new URL(response.headers.get("location"), url).href;
      await response.arrayBuffer();
      response = await this.#fetchOnce(url);
    }
    return { url, code: response.status, html: await response.text() };
  }

  /** Sends the page's form with its hidden fields and `fields`. */
  async submit(page, fields = {}) {
    const action = /<form[^>]* action="([^"]+)"/.exec(page.html)?.[1];
    if (!action) throw new Error(`no form at ${page.url} (${page.code}): ${page.html.slice(0, 400)}`);
    const form = {};
    for (const [tag] of page.html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      form[/name="([^"]*)"/.exec(tag)[1]] = /value="([^"]*)"/.exec(tag)[1];
    }
    return this.open(new URL(action, page.url).href, { ...form, ...fields });
  }
}

/** Opens the address the device shows and types its code; gives the page that asks to confirm. */
async function typeCode(browser, begun) {
  const page = await browser.open(begun.verification_uri);
  return browser.submit(page, { user_code: begun.user_code });
}

/** Types the code, signs in as `login`, agrees. Gives the last page. */
export async function approve(begun, login) {
  const browser = new Browser();
  const confirm = await typeCode(browser, begun);
  const loginPage = await browser.submit(confirm);
  const consent = await browser.submit(loginPage, { login, password: "any" });
  return browser.submit(consent);
}

/** Follows the QR code's address and refuses on the page that asks to confirm. */
export async function refuse(begun) {
  const browser = new Browser();
  const page = await browser.open(begun.verification_uri_complete);
  const confirm = await browser.submit(page);
  return browser.submit(confirm, { abort: "yes" });
}

/** Signs in, and then says no to what the device may know. */
export async function refuseConsent(begun, login) {
  const browser = new Browser();
  const loginPage = await browser.submit(await typeCode(browser, begun));
  const consent = await browser.submit(loginPage, { login, password: "any" });
  const abort = /href="([^"]+\/abort)"/.exec(consent.html)[1];
  return browser.open(new URL(abort, consent.url).href);
}
