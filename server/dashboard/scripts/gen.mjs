// SPDX-License-Identifier: Apache-2.0
// Generates src/gen from ../../proto with Debian's protoc and the pinned protoc-gen-es.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const protoRoot = fileURLToPath(new URL("../../../proto", import.meta.url));

// Only what operators may call; device-side services never reach the browser.
const areas = [
  "lifecycle", "progress", "plan", "fleet", "flow", "profile", "diagnostics", "batch", "auth", "identity", "trust",
];
const files = areas.map(
  (area) => `preseal/${area}/v1/${area}.proto`,
);

rmSync(`${here}src/gen`, { recursive: true, force: true });
mkdirSync(`${here}src/gen`, { recursive: true });
const result = spawnSync(
  "protoc",
  [
    `--plugin=protoc-gen-es=${here}node_modules/.bin/protoc-gen-es`,
    `--es_out=${here}src/gen`,
    "--es_opt=target=ts,import_extension=none",
    `--proto_path=${protoRoot}`,
    ...files,
  ],
  { stdio: "inherit" },
);
process.exit(result.status ?? 1);
