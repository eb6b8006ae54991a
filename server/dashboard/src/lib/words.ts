// SPDX-License-Identifier: Apache-2.0
// Words for the enums of the wire.
import { Role } from "../gen/preseal/auth/v1/auth_pb";
import { Command_Kind, Command_State, Contact_State } from "../gen/preseal/fleet/v1/fleet_pb";
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
