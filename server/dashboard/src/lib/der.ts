// SPDX-License-Identifier: Apache-2.0
// Names and dates of X.509 certificates and revocation lists (RFC 5280), for display. Nothing is
// verified here: the server does that, and "preseal trust list" shows the same offline.

export interface CertificateFacts {
  subject: string;
  issuer: string;
  notBefore: number; // milliseconds since 1970
  notAfter: number;
}

export interface RevocationListFacts {
  issuer: string;
  thisUpdate: number;
  nextUpdate: number | undefined;
  revoked: number; // entries
}

interface Tlv {
  tag: number;
  bytes: Uint8Array;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const OID = 0x06;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const BMP_STRING = 0x1e;
const VERSION = 0xa0; // [0] of a certificate

const NAME_PARTS: Record<string, string> = {
  "550403": "CN",
  "55040a": "O",
  "55040b": "OU",
  "550406": "C",
};

/** Undefined for what is no certificate. */
export function readCertificate(der: Uint8Array): CertificateFacts | undefined {
  try {
    const parts = signedParts(der);
    if (parts[0]?.tag === VERSION) parts.shift();
    const [, , issuer, validity, subject] = parts; // after serial number and algorithm
    const [notBefore, notAfter] = children(expect(validity, SEQUENCE));
    return {
      subject: nameText(subject),
      issuer: nameText(issuer),
      notBefore: timeOf(notBefore),
      notAfter: timeOf(notAfter),
    };
  } catch {
    return undefined;
  }
}

/** Undefined for what is no revocation list. */
export function readRevocationList(der: Uint8Array): RevocationListFacts | undefined {
  try {
    const parts = signedParts(der);
    if (parts[0]?.tag === INTEGER) parts.shift();
    const [, issuer, thisUpdate, ...rest] = parts; // after the algorithm
    const next = isTime(rest[0]) ? timeOf(rest.shift()) : undefined;
    return {
      issuer: nameText(issuer),
      thisUpdate: timeOf(thisUpdate),
      nextUpdate: next,
      revoked: rest[0]?.tag === SEQUENCE ? children(rest[0].bytes).length : 0,
    };
  } catch {
    return undefined;
  }
}

/** The fields of what is signed: SEQUENCE { SEQUENCE { fields }, algorithm, signature }. */
function signedParts(der: Uint8Array): Tlv[] {
  const [outer] = children(der);
  const [signed] = children(expect(outer, SEQUENCE));
  return children(expect(signed, SEQUENCE));
}

function expect(tlv: Tlv | undefined, tag: number): Uint8Array {
  if (tlv === undefined || tlv.tag !== tag) throw new Error("another field was expected");
  return tlv.bytes;
}

function children(bytes: Uint8Array): Tlv[] {
  const found: Tlv[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { tlv, end } = readTlv(bytes, at);
    found.push(tlv);
    at = end;
  }
  return found;
}

function readTlv(bytes: Uint8Array, start: number): { tlv: Tlv; end: number } {
  const tag = byteAt(bytes, start);
  let length = byteAt(bytes, start + 1);
  let at = start + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) throw new Error("a length that is not DER");
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + byteAt(bytes, at++);
  }
  if (at + length > bytes.length) throw new Error("cut off");
  return { tlv: { tag, bytes: bytes.subarray(at, at + length) }, end: at + length };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error("cut off");
  return byte;
}

/** "CN=…, O=…"; parts without a short name are left out. */
function nameText(tlv: Tlv | undefined): string {
  const parts: string[] = [];
  for (const set of children(expect(tlv, SEQUENCE))) {
    for (const pair of children(expect(set, SET))) {
      const [type, value] = children(expect(pair, SEQUENCE));
      const label = NAME_PARTS[Array.from(expect(type, OID), (b) => b.toString(16).padStart(2, "0")).join("")];
      if (label !== undefined && value !== undefined) parts.push(`${label}=${textOf(value)}`);
    }
  }
  return parts.reverse().join(", ");
}

function textOf(value: Tlv): string {
  const label = value.tag === BMP_STRING ? "utf-16be" : "utf-8";
  return new TextDecoder(label).decode(value.bytes);
}

function isTime(tlv: Tlv | undefined): boolean {
  return tlv?.tag === UTC_TIME || tlv?.tag === GENERALIZED_TIME;
}

function timeOf(tlv: Tlv | undefined): number {
  if (tlv === undefined || !isTime(tlv)) throw new Error("a time was expected");
  const text = new TextDecoder().decode(tlv.bytes);
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (match === null) throw new Error("not a time of RFC 5280");
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  // Two digits mean 1950 to 2049.
  const full = tlv.tag === UTC_TIME ? year + (year < 50 ? 2000 : 1900) : year;
  return Date.UTC(full, month - 1, day, hour, minute, second);
}
