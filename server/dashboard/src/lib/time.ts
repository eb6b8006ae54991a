// SPDX-License-Identifier: Apache-2.0
// Times: protobuf timestamps to milliseconds, and milliseconds to words.
import type { Timestamp } from "@bufbuild/protobuf/wkt";

export function toMs(time: Timestamp | undefined): number | undefined {
  return time === undefined ? undefined : Number(time.seconds) * 1000 + time.nanos / 1e6;
}

/** A running clock: "0:07", "12:31", "1:02:05". Never negative: clocks may disagree a little. */
export function formatElapsed(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(total % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`
    : `${minutes}:${seconds}`;
}

/** An age in words: "7 s", "3 min", "2 h", "5 d". */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** How long something took: below ten seconds with one decimal, since short steps differ there. */
export function formatDuration(ms: number): string {
  if (ms < 0) return "0.0 s";
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)} s` : formatElapsed(ms);
}

const dateTime = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "medium",
});
const clockTime = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

export function formatDateTime(time: Timestamp | undefined): string {
  const ms = toMs(time);
  return ms === undefined ? "–" : dateTime.format(ms);
}

export function formatClock(time: Timestamp | undefined): string {
  const ms = toMs(time);
  return ms === undefined ? "–" : clockTime.format(ms);
}

const dateOnly = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });

/** The day in UTC, as certificates count. */
export function formatDate(ms: number): string {
  return dateOnly.format(ms);
}
