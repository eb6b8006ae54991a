// SPDX-License-Identifier: Apache-2.0
// The server's device authorization grant against npm's oidc-provider.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { approve, refuse, refuseConsent } from "./person.mjs";
import { startProbe } from "./probe.mjs";
import { answerJson, PUBLIC_CLIENT_ID, startProvider, workFile } from "./provider.mjs";

let provider;
const probes = [];

before(async () => {
  provider = await startProvider();
});
afterEach(async () => {
  provider.interfere = null;
  await Promise.all(probes.splice(0).map((probe) => probe.close()));
});
after(() => provider.close());

function probe(oidc) {
  probes.push(startProbe(provider.issuer, oidc));
  return probes.at(-1);
}

function userNamed(login) {
  return {
    issuer: provider.issuer,
    subject: login,
    username: `${login}.lovelace`,
    display_name: `${login} Lovelace`,
    email: `${login}@example.test`,
  };
}

/** The provider answers `path` itself as `answer(response)` says. */
function answering(path, answer) {
  provider.interfere = async (request, response) =>
    new URL(request.url, provider.issuer).pathname === path && answer(response);
}

const METADATA = "/.well-known/openid-configuration";

test("gives a code to show, is pending, then signed in once", async () => {
  const signIn = probe();
  const begun = await signIn.begin();
  assert.match(begun.user_code, /^[A-Z]{4}-[A-Z]{4}$/);
  assert.equal(begun.verification_uri, `${provider.issuer}/device`);
  assert.equal(begun.verification_uri_complete, `${provider.issuer}/device?user_code=${begun.user_code}`);
  assert.equal(begun.interval, 5);
  assert.equal(begun.expires_in, 600);

  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "pending" });
  assert.equal((await approve(begun, "ada")).code, 200);
  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "signed in", user: userNamed("ada") });
  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "expired" });
});

test("two people sign in at the same time without being mixed up", async () => {
  const signIn = probe();
  const [first, second] = [await signIn.begin(), await signIn.begin()];
  await approve(second, "grace");
  assert.deepEqual(await signIn.poll(first.device_code), { outcome: "pending" });
  await approve(first, "ada");
  assert.deepEqual((await signIn.poll(second.device_code)).user, userNamed("grace"));
  assert.deepEqual((await signIn.poll(first.device_code)).user, userNamed("ada"));
});

test("works for a public client, with ES256 and names in the ID token", async (context) => {
  provider.configure({ alg: "ES256", namesInIdToken: true });
  context.after(() => provider.configure());
  const signIn = probe({ client_id: PUBLIC_CLIENT_ID, secret: "" });
  const begun = await signIn.begin();
  await approve(begun, "ada");
  const before = provider.requests.length;
  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "signed in", user: userNamed("ada") });
  assert.deepEqual(provider.requests.slice(before), ["POST /token"]);
});

test("takes the username from the claim the settings name", async () => {
  const signIn = probe({ username_claim: "email" });
  const begun = await signIn.begin();
  await approve(begun, "ada");
  assert.equal((await signIn.poll(begun.device_code)).user.username, "ada@example.test");
});

test("a username claim nobody has is an error that names it", async () => {
  const signIn = probe({ username_claim: "badge" });
  const begun = await signIn.begin();
  await approve(begun, "ada");
  const poll = await signIn.poll(begun.device_code);
  assert.equal(poll.error, "FAILED_PRECONDITION");
  assert.match(poll.message, /no usable "badge"/);
});

test("refusing the code is denied", async () => {
  const signIn = probe();
  const begun = await signIn.begin();
  await refuse(begun);
  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "denied" });
});

test("refusing consent after the login is denied", async () => {
  const signIn = probe();
  const begun = await signIn.begin();
  await refuseConsent(begun, "ada");
  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "denied" });
});

test("a code that nobody used in time is expired", async (context) => {
  // The provider's clock, not the server's: the provider decides. Its store forgets a code 600
  // seconds after it was made, the code itself ends at a whole second, half a second before.
  const second = Math.floor(Date.now() / 1000) * 1000;
  let now = second + 500;
  context.mock.method(Date, "now", () => now);
  const signIn = probe();
  const begun = await signIn.begin();
  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "pending" });
  now = second + begun.expires_in * 1000;
  provider.refusals.length = 0;
  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "expired" });
  assert.deepEqual(provider.refusals, ["expired_token"]);
});

test("a code the provider does not know is expired", async () => {
  provider.refusals.length = 0;
  assert.deepEqual(await probe().poll("never-given"), { outcome: "expired" });
  assert.deepEqual(provider.refusals, ["invalid_grant"]);
});

test("polling too fast is told to slow down and goes on afterwards", async () => {
  const signIn = probe();
  const begun = await signIn.begin();
  // oidc-provider never says so by itself.
  answering("/token", (response) => answerJson(response, 400, { error: "slow_down" }));
  assert.deepEqual(await signIn.poll(begun.device_code), { outcome: "slow down" });
  provider.interfere = null;
  await approve(begun, "ada");
  assert.equal((await signIn.poll(begun.device_code)).outcome, "signed in");
});

test("keys that the provider rotated are fetched once and then kept", async () => {
  const signIn = probe();
  const first = await signIn.begin();
  await approve(first, "ada");
  assert.equal((await signIn.poll(first.device_code)).outcome, "signed in");

  provider.configure({ kid: "k2" });
  const before = provider.requests.length;
  for (const login of ["grace", "edith"]) {
    const begun = await signIn.begin();
    await approve(begun, login);
    assert.deepEqual((await signIn.poll(begun.device_code)).user, userNamed(login));
  }
  const fetched = provider.requests.slice(before).filter((request) => request === "GET /jwks");
  assert.equal(fetched.length, 1);
});

test("a token whose key is not in the provider's set is refused", async () => {
  const signIn = probe();
  const begun = await signIn.begin();
  await approve(begun, "ada");
  provider.configure({ kid: "k3" });
  answering("/jwks", (response) => answerJson(response, 200, { keys: [] }));
  const poll = await signIn.poll(begun.device_code);
  assert.equal(poll.error, "FAILED_PRECONDITION");
  assert.match(poll.message, /unknown key/);
});

test("another person's claims from the userinfo endpoint are refused", async () => {
  const signIn = probe();
  const begun = await signIn.begin();
  await approve(begun, "ada");
  answering("/me", (response) => answerJson(response, 200, { sub: "eve", preferred_username: "ada.lovelace" }));
  const poll = await signIn.poll(begun.device_code);
  assert.equal(poll.error, "FAILED_PRECONDITION");
  assert.match(poll.message, /another subject/);
});

test("a wrong client secret is refused and not told", async () => {
  const begun = await probe({ secret: "wrong-secret" }).begin();
  assert.equal(begun.error, "FAILED_PRECONDITION");
  assert.match(begun.message, /HTTP 401: invalid_client/);
  assert.doesNotMatch(begun.message, /wrong-secret/);
});

test("a provider whose certificate another authority signed is not reached", async () => {
  const begun = await probe({ ca_file: workFile("stranger.pem") }).begin();
  assert.equal(begun.error, "UNAVAILABLE");
  assert.ok(begun.message.startsWith(`GET ${provider.issuer}${METADATA}: SSL certificate problem`), begun.message);
});

test("a certificate for another name is not accepted", async () => {
  const signIn = startProbe(provider.issuer.replace("localhost", "127.0.0.1"));
  probes.push(signIn);
  const begun = await signIn.begin();
  assert.equal(begun.error, "UNAVAILABLE");
  assert.match(begun.message, /SSL/);
});

test("metadata of another issuer is refused", async () => {
  answering(METADATA, (response) =>
    answerJson(response, 200, { issuer: "https://other.example", token_endpoint: "https://other.example/t" }),
  );
  const begun = await probe().begin();
  assert.equal(begun.error, "FAILED_PRECONDITION");
  assert.match(begun.message, /calls itself "https:\/\/other\.example"/);
});

test("a redirect is not followed", async () => {
  answering(METADATA, (response) => {
    response.writeHead(302, { location: `${provider.issuer}/elsewhere` }).end();
    return true;
  });
  const before = provider.requests.length;
  const begun = await probe().begin();
  assert.equal(begun.error, "FAILED_PRECONDITION");
  assert.match(begun.message, /HTTP 302/);
  assert.deepEqual(provider.requests.slice(before), [`GET ${METADATA}`]);
});

test("an endless answer is cut off", async () => {
  answering(METADATA, (response) => {
    const piece = Buffer.alloc(64 * 1024, " ");
    response.writeHead(200, { "content-type": "application/json" });
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
    return true;
  });
  const begun = await probe().begin();
  assert.equal(begun.error, "UNAVAILABLE");
  assert.match(begun.message, /longer than/);
});

test("a provider out of order is unavailable, and works again afterwards", async () => {
  const signIn = probe();
  answering(METADATA, (response) => answerJson(response, 503, {}));
  const begun = await signIn.begin();
  assert.equal(begun.error, "UNAVAILABLE");
  assert.match(begun.message, /HTTP 503/);
  provider.interfere = null;
  assert.ok((await signIn.begin()).user_code);
});
