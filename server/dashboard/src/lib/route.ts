// SPDX-License-Identifier: Apache-2.0
// Addresses of pages.
import { VIEW_ORDER, type View } from "./view";

export interface Filter {
  batch: string; // PO-7; empty for all
  query: string;
  view: View | undefined;
}

export type Route =
  | { page: "wall"; filter: Filter }
  | { page: "device"; id: string }
  | { page: "batches" }
  | { page: "trust" }
  | { page: "profiles" }
  | { page: "seals" }
  | { page: "lost"; path: string };

export function parseRoute(at: { pathname: string; search: string }): Route {
  const path = at.pathname.replace(/\/+$/, "") || "/";
  if (path === "/" || path === "/devices") return { page: "wall", filter: parseFilter(at.search) };
  if (path === "/batches") return { page: "batches" };
  if (path === "/trust") return { page: "trust" };
  if (path === "/profiles") return { page: "profiles" };
  if (path === "/seals") return { page: "seals" };
  const device = /^\/devices\/([^/]+)$/.exec(path);
  if (device?.[1] !== undefined) return { page: "device", id: decode(device[1]) };
  return { page: "lost", path };
}

export function wallAddress(filter: Partial<Filter>): string {
  const search = new URLSearchParams();
  if (filter.batch) search.set("batch", filter.batch);
  if (filter.view) search.set("state", filter.view);
  if (filter.query) search.set("q", filter.query);
  const text = search.toString();
  return text === "" ? "/" : `/?${text}`;
}

export function deviceAddress(id: string): string {
  return `/devices/${encodeURIComponent(id)}`;
}

function parseFilter(text: string): Filter {
  const search = new URLSearchParams(text);
  const view = search.get("state");
  return {
    batch: search.get("batch") ?? "",
    query: search.get("q") ?? "",
    view: VIEW_ORDER.find((known) => known === view),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone "%": show it as typed, the server will not know it
  }
}
