// SPDX-License-Identifier: Apache-2.0
// Where a deployment's time went, as one bar: the parts and the remainder are the whole. Pure.
import { type TimeAttribution, TimePart_Kind } from "../gen/preseal/flow/v1/flow_pb";
import { durationMs } from "./flow";

export interface TimeShare {
  label: string;
  ms: number;
  percent: number;
  kind: "work" | "wait" | "person" | "rest";
  critical: boolean;
}

const WORDS: Record<TimePart_Kind, { word: string; kind: TimeShare["kind"] }> = {
  [TimePart_Kind.UNSPECIFIED]: { word: "Other", kind: "rest" },
  [TimePart_Kind.ATTESTATION]: { word: "Attestation", kind: "work" },
  [TimePart_Kind.AWAITING_START]: { word: "Waiting for start", kind: "person" },
  [TimePart_Kind.ITEM]: { word: "Items", kind: "work" },
  [TimePart_Kind.TOKEN]: { word: "Waiting to download", kind: "wait" },
  [TimePart_Kind.RETRY_PAUSE]: { word: "Pauses between attempts", kind: "wait" },
  [TimePart_Kind.PROMPT]: { word: "Waiting for an answer", kind: "person" },
  [TimePart_Kind.HOLD]: { word: "On hold", kind: "person" },
  [TimePart_Kind.REBOOT]: { word: "Restarts", kind: "wait" },
  [TimePart_Kind.OFFLINE]: { word: "Not heard", kind: "wait" },
  [TimePart_Kind.AWAITING_PERSON]: { word: "Failed, nobody acted", kind: "person" },
  [TimePart_Kind.AWAITING_SEAL]: { word: "Waiting for the seal", kind: "person" },
  [TimePart_Kind.SEALING]: { word: "Sealing", kind: "work" },
  [TimePart_Kind.AWAITING_USER]: { word: "Waiting for the user", kind: "person" },
};

/** Longest first, the remainder last; percents are of the wall clock. */
export function sharesOf(attribution: TimeAttribution): TimeShare[] {
  const whole = durationMs(attribution.wallClock) ?? 0;
  const percent = (ms: number) => (whole > 0 ? (ms / whole) * 100 : 0);
  const shares = attribution.parts.map((part): TimeShare => {
    const known = WORDS[part.kind] ?? WORDS[TimePart_Kind.UNSPECIFIED];
    const ms = durationMs(part.duration) ?? 0;
    return {
      label: part.displayName === "" ? known.word : part.displayName,
      ms,
      percent: percent(ms),
      kind: known.kind,
      critical: part.itemId !== "" && attribution.criticalPath.includes(part.itemId),
    };
  });
  shares.sort((a, b) => b.ms - a.ms);
  const rest = durationMs(attribution.remainder) ?? 0;
  if (rest > 0) shares.push({ label: "Not attributed", ms: rest, percent: percent(rest), kind: "rest", critical: false });
  return shares;
}
