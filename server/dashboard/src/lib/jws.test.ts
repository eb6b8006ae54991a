// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { decodeJws, keyWords, tableColumns } from "./jws";

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

test("makes a table of flat objects only", () => {
  expect(tableColumns([{ id: "a" }, { id: "b", state: 1 }])).toEqual(["id", "state"]);
  expect(tableColumns([{ id: ["a"] }])).toBeUndefined();
  expect(tableColumns(["a"])).toBeUndefined();
});
