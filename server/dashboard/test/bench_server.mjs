// SPDX-License-Identifier: Apache-2.0
// Serves dist and the operators' services over HTTPS with the scripted floor behind them, and with
// the security headers of the real server. For developing and testing the dashboard; never shipped.
//   node test/bench_server.mjs [demo|gallery|flow|hall:COUNT]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, existsSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createServer as createVite } from "vite";
import { Floor, demoBench, galleryBench, hallBench } from "./floor.mjs";
import { addFlow, asTold, flowBench } from "./floor_flow.mjs";
import { addTrust, evidenceOf, goldenBench } from "./floor_trust.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types svelte-trusted-html",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "x-content-type-options": "nosniff",
};
export const USER = "admin";
export const ONE_TIME_PASSWORD = "one-time-password";

let loaded;

export async function startBench(fill = demoBench, { port = 0, everyMs = 250, speed = 20 } = {}) {
  const types = await (loaded ??= loadTypes());
  const floor = new Floor(types);
  goldenBench(floor);
  fill(floor);
  floor.run(everyMs, speed);
  const people = { password: ONE_TIME_PASSWORD, oneTime: true, sessions: new Set(), role: 3 };
  const cuts = new Set();
  const rpc = connectNodeAdapter({ routes: (router) => addRoutes(router, types, floor, people, cuts) });
  const tls = selfSigned();
  const server = createSecureServer({ ...tls, allowHTTP1: true }, (request, response) => {
    if (request.url?.startsWith("/preseal.")) rpc(request, response);
    else serveFile(request, response);
  });
  const sockets = new Set();
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const listen = (at) => new Promise((resolve) => server.listen(at, "127.0.0.1", resolve));
  await listen(port);
  const bound = server.address().port;
  const shut = () =>
    new Promise((resolve) => {
      server.close(resolve);
      for (const cut of cuts) cut();
      for (const socket of sockets) socket.destroy();
    });
  return {
    url: `https://127.0.0.1:${bound}`,
    floor,
    people,
    certificate: tls.cert,
    /** Ends every stream as a draining server does. */
    cut: () => cuts.forEach((cut) => cut()),
    /** The server goes away, and comes back on the same port. */
    down: shut,
    up: () => listen(bound),
    async close() {
      floor.stop();
      await shut();
    },
  };
}

async function loadTypes() {
  const vite = await createVite({ root, configFile: false, logLevel: "error", server: { middlewareMode: true, ws: false, hmr: false, watch: null }, appType: "custom" });
  try {
    const [auth, batch, diagnostics, fleet, flow, identity, profile, trust] = await Promise.all(
      ["auth", "batch", "diagnostics", "fleet", "flow", "identity", "profile", "trust"].map((area) => vite.ssrLoadModule(`/src/gen/preseal/${area}/v1/${area}_pb.ts`)),
    );
    return {
      ...auth, ...batch, ...fleet, DiagnosticsReaderService: diagnostics.DiagnosticsReaderService, FlowService: flow.FlowService,
      IdentityService: identity.IdentityService, ProfileService: profile.ProfileService, TrustService: trust.TrustService,
    };
  } finally {
    await vite.close();
  }
}

function selfSigned() {
  const dir = mkdtempSync(join(tmpdir(), "preseal-bench-"));
  try {
    const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
      "-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem"), "-days", "2", "-subj", "/CN=127.0.0.1",
      "-addext", "subjectAltName=IP:127.0.0.1"]);
    if (made.status !== 0) throw new Error(String(made.stderr));
    return { key: readFileSync(join(dir, "key.pem")), cert: readFileSync(join(dir, "cert.pem")) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function serveFile(request, response) {
  const path = normalize(decodeURIComponent(new URL(request.url, "https://x").pathname));
  const file = extname(path) === "" ? "index.html" : path;
  const full = join(root, "dist", file);
  if (!existsSync(full)) return response.writeHead(404, HEADERS).end();
  response.writeHead(200, { ...HEADERS, "content-type": TYPES[extname(full)] ?? "application/octet-stream" });
  response.end(readFileSync(full));
}

function addRoutes(router, types, floor, people, cuts) {
  const who = (context) => {
    const session = /__Host-preseal=([^;]+)/.exec(context.requestHeader.get("cookie") ?? "")?.[1];
    if (!people.sessions.has(session)) throw new ConnectError("no session", Code.Unauthenticated);
    return { name: USER, role: people.role, batches: [], organisation: "Contoso Devices" };
  };
  const find = (name) => {
    const device = floor.devices.get(name);
    if (device === undefined) throw new ConnectError(`no ${name}`, Code.NotFound);
    return device;
  };
  router.service(types.AuthService, {
    login(request, context) {
      if (request.username !== USER || request.password !== people.password) {
        throw new ConnectError("wrong name or password", Code.Unauthenticated);
      }
      if (people.oneTime && request.newPassword === "") {
        throw new ConnectError("the password was one-time: choose a new one", Code.FailedPrecondition);
      }
      if (request.newPassword !== "") Object.assign(people, { password: request.newPassword, oneTime: false });
      const session = crypto.randomUUID();
      people.sessions.add(session);
      context.responseHeader.set("set-cookie", `__Host-preseal=${session}; Path=/; Secure; HttpOnly; SameSite=Strict`);
      return { principal: { name: USER, role: people.role, organisation: "Contoso Devices" } };
    },
    logout(_, context) {
      people.sessions.clear();
      context.responseHeader.set("set-cookie", "__Host-preseal=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
      return {};
    },
    whoAmI: (_, context) => who(context),
  });
  const command = (kind, state, word) => (request, context) => {
    const { name } = who(context);
    const device = find(request.name);
    if (request.requestId !== device.lastRequest && device.state !== state) {
      throw new ConnectError(`the device is not ${word}`, Code.FailedPrecondition);
    }
    return floor.command(device, kind, name, request.requestId);
  };
  router.service(types.FleetService, {
    getDevice: (request, context) => (who(context), asTold(find(request.name))),
    startDevice: command(1, 3, "enrolled"),
    retryDevice: command(2, 10, "failed"),
    resealDevice: command(3, 5, "ready to seal"),
    listEvents(request, context) {
      who(context);
      const all = floor.entries.get(find(request.device).name).filter((each) => request.run === "" || each.run === request.run);
      const from = request.pageToken === "" ? 0 : Number(request.pageToken);
      const to = from + request.pageSize;
      return { entries: all.slice(from, to), nextPageToken: to < all.length ? String(to) : "" };
    },
    getBirthCertificate(request, context) {
      who(context);
      const device = find(request.name);
      const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const header = { alg: "ES256", typ: "birth+jwt", x5c: ["MIIB…"] };
      const payload = { iss: "Contoso Devices", iat: Math.floor(Date.now() / 1000), sub: device.name.slice(8), serial_number: device.serialNumber,
        batch: "PO-7", profile: { name: "floor-default", digest: "ab".repeat(32) },
        attestation: { ek_sha256: "3b".repeat(32), lab: true, trust_models: ["EKCert"] }, waivers: [],
        items: device.items.map((each) => ({ id: each.itemId, name: each.displayName, blocking: true, state: "SUCCEEDED" })) };
      return { jws: `${part(header)}.${part(payload)}.c2ln` };
    },
    getEvidence(request, context) {
      if (![2, 3, 5].includes(who(context).role)) throw new ConnectError("your role may not see this", Code.PermissionDenied);
      const device = find(request.name);
      if (device.state < 3) throw new ConnectError("no attestation stored", Code.NotFound);
      return evidenceOf(device);
    },
    async *watchDevices(request, context) {
      who(context);
      if (request.device !== "") find(request.device);
      yield* watch(floor, request, context.signal, cuts);
    },
  });
  addFlow(router, types, floor, { who, find });
  addTrust(router, types, floor, { who, find });
  router.service(types.BatchService, {
    listBatches(_, context) {
      who(context);
      return { batches: batches(floor) };
    },
  });
}

async function* watch(floor, request, signal, cuts) {
  let cursor = request.cursor;
  let cut = false;
  let wake = () => {};
  const onChange = () => wake();
  const onCut = () => ((cut = true), wake());
  floor.watchers.add(onChange);
  cuts.add(onCut);
  signal.addEventListener("abort", onCut);
  try {
    for (;;) {
      if (cut) throw new ConnectError("the server is draining", Code.Unavailable);
      const since = cursor;
      const fresh = [...floor.devices.values()].filter((each) => each.revision > since && (request.device === "" || each.name === request.device));
      for (const device of fresh) if (device.revision > cursor) cursor = device.revision;
      if (fresh.length > 0 || since === 0n) {
        const devices = fresh.map((each) => ({ ...asTold(each), pastRuns: [], items: request.device === "" ? [] : each.items }));
        yield { devices, cursor, snapshotComplete: true, serverTime: floor.now() };
      }
      await new Promise((resolve) => {
        wake = () => setTimeout(resolve, 100);
        if (cut || [...floor.devices.values()].some((each) => each.revision > cursor && request.device === "")) wake();
      });
    }
  } finally {
    floor.watchers.delete(onChange);
    cuts.delete(onCut);
  }
}

function batches(floor) {
  const found = new Map();
  for (const device of floor.devices.values()) {
    const batch = found.get(device.batch) ?? { name: device.batch, total: 0, counts: [], silent: 0, refused: 0, createTime: device.createTime, updateTime: floor.now() };
    found.set(device.batch, batch);
    batch.total++;
    batch.silent += device.contact.state === 4 ? 1 : 0;
    batch.refused += device.state === 10 && device.failure?.itemId === "" && !device.enrolled ? 1 : 0;
    const count = batch.counts.find((each) => each.state === device.state) ?? batch.counts[batch.counts.push({ state: device.state, count: 0 }) - 1];
    count.count++;
  }
  for (const batch of found.values()) batch.counts.sort((a, b) => a.state - b.state);
  return [...found.values()];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, count] = (process.argv[2] ?? "demo").split(":");
  const fill = { demo: demoBench, gallery: galleryBench, flow: flowBench, hall: (floor) => hallBench(floor, Number(count ?? 100)) }[kind];
  const bench = await startBench(fill, { port: 8443 });
  console.log(`${bench.url}  user ${USER}  one-time password ${ONE_TIME_PASSWORD}`);
}
