// SPDX-License-Identifier: Apache-2.0
// What these tests know of the floor under test: where it is and how to run a program against it.
//   PRESEAL_API            host:port of the API
//   PRESEAL_STATE          the server's state folder; only its public CA files are read
//   PRESEAL_OPERATOR_TOKEN API token with the role operator
//   PRESEAL_CLI            the command line; PRESEAL_CLI_HOME holds an admin's session for it
//   PRESEAL_SERIAL, PRESEAL_BATCH   a sealed device and its order
//   PRESEAL_EVIDENCE, PRESEAL_BIRTH_CERTIFICATE   what `preseal evidence` and
//                          `preseal birth-certificate` wrote for that device
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM_DEADLINE_MS = 60_000;

export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run tests/clients/run`);
  return value;
}

export const caFile = (name) => join(setting("PRESEAL_STATE"), "ca", `${name}.pem`);

/** { ok, text }: ran to exit code 0 or not, and all it printed. Throws if it cannot be run. */
export function program(name, arguments_, options = {}) {
  const ran = spawnSync(name, arguments_, { encoding: "utf8", timeout: PROGRAM_DEADLINE_MS, ...options });
  if (ran.error) throw ran.error;
  return { ok: ran.status === 0, text: `${ran.stdout}${ran.stderr}` };
}

/** The command line as an admin; throws if it fails. */
export function asAdmin(arguments_, input = "") {
  const env = { ...process.env, XDG_CONFIG_HOME: setting("PRESEAL_CLI_HOME") };
  const where = ["--server", setting("PRESEAL_API"), "--ca", caFile("server-ca")];
  const ran = program(setting("PRESEAL_CLI"), [...where, ...arguments_], { env, input });
  if (!ran.ok) throw new Error(`preseal ${arguments_.join(" ")}: ${ran.text}`);
}

/** Calls `use` with a folder that is gone afterwards. */
export async function withFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), "preseal-client-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A copy of `bytes` with one bit turned in the middle. */
export function spoilt(bytes, at = bytes.length >> 1) {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1;
  return copy;
}
