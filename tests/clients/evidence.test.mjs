// SPDX-License-Identifier: Apache-2.0
// What `preseal evidence` writes, checked by OpenSSL and by tpm2-tools, as its VERIFY.txt says.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { caFile, program, setting, spoilt, withFolder } from "./floor.mjs";

const evidence = setting("PRESEAL_EVIDENCE");
const inEvidence = (name) => join(evidence, name);

test("openssl accepts a lab device's certificate under the lab's device CA and no other", () => {
  const accepted = program("openssl", ["verify", "-CAfile", caFile("lab-ca"), inEvidence("device.pem")]);
  assert.ok(accepted.ok, accepted.text);
  for (const other of ["device-ca", "server-ca", "station-ca", "seal-ca"]) {
    const refused = program("openssl", ["verify", "-CAfile", caFile(other), inEvidence("device.pem")]);
    assert.ok(!refused.ok, `accepted under ${other}`);
  }
});

test("openssl refuses the device certificate with one bit turned", async () => {
  await withFolder((folder) => {
    const changed = join(folder, "changed.der");
    const verify = () => program("openssl", ["verify", "-CAfile", caFile("lab-ca"), changed]);
    writeFileSync(changed, readFileSync(inEvidence("device.der")));
    assert.ok(verify().ok, "the unchanged DER must be accepted");
    // The last byte belongs to the signature, so that it still parses.
    const der = readFileSync(inEvidence("device.der"));
    writeFileSync(changed, spoilt(der, der.length - 1));
    assert.ok(!verify().ok);
  });
});

test("the device certificate holds the key the TPM certified", () => {
  const certificate = new X509Certificate(readFileSync(inEvidence("device.der")));
  const certified = readFileSync(inEvidence("device-key.pem"), "utf8");
  assert.equal(certificate.publicKey.export({ type: "spki", format: "pem" }).trim(), certified.trim());
});

// A negative from this tool counts, a positive proves little by itself before tpm2-tools 5.7
// (CVE-2024-29038): here it says that the files are in the forms stock tools read.
test("tpm2_checkquote accepts the stored quote", () => {
  const checked = checkQuote(evidence);
  assert.ok(checked.ok, checked.text);
});

// A bit that changes a value and leaves the form: the end of the PCR digest, the end of s, and the
// first PCR's first byte behind the selections, a count of lists, one of values and a size.
const SPOILS = [["quote.attest", -1], ["quote.sig", -1], ["quote.pcrs", 132 + 4 + 4 + 2]];
for (const [file, at] of SPOILS) {
  test(`tpm2_checkquote refuses the quote with one bit of ${file} turned`, async () => {
    await withFolder((folder) => {
      cpSync(evidence, folder, { recursive: true });
      const bytes = readFileSync(join(folder, file));
      writeFileSync(join(folder, file), spoilt(bytes, at < 0 ? bytes.length + at : at));
      assert.ok(!checkQuote(folder).ok);
    });
  });
}

test("tpm2_checkquote refuses the quote for another nonce", async () => {
  await withFolder((folder) => {
    cpSync(evidence, folder, { recursive: true });
    const nonce = Buffer.from(readFileSync(join(folder, "quote.nonce"), "utf8").trim(), "hex");
    writeFileSync(join(folder, "quote.nonce"), spoilt(nonce).toString("hex"));
    assert.ok(!checkQuote(folder).ok);
  });
});

test("tpm2_print reads the quote as one of a TPM over exactly the asked nonce", () => {
  const printed = program("tpm2_print", ["-t", "TPMS_ATTEST", inEvidence("quote.attest")]);
  assert.ok(printed.ok, printed.text);
  assert.match(printed.text, /magic: ff544347/i);
  assert.match(printed.text, /type: 8018/);
  const nonce = readFileSync(inEvidence("quote.nonce"), "utf8").trim();
  assert.match(printed.text, new RegExp(`extraData: ${nonce}`, "i"));
});

/** Runs the tpm2_checkquote command of the folder's own VERIFY.txt. */
function checkQuote(folder) {
  const text = readFileSync(join(folder, "VERIFY.txt"), "utf8");
  const command = /tpm2_checkquote (?:.*\\\n)*.*/.exec(text);
  assert.ok(command, "VERIFY.txt names no tpm2_checkquote command");
  return program("sh", ["-c", command[0]], { cwd: folder });
}
