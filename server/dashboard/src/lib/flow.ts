// SPDX-License-Identifier: Apache-2.0
// What the flows tell beyond items: waits, waivers, results, the seal's age. Pure.
import type { Duration } from "@bufbuild/protobuf/wkt";
import { Seal_Age } from "../gen/preseal/fleet/v1/fleet_pb";
import { DeploymentState, Flow, type Item, ItemState, type Wait, Wait_Kind } from "../gen/preseal/progress/v1/progress_pb";
import { isItemDone } from "./words";
import { formatDuration, toMs } from "./time";

const MS_PER_S = 1_000;
const NS_PER_MS = 1_000_000;

/** Milliseconds of a duration; undefined stays so. */
export function durationMs(duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  return Number(duration.seconds) * MS_PER_S + Math.floor(duration.nanos / NS_PER_MS);
}

const WAITS_FOR: Record<Wait_Kind, string> = {
  [Wait_Kind.UNSPECIFIED]: "something unnamed",
  [Wait_Kind.TOKEN]: "its turn to download",
  [Wait_Kind.INSTALLER]: "another installation",
  [Wait_Kind.RETRY]: "the next attempt",
  [Wait_Kind.PROMPT]: "an answer",
  [Wait_Kind.HOLD]: "a person: on hold",
  [Wait_Kind.REBOOT]: "its restart",
  [Wait_Kind.SERVER]: "the server",
  [Wait_Kind.SPOOL]: "the server to take its events",
  [Wait_Kind.DEVICE]: "a sign of life",
};

/** "Waiting for its turn to download (place 3), 0:42 of at most 60:00". */
export function waitText(wait: Wait, now: number): string {
  const owner = wait.owner === "" ? "" : `: ${wait.owner}`;
  const place = wait.place > 0 ? ` (place ${wait.place})` : "";
  const since = toMs(wait.startTime);
  const limit = durationMs(wait.limit);
  const spent = since === undefined ? "" : `, ${formatDuration(Math.max(0, now - since))}`;
  const most = limit === undefined || limit === 0 ? "" : ` of at most ${formatDuration(limit)}`;
  return `Waiting for ${WAITS_FOR[wait.kind] ?? "something"}${owner}${place}${spent}${most}`;
}

/** "9 of 10", empty if the item is not counted. */
export function countText(item: Item): string {
  return item.total > 0n ? `${item.done} of ${item.total}` : "";
}

/** Verified, not required, or let pass by a named person. */
export function isItemSettled(item: Item): boolean {
  return isItemDone(item.state) || item.waiver !== undefined;
}

/** An item a person asks to be answered now. */
export function isAsking(item: Item): boolean {
  return item.state === ItemState.IN_PROGRESS && item.wait?.kind === Wait_Kind.PROMPT;
}

export function flowWord(flow: Flow): string {
  return flow === Flow.USER ? "User flow" : "Technician flow";
}

export function deploymentWord(state: DeploymentState): string {
  const words: Record<DeploymentState, string> = {
    [DeploymentState.UNKNOWN]: "Unknown",
    [DeploymentState.SUCCESS]: "Success",
    [DeploymentState.IN_PROGRESS]: "In progress",
    [DeploymentState.FAILURE]: "Failure",
    [DeploymentState.SUCCESS_WITH_TIMEOUT]: "Success with timeout",
    [DeploymentState.NOT_ATTEMPTED]: "Not attempted",
    [DeploymentState.DISABLED]: "Disabled by its profile",
    [DeploymentState.SUCCESS_ON_RETRY]: "Success on retry",
  };
  return words[state] ?? "Unknown";
}

export interface AgeView {
  word: string;
  tone: "go" | "warn" | "bad" | "calm";
  hint: string;
}

export function sealAge(age: Seal_Age): AgeView {
  switch (age) {
    case Seal_Age.FRESH:
      return { word: "Fresh", tone: "calm", hint: "Sealed less than 90 minutes ago: wait before the user flow." };
    case Seal_Age.OK:
      return { word: "Good", tone: "go", hint: "Ready to be handed over." };
    case Seal_Age.AGEING:
      return { word: "Ageing", tone: "warn", hint: "Hand it over soon, or seal it again." };
    case Seal_Age.EXPIRED:
      return { word: "Expired", tone: "bad", hint: "Seal it again before it is handed over." };
    default:
      return { word: "Unknown", tone: "calm", hint: "" };
  }
}
