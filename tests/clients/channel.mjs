// SPDX-License-Identifier: Apache-2.0
// grpc-js on the API port: stubs from .proto files or from the server's own description of itself.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { caFile, setting } from "./floor.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const CALL_DEADLINE_MS = 30_000;
const FORM = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

export function secure(ca = "server-ca") {
  return grpc.credentials.createSsl(readFileSync(caFile(ca)));
}

export function bearer(token) {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

export const productProtos = join(here, "../../proto");
export const publicProtos = join(here, "proto");

/** `folder`: one of the two above. */
export function fromFile(file, folder) {
  return protoLoader.loadSync(file, { ...FORM, includeDirs: [folder] });
}

/** From serialized FileDescriptorProtos: a FileDescriptorSet is nothing but them as field 1. */
export function fromDescriptors(files) {
  const parts = files.flatMap((file) => [Buffer.from([0x0a]), varint(file.length), file]);
  return protoLoader.loadFileDescriptorSetFromBuffer(Buffer.concat(parts), FORM);
}

function varint(value) {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

/** Gives `use` a client of `service`; closes it. */
export async function withClient(definition, service, use, credentials = secure()) {
  const Client = grpc.makeGenericClientConstructor(definition[service], service);
  const client = new Client(setting("PRESEAL_API"), credentials);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** A unary call as a promise. */
export function call(client, method, request, metadata = new grpc.Metadata()) {
  const deadline = Date.now() + CALL_DEADLINE_MS;
  return new Promise((resolve, reject) => {
    client[method](request, metadata, { deadline }, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

/** Options for a stream that must not outlive its test. */
export const streamOptions = () => ({ deadline: Date.now() + CALL_DEADLINE_MS });
