// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { decodeJws, keyWords, lineText, tableColumns } from "./jws";

const part = (value: unknown) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const good = `${part({ alg: "ES256" })}.${part({ serial_number: "SN-é-77" })}.c2ln`;

test("reads header and payload, UTF-8 included", () => {
  expect(decodeJws(good)).toEqual({
    header: { alg: "ES256" },
    payload: { serial_number: "SN-é-77" },
  });
});

test.each([
  ["a part short", good.split(".").slice(0, 2).join(".")],
  ["no base64", good.replace(/^./, "%")],
  ["no JSON", `${part({})}.bm90anNvbg.c2ln`],
  ["no object", `${part({})}.${part([1])}.c2ln`],
])("refuses %s", (_, jws) => {
  expect(decodeJws(jws)).toBeUndefined();
});

test("turns keys of either style into words", () => {
  expect(keyWords("attestation_digest")).toBe("Attestation digest");
  expect(keyWords("sealTime")).toBe("Seal time");
});

test("writes what fits a line as a person would", () => {
  expect(lineText("iat", 1_800_000_000)).toBe("2027-01-15T08:00:00Z");
  expect(lineText("lab", true)).toBe("yes");
  expect(lineText("waivers", [])).toBe("none");
  expect(lineText("trust_models", ["EKCert", "EKPub"])).toBe("EKCert, EKPub");
  expect(lineText("profile", { name: "a" })).toBeUndefined();
});

test("makes a table of flat objects only", () => {
  expect(tableColumns([{ id: "a" }, { id: "b", state: 1 }])).toEqual(["id", "state"]);
  expect(tableColumns([{ id: ["a"] }])).toBeUndefined();
  expect(tableColumns(["a"])).toBeUndefined();
});
