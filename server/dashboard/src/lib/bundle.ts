// SPDX-License-Identifier: Apache-2.0
// A trust bundle file (docs/formats.md, "Trust bundle file") for display. The signature is not
// checked here: the server gives out nothing it has not checked.
import type { CertificateFacts, RevocationListFacts } from "./der";
import { readCertificate, readRevocationList } from "./der";
import { fromBase64, sha256Hex } from "./hex";

export type AnchorRole = "root" | "intermediate" | "lab";

export interface AnchorView {
  role: AnchorRole;
  vendor: string;
  fingerprint: string; // SHA-256, hex
  facts: CertificateFacts | undefined;
  sha1Reason: string;
  /** Narrowed to other vendors: it does not count. */
  asleep: boolean;
}

export interface VendorView {
  vendor: string; // may be empty
  anchors: AnchorView[];
}

export interface RevocationListView {
  fingerprint: string;
  facts: RevocationListFacts | undefined;
}

export interface BundleView {
  vendors: VendorView[];
  lists: RevocationListView[];
  allowedVendors: string[];
  ekuOptional: string[];
}

interface BundleText {
  anchors?: { der: string; role: AnchorRole; vendor?: string; sha1_reason?: string }[];
  allowed_vendors?: string[];
  eku_optional?: string[];
  revocation_lists?: string[];
}

const ROLE_ORDER: readonly AnchorRole[] = ["root", "intermediate", "lab"];

/** Undefined if `file` is no bundle file. */
export async function readBundle(file: Uint8Array): Promise<BundleView | undefined> {
  const text = bundleText(file);
  if (text === undefined) return undefined;
  const allowed = text.allowed_vendors ?? [];
  const anchors = await Promise.all(
    (text.anchors ?? []).map(async (anchor): Promise<AnchorView> => {
      const der = fromBase64(anchor.der) ?? new Uint8Array();
      const vendor = anchor.vendor ?? "";
      return {
        role: anchor.role,
        vendor,
        fingerprint: await sha256Hex(der),
        facts: readCertificate(der),
        sha1Reason: anchor.sha1_reason ?? "",
        asleep: anchor.role !== "lab" && allowed.length > 0 && !allowed.includes(vendor),
      };
    }),
  );
  const lists = await Promise.all(
    (text.revocation_lists ?? []).map(async (list): Promise<RevocationListView> => {
      const der = fromBase64(list) ?? new Uint8Array();
      return { fingerprint: await sha256Hex(der), facts: readRevocationList(der) };
    }),
  );
  return { vendors: byVendor(anchors), lists, allowedVendors: allowed, ekuOptional: text.eku_optional ?? [] };
}

/** The second line; the first is the statement that signs it. */
function bundleText(file: Uint8Array): BundleText | undefined {
  const text = new TextDecoder().decode(file);
  const line = text.indexOf("\n");
  if (line < 0) return undefined;
  try {
    const value = JSON.parse(text.slice(line + 1)) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Vendors by name, those without one last; roots before what they issued. */
function byVendor(anchors: readonly AnchorView[]): VendorView[] {
  const found = new Map<string, AnchorView[]>();
  for (const anchor of anchors) found.set(anchor.vendor, [...(found.get(anchor.vendor) ?? []), anchor]);
  return [...found]
    .map(([vendor, list]) => ({ vendor, anchors: list.sort(compareAnchors) }))
    .sort((a, b) => Number(a.vendor === "") - Number(b.vendor === "") || a.vendor.localeCompare(b.vendor));
}

function compareAnchors(a: AnchorView, b: AnchorView): number {
  return (
    ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role) ||
    (a.facts?.subject ?? "").localeCompare(b.facts?.subject ?? "")
  );
}
