// SPDX-License-Identifier: Apache-2.0
// Words for the enums of the wire, and what attestation and trust say to a person.
import { Role } from "../gen/preseal/auth/v1/auth_pb";
import { Command_Kind, Command_State, Contact_State } from "../gen/preseal/fleet/v1/fleet_pb";
import { GoldenSet_State, RebindDeviceRequest_Reason } from "../gen/preseal/identity/v1/identity_pb";
import { Category, Gating, ItemState, RunOutcome } from "../gen/preseal/progress/v1/progress_pb";

export function roleWord(role: Role): string {
  const words: Record<Role, string> = {
    [Role.UNSPECIFIED]: "no role",
    [Role.OPERATOR]: "operator",
    [Role.LEAD]: "line lead",
    [Role.ADMIN]: "admin",
    [Role.RESELLER]: "reseller",
    [Role.AUDITOR]: "auditor",
  };
  return words[role] ?? "unknown role";
}

export function categoryWord(category: Category): string {
  const words: Record<Category, string> = {
    [Category.UNSPECIFIED]: "Other",
    [Category.HARDWARE]: "Secure your hardware",
    [Category.JOIN]: "Join your organisation",
    [Category.MANAGEMENT]: "Register for management",
    [Category.POLICIES]: "Security policies",
    [Category.CERTIFICATES]: "Certificates",
    [Category.NETWORK]: "Network connections",
    [Category.APPS]: "Apps",
    [Category.REBOOT]: "Restarts",
    [Category.QUALITY_UPDATES]: "Quality updates",
  };
  return words[category] ?? "Other";
}

export function gatingWord(gating: Gating): string {
  const words: Record<Gating, string> = {
    [Gating.UNSPECIFIED]: "",
    [Gating.BLOCKING]: "blocks the seal",
    [Gating.TRACKED]: "tracked",
    [Gating.BACKGROUND]: "in the background",
  };
  return words[gating] ?? "";
}

export function itemStateWord(state: ItemState): string {
  const words: Record<ItemState, string> = {
    [ItemState.UNSPECIFIED]: "Unknown",
    [ItemState.NOT_STARTED]: "Not started",
    [ItemState.IDENTIFYING]: "Identifying",
    [ItemState.IN_PROGRESS]: "In progress",
    [ItemState.VERIFYING]: "Verifying",
    [ItemState.SUCCEEDED]: "Verified",
    [ItemState.FAILED]: "Failed",
    [ItemState.NOT_REQUIRED]: "Not required",
  };
  return words[state] ?? "Unknown";
}

export function isItemOpen(state: ItemState): boolean {
  return (
    state === ItemState.IDENTIFYING ||
    state === ItemState.IN_PROGRESS ||
    state === ItemState.VERIFYING
  );
}

export function isItemDone(state: ItemState): boolean {
  return state === ItemState.SUCCEEDED || state === ItemState.NOT_REQUIRED;
}

export function outcomeWord(outcome: RunOutcome): string {
  const words: Record<RunOutcome, string> = {
    [RunOutcome.UNSPECIFIED]: "Running",
    [RunOutcome.SUCCEEDED]: "Succeeded",
    [RunOutcome.FAILED]: "Failed",
    [RunOutcome.ABANDONED]: "Abandoned",
  };
  return words[outcome] ?? "Unknown";
}

export function commandKindWord(kind: Command_Kind): string {
  const words: Record<Command_Kind, string> = {
    [Command_Kind.UNSPECIFIED]: "Command",
    [Command_Kind.START]: "Start",
    [Command_Kind.RETRY]: "Retry",
    [Command_Kind.RESEAL]: "Reseal",
    [Command_Kind.HOLD]: "Hold",
    [Command_Kind.RESUME]: "Resume",
    [Command_Kind.WAIVE]: "Waive",
    [Command_Kind.ANSWER_PROMPT]: "Answer",
    [Command_Kind.DIAGNOSTICS]: "Collect diagnostics",
    [Command_Kind.EXTEND]: "More time",
    [Command_Kind.RESET]: "Reset",
    [Command_Kind.RESTART]: "Restart",
    [Command_Kind.CONTINUE]: "Continue anyway",
    [Command_Kind.SIGN_IN]: "User signed in",
  };
  return words[kind] ?? "Command";
}

export const COMMAND_CHAIN: readonly { state: Command_State; word: string }[] = [
  { state: Command_State.QUEUED, word: "Queued" },
  { state: Command_State.DELIVERED, word: "Delivered" },
  { state: Command_State.ACCEPTED, word: "Accepted" },
  { state: Command_State.DONE, word: "Done" },
  { state: Command_State.VERIFIED, word: "Verified" },
];

export function contactWord(state: Contact_State | undefined): string {
  switch (state) {
    case Contact_State.NEVER:
      return "Never heard";
    case Contact_State.CONNECTED:
      return "Connected";
    case Contact_State.DISCONNECTED:
      return "Disconnected";
    case Contact_State.SILENT:
      return "Silent";
    default:
      return "Unknown";
  }
}

export interface Said {
  sentence: string;
  next: string;
}

export const ATTESTATION = {
  notYet: { sentence: "This device has not attested yet.", next: "Power it on from the medium; it attests by itself." },
  underWay: { sentence: "Its TPM is being checked.", next: "Leave it powered; this takes a few seconds." },
  proved: { sentence: "Its TPM proved what it is, and its start was as it must be.", next: "Nothing to do here." },
  lab: {
    sentence: "Its TPM proved itself through the lab's root.",
    next: "Fine for tests. It can never go to a production floor.",
  },
  quarantined: {
    sentence: "It is enrolled in quarantine: only the quarantine profile runs.",
    next: "It cannot be sealed. A line lead looks at the failed check below; then it attests again.",
  },
  blocked: { sentence: "This device is blocked.", next: "A line lead must look at it and unblock it here." },
  notForRole: "The trace is for line leads, admins and auditors.",
  noEvidence: "No attestation is stored yet.",
  olderTrace: "The trace is of the latest stored attestation, which ended with:",
} satisfies Record<string, Said | string>;

export const MARKS = {
  lab: { word: "Lab", hint: "Attested through the lab root: not for production" },
  quarantine: { word: "Quarantine", hint: "Only the quarantine profile runs; it cannot be sealed" },
};

/** By the number of the check: docs/attestation.md. */
export const TRACE_GROUPS: readonly { from: number; to: number; title: string }[] = [
  { from: 100, to: 199, title: "Evidence" },
  { from: 200, to: 299, title: "EK certificate" },
  { from: 300, to: 399, title: "Chain to the maker" },
  { from: 400, to: 499, title: "Endorsement key" },
  { from: 500, to: 549, title: "TPM identity" },
  { from: 550, to: 599, title: "Trust models" },
  { from: 600, to: 699, title: "Keys" },
  { from: 700, to: 799, title: "Certify" },
  { from: 800, to: 899, title: "Quote" },
  { from: 900, to: 999, title: "Event log" },
  { from: 1000, to: 1099, title: "Boot" },
];
export const TRACE_OTHER = "Other checks";

export const VERDICT_WORDS = { pass: "Passed", finding: "Finding", fail: "Failed" } as const;

export const DECISIONS = {
  attemptsBack: "Give attempts back",
  notYours: "A line lead or an admin decides this.",
  notRead: "The device's TPMs have not been read yet.",
  revokedAlready: "It is revoked already.",
  nothingToUnblock: "It is not blocked, and no attempt is used up.",
  noOtherTpm: "No other TPM has shown up for this device.",
  rebindState: "It is being sealed, or is sealed: its TPM cannot change now.",
  nobodyWaits: "No TPM waits for a person's word.",
  noTpm: "It holds no TPM.",
  releaseState: "Only a blocked, retired or never enrolled device gives its TPM free.",
};

interface DecisionWords {
  button: string;
  title: string;
  explains: string;
  confirm: string;
  done: string;
  suggestions: readonly string[];
}

export const DECISION_WORDS: Record<"unblock" | "rebind" | "vouch" | "release" | "revoke", DecisionWords> = {
  unblock: {
    button: "Unblock",
    title: "Give this device its attempts back?",
    explains: "A blocked device becomes registered: its certificates are revoked, and it must attest again.",
    confirm: "Unblock",
    done: "unblocked. Power it on to attest again.",
    suggestions: ["Firmware setting corrected", "Serial number checked", "Cable or network fault"],
  },
  rebind: {
    button: "Approve other TPM",
    title: "Approve another TPM for this device?",
    explains: "From now on only the new TPM may enrol as this device. The old one's certificates are revoked.",
    confirm: "Approve the new TPM",
    done: "other TPM approved. Power it on to attest again.",
    suggestions: [],
  },
  vouch: {
    button: "Vouch",
    title: "Stand by name for this TPM?",
    explains: "It gave a good order code and nothing else vouches for it. Look at the device before you do.",
    confirm: "Vouch for it",
    done: "vouched for. Power it on to attest again.",
    suggestions: ["Seen at the bench, serial number fits", "Delivered by the maker in sealed packing"],
  },
  release: {
    button: "Release TPM",
    title: "Give this device's TPM free?",
    explains: "Another record may have this TPM then. The certificates of this device are revoked.",
    confirm: "Release",
    done: "TPM released.",
    suggestions: ["Wrong record", "Board moved to another device", "Device returned"],
  },
  revoke: {
    button: "Revoke",
    title: "Revoke this device's identity?",
    explains: "It is blocked at once: its certificates are revoked and its open connection ends.",
    confirm: "Revoke",
    done: "revoked.",
    suggestions: ["Lost or stolen", "Evidence of tampering", "Taken off the order"],
  },
};

export const REBIND_REASONS: readonly { reason: RebindDeviceRequest_Reason; word: string; hint: string }[] = [
  { reason: RebindDeviceRequest_Reason.BOARD_SWAP, word: "Board swap", hint: "The mainboard or the TPM was replaced." },
  { reason: RebindDeviceRequest_Reason.CLEAR, word: "TPM cleared", hint: "A clear gave the same chip another key." },
  { reason: RebindDeviceRequest_Reason.RESALE, word: "Resale", hint: "The record goes to another machine." },
];

export const GOLDEN = {
  notYours: "A line lead or an admin approves.",
  decided: "It is decided already.",
  samePerson: "You approved it already: the second approval must be another person's.",
  none: "No device has proposed its PCR values yet. In learn mode the first device of a model does.",
};

export function goldenStateWord(state: GoldenSet_State): string {
  switch (state) {
    case GoldenSet_State.PROPOSED:
      return "Proposed";
    case GoldenSet_State.APPROVED:
      return "Approved";
    case GoldenSet_State.RETIRED:
      return "Retired";
    default:
      return "Unknown";
  }
}

/** TPM_ALG_ID of a hash. */
export function bankWord(algorithm: number): string {
  const words: Record<number, string> = { 0x04: "SHA-1", 0x0b: "SHA-256", 0x0c: "SHA-384", 0x0d: "SHA-512", 0x12: "SM3" };
  return words[algorithm] ?? `0x${algorithm.toString(16).padStart(4, "0")}`;
}

export const TRUST = {
  rolePlural: { root: "roots", intermediate: "intermediates", lab: "lab roots" },
  role: { root: "Root", intermediate: "Intermediate", lab: "Lab root" },
  noAnchors: "No authority is trusted: no TPM certificate can be accepted. An admin imports some.",
  noLists: "No revocation list was imported.",
  notJudged: "A browser shows this but does not judge it. Offline: preseal trust list",
  unread: "Cannot be read here.",
};
