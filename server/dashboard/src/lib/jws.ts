// SPDX-License-Identifier: Apache-2.0
// Reading a birth certificate (compact JWS) for display. Nothing is verified here: a browser page is
// the wrong judge. "preseal verify FILE --ca FILE" is the right one.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface DecodedJws {
  header: { [key: string]: Json };
  payload: { [key: string]: Json };
}

/** Undefined if `jws` is not three base64url parts with JSON objects in the first two. */
export function decodeJws(jws: string): DecodedJws | undefined {
  const parts = jws.trim().split(".");
  if (parts.length !== 3) return undefined;
  try {
    const header = decodeObject(parts[0] ?? "");
    const payload = decodeObject(parts[1] ?? "");
    return header === undefined || payload === undefined ? undefined : { header, payload };
  } catch {
    return undefined;
  }
}

function decodeObject(part: string): { [key: string]: Json } | undefined {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Json;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** The columns of an array of flat objects, which reads better as a table; undefined for others. */
export function tableColumns(value: Json): string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const columns = new Set<string>();
  for (const row of value) {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return undefined;
    for (const [key, cell] of Object.entries(row)) {
      if (typeof cell === "object" && cell !== null) return undefined;
      columns.add(key);
    }
  }
  return columns.size <= COLUMNS_MAX ? [...columns] : undefined;
}

const COLUMNS_MAX = 7;

// Registered claim names of RFC 7519 and RFC 7515, and some keys of a policy, are too short for people.
const LABELS: Record<string, string> = {
  iss: "Issuer",
  iat: "Issued",
  sub: "Device",
  alg: "Algorithm",
  typ: "Type",
  x5c: "Certificates",
  dma_protection: "DMA protection",
  dbx_minimum: "Forbidden boot programs (dbx)",
  expired_ek: "Expired EK certificates",
  open_banks: "Open banks allowed",
};

/** A value that fits one line; undefined for what needs structure. Times of RFC 7519 become dates. */
export function lineText(key: string, value: Json): string | undefined {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value === "" ? "none" : value;
  if (typeof value === "number") {
    return key === "iat" ? new Date(value * 1000).toISOString().replace(".000", "") : String(value);
  }
  if (!Array.isArray(value)) return undefined;
  if (value.length === 0) return "none";
  return value.every((each) => typeof each !== "object") ? value.join(", ") : undefined;
}

/** "attestation_digest" and "attestationDigest" both read "Attestation digest". */
export function keyWords(key: string): string {
  const label = LABELS[key];
  if (label !== undefined) return label;
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]+/g, " ")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
