// SPDX-License-Identifier: Apache-2.0
// An identity provider on a free port of this machine, over TLS: npm's oidc-provider with the
// device flow on. Its own pages for people (devInteractions) stay as they are.
//   PRESEAL_OIDC_WORK   folder with provider.pem, provider.key, company.pem, stranger.pem
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";

import Provider from "oidc-provider";

export const CLIENT_ID = "preseal";
export const CLIENT_SECRET = "a secret+with:characters/that need%encoding";
export const PUBLIC_CLIENT_ID = "preseal-public";

export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run tests/oidc/run`);
  return value;
}
export const workFile = (name) => join(setting("PRESEAL_OIDC_WORK"), name);

const GRANT = "urn:ietf:params:oauth:grant-type:device_code";

function client(client_id, rest) {
  return { client_id, grant_types: [GRANT], redirect_uris: [], response_types: [], ...rest };
}

function signingKey(kid, alg) {
  const { privateKey } =
    alg === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

function accountOf(_context, id) {
  const claims = {
    sub: id,
    preferred_username: `${id}.lovelace`,
    name: `${id} Lovelace`,
    email: `${id}@example.test`,
    email_verified: true,
  };
  return { accountId: id, claims: () => claims };
}

function makeProvider(issuer, { alg, kid, namesInIdToken }) {
  const algorithm = { id_token_signed_response_alg: alg };
  return new Provider(issuer, {
    clients: [
      client(CLIENT_ID, { client_secret: CLIENT_SECRET, ...algorithm }),
      client(PUBLIC_CLIENT_ID, { token_endpoint_auth_method: "none", ...algorithm }),
    ],
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
    },
    // A provider that follows the letter tells names at the userinfo endpoint only.
    conformIdTokenClaims: !namesInIdToken,
    cookies: { keys: ["only for this test"] },
    features: { deviceFlow: { enabled: true } },
    findAccount: accountOf,
    jwks: { keys: [signingKey(kid, alg)] },
  });
}

/**
 * A running provider; `close` ends it.
 *   issuer        its URL
 *   configure     makes it anew with these options and other keys; codes stay
 *   interfere     async (request, response) => true if it answered in the provider's place, or null
 *   requests      "METHOD PATH" of each request so far
 *   refusals      the error of each refused poll so far
 */
export async function startProvider(options) {
  const running = { interfere: null, requests: [], refusals: [] };
  let handler = null;
  const server = createServer(
    { cert: readFileSync(workFile("provider.pem")), key: readFileSync(workFile("provider.key")) },
    async (request, response) => {
      running.requests.push(`${request.method} ${request.url}`);
      if (running.interfere && (await running.interfere(request, response))) return;
      handler(request, response);
    },
  );
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  running.issuer = `https://localhost:${server.address().port}`;
  running.configure = (others) => {
    const provider = makeProvider(running.issuer, { alg: "RS256", kid: "k1", ...others });
    provider.on("grant.error", (_context, error) => running.refusals.push(error.error));
    handler = provider.callback();
  };
  running.configure(options);
  running.close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return running;
}

/** Answers with `body` as JSON. */
export function answerJson(response, code, body) {
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
  return true;
}
