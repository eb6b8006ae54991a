// SPDX-License-Identifier: Apache-2.0
// Ages of what is trusted, in words.

const DAY_MS = 86_400_000;



/** Long past or to come: in days, above two years in years. */
function span(ms: number): string {
  const days = Math.floor(Math.abs(ms) / DAY_MS);
  if (days === 0) return "today";
  if (days >= 730) return `${Math.floor(days / 365)} years`;
  return `${days} ${days === 1 ? "day" : "days"}`;
}

export function expiryText(notAfter: number, now: number): string {
  if (span(notAfter - now) === "today") return notAfter < now ? "expired today" : "ends today";
  return notAfter < now ? `expired ${span(notAfter - now)} ago` : `${span(notAfter - now)} left`;
}

/** Over, or without an end. Undefined is a list that names no next one: nobody knows if it is over. */
export function isStale(end: number | undefined, now: number): boolean {
  return end === undefined || end < now;
}

export function listAgeText(nextUpdate: number | undefined, now: number): string {
  if (nextUpdate === undefined) return "names no next one";
  if (nextUpdate < now) return `overdue for ${span(nextUpdate - now) === "today" ? "less than a day" : span(nextUpdate - now)}`;
  return span(nextUpdate - now) === "today" ? "next one due today" : `next one due in ${span(nextUpdate - now)}`;
}
