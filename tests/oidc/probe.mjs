// SPDX-License-Identifier: Apache-2.0
// The server's sign-in as a program: oidc_probe with a configuration of its own.
//   PRESEAL_OIDC_PROBE  the program
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { CLIENT_ID, CLIENT_SECRET, setting, workFile } from "./provider.mjs";

const ANSWER_DEADLINE_MS = 60_000;

/** `oidc` replaces settings of a confidential client that trusts the company's root. */
function writeConfig(issuer, oidc) {
  const folder = mkdtempSync(join(setting("PRESEAL_OIDC_WORK"), "probe-"));
  const { secret = CLIENT_SECRET, ...rest } = oidc;
  const settings = { issuer, client_id: CLIENT_ID, ca_file: workFile("company.pem"), ...rest };
  if (secret) {
    writeFileSync(join(folder, "secret"), `${secret}\n`, { mode: 0o600 });
    settings.client_secret_file = "secret";
  }
  const file = join(folder, "preseal.yaml");
  // JSON is YAML.
  const config = { organisation: "Example", state_dir: "state", sign_in: { oidc: settings } };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** { begin(), poll(code), close() }; the answers are those of oidc_probe. */
export function startProbe(issuer, oidc = {}) {
  const child = spawn(setting("PRESEAL_OIDC_PROBE"), [writeConfig(issuer, oidc)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once("close", resolve));

  async function ask(line) {
    child.stdin.write(`${line}\n`);
    let timer;
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer to ${line}`)), ANSWER_DEADLINE_MS);
    });
    try {
      const { value, done } = await Promise.race([lines.next(), late]);
      if (done) throw new Error("oidc_probe ended");
      return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    begin: () => ask("begin"),
    poll: (code) => ask(`poll ${code}`),
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
