// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import vectors from "../../test/trust_vectors.json";
import { readBundle } from "./bundle";
import { readCertificate, readRevocationList } from "./der";
import { fromBase64, groupedHex, shortHex, toHex } from "./hex";
import { expiryText, isStale, listAgeText } from "./trust";

const NAME = "CN=Test EK Root CA, O=Infineon Technologies AG, C=DE";
const FINGERPRINT = "b115bef16b73191cb608b8328dfa711dff85956fef3b156c885a9260e7f05490"; // by openssl x509
const certificate = bytes(vectors.certificate);
const list = bytes(vectors.revocation_list);

describe("DER", () => {
  test("reads names and both forms of time as OpenSSL does", () => {
    expect(readCertificate(certificate)).toEqual({
      subject: NAME,
      issuer: NAME,
      notBefore: Date.parse("2024-01-02T03:04:05Z"),
      notAfter: Date.parse("2060-01-02T03:04:05Z"),
    });
    expect(readRevocationList(list)).toEqual({
      issuer: NAME,
      thisUpdate: Date.parse("2025-01-02T03:04:05Z"),
      nextUpdate: Date.parse("2025-02-02T03:04:05Z"),
      revoked: 2,
    });
  });

  test("reads nothing from what is cut off anywhere, and does not throw", () => {
    for (let length = 0; length < certificate.length; length++) {
      expect(readCertificate(certificate.subarray(0, length))).toBeUndefined();
    }
    for (let length = 0; length < list.length; length++) {
      expect(readRevocationList(list.subarray(0, length))).toBeUndefined();
    }
  });

  test("does not take a list for a certificate", () => {
    expect(readCertificate(list)).toBeUndefined();
  });
});

describe("bundle", () => {
  const root = { der: vectors.certificate, role: "root", vendor: "IFX" };

  test("groups by vendor, roots first, with the fingerprint OpenSSL prints", async () => {
    const view = await read({
      version: "3",
      anchors: [{ ...root, vendor: "" }, { ...root, role: "intermediate" }, root],
      revocation_lists: [vectors.revocation_list],
    });
    expect(view?.vendors.map((vendor) => [vendor.vendor, vendor.anchors.map((anchor) => anchor.role)])).toEqual([
      ["IFX", ["root", "intermediate"]],
      ["", ["root"]],
    ]);
    expect(view?.vendors[0]?.anchors[0]).toMatchObject({ fingerprint: FINGERPRINT, asleep: false });
    expect(view?.lists[0]?.facts?.revoked).toBe(2);
  });

  test("says which authorities do not count after narrowing; the lab's always does", async () => {
    const view = await read({
      version: "3",
      anchors: [root, { ...root, vendor: "STM" }, { ...root, vendor: "Lab", role: "lab" }],
      allowed_vendors: ["STM"],
    });
    const asleep = view?.vendors.map((vendor) => [vendor.vendor, vendor.anchors[0]?.asleep]);
    expect(asleep).toEqual([["IFX", true], ["Lab", false], ["STM", false]]);
  });

  test("shows an authority it cannot read instead of hiding it", async () => {
    const view = await read({ version: "3", anchors: [{ ...root, der: "AAAA" }] });
    expect(view?.vendors[0]?.anchors[0]?.facts).toBeUndefined();
  });

  test("refuses what is no bundle file", async () => {
    expect(await readBundle(new TextEncoder().encode("jws only"))).toBeUndefined();
    expect(await readBundle(new TextEncoder().encode("jws\n[1]\n"))).toBeUndefined();
    expect(await readBundle(new TextEncoder().encode("jws\n{\n"))).toBeUndefined();
  });
});

describe("ages", () => {
  const day = 86_400_000;

  test("say how long is left, and that it is over", () => {
    expect(expiryText(100.5 * day, 0)).toBe("100 days left");
    expect(expiryText(0, 1.5 * day)).toBe("expired 1 day ago");
    expect(expiryText(0, 0.5 * day)).toBe("expired today");
    expect(expiryText(3650 * day, 0)).toBe("10 years left");
  });

  test("call a list overdue that is past its next update, or names none", () => {
    expect(isStale(5, 6)).toBe(true);
    expect(isStale(undefined, 6)).toBe(true);
    expect(isStale(7, 6)).toBe(false);
    expect(listAgeText(0, 3 * day)).toBe("overdue for 3 days");
    expect(listAgeText(3 * day, 0)).toBe("next one due in 3 days");
  });
});

test("writes digests in full, in groups, and short", () => {
  expect(toHex(Uint8Array.of(0, 15, 255))).toBe("000fff");
  expect(groupedHex("00112233445566778899")).toBe("00112233 44556677 8899");
  expect(shortHex(FINGERPRINT)).toBe("b115bef1…e7f05490");
  expect(fromBase64("*")).toBeUndefined();
});

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

function read(text: object) {
  return readBundle(new TextEncoder().encode(`e30.e30.e30\n${JSON.stringify(text)}\n`));
}
