// SPDX-License-Identifier: Apache-2.0
// A birth certificate, checked by a stock JOSE library and OpenSSL with nothing but the seal CA.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as jose from "jose";
import { caFile, program, setting, spoilt, withFolder } from "./floor.mjs";

const jws = readFileSync(setting("PRESEAL_BIRTH_CERTIFICATE"), "utf8").trim();
const header = jose.decodeProtectedHeader(jws);
const signers = header.x5c.map((text) => new X509Certificate(Buffer.from(text, "base64")));
const leaf = signers[0];

const checked = (text) => jose.compactVerify(text, leaf.publicKey, { algorithms: ["ES256"] });

test("jose verifies it with the key of its own certificate, and it is about this device", async () => {
  const { payload, protectedHeader } = await checked(jws);
  assert.equal(protectedHeader.alg, "ES256");
  assert.equal(protectedHeader.typ, "preseal-birth+jwt");
  const birth = JSON.parse(new TextDecoder().decode(payload));
  assert.equal(JSON.stringify(birth).includes(setting("PRESEAL_SERIAL")), true);
});

test("openssl accepts its signer under the seal CA and no other", async () => {
  await withFolder((folder) => {
    assert.ok(verifySigner(folder, leaf, "seal-ca").ok, verifySigner(folder, leaf, "seal-ca").text);
    for (const other of ["server-ca", "station-ca", "device-ca"]) {
      assert.ok(!verifySigner(folder, leaf, other).ok, `accepted under ${other}`);
    }
  });
});

test("one bit turned in the header, the payload or the signature is refused", async () => {
  const parts = jws.split(".");
  assert.equal(parts.length, 3);
  for (const at of [1, 2]) {
    const changed = [...parts];
    changed[at] = spoilt(Buffer.from(parts[at], "base64url")).toString("base64url");
    await assert.rejects(checked(changed.join(".")), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
  }
  // A header that still says the same to a parser: one blank more, inside the signed text.
  const spaced = [...parts];
  spaced[0] = Buffer.from(`${Buffer.from(parts[0], "base64url")} `).toString("base64url");
  await assert.rejects(checked(spaced.join(".")), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
});

test("one signed anew by a stranger passes jose, so openssl must refuse the stranger", async () => {
  await withFolder(async (folder) => {
    const certificate = stranger(folder, leaf);
    const key = await jose.importPKCS8(readFileSync(join(folder, "stranger.key"), "utf8"), "ES256");
    const forged = await new jose.CompactSign(Buffer.from(jws.split(".")[1], "base64url"))
      .setProtectedHeader({ ...header, x5c: [certificate.raw.toString("base64")] })
      .sign(key);
    await jose.compactVerify(forged, certificate.publicKey, { algorithms: ["ES256"] });
    assert.ok(!verifySigner(folder, certificate, "seal-ca").ok);
  });
});

test("preseal verify agrees with the stock tools, on the good and on the changed one", async () => {
  await withFolder((folder) => {
    const verdict = (text) => {
      const file = join(folder, "birth.jws");
      writeFileSync(file, text);
      return program(setting("PRESEAL_CLI"), ["verify", file, "--ca", caFile("seal-ca")]);
    };
    assert.ok(verdict(`${jws}\n`).ok, verdict(`${jws}\n`).text);
    const [head, payload, signature] = jws.split(".");
    const changed = spoilt(Buffer.from(payload, "base64url")).toString("base64url");
    assert.ok(!verdict(`${head}.${changed}.${signature}\n`).ok);
  });
});

/** What openssl says of a signer whose further certificates are those the JWS brought along. */
function verifySigner(folder, certificate, ca) {
  const signer = join(folder, "signer.pem");
  writeFileSync(signer, certificate.toString());
  const brought = join(folder, "brought.pem");
  writeFileSync(brought, signers.slice(1).join("\n"));
  const untrusted = signers.length > 1 ? ["-untrusted", brought] : [];
  return program("openssl", ["verify", "-CAfile", caFile(ca), ...untrusted, signer]);
}

/** A self-signed certificate with the real signer's name; its key is stranger.key. */
function stranger(folder, real) {
  const at = (name) => join(folder, name);
  const subject = `/${real.subject.replaceAll("/", "\\/").split("\n").join("/")}`;
  const made = program("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"],
    ...["-subj", subject, "-addext", "extendedKeyUsage=1.3.6.1.5.5.7.3.36"],
    ...["-keyout", at("stranger.key"), "-out", at("stranger.pem")],
  ]);
  assert.ok(made.ok, made.text);
  return new X509Certificate(readFileSync(at("stranger.pem")));
}
