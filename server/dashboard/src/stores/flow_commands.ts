// SPDX-License-Identifier: Apache-2.0
// Commands of the flows beyond start, retry and reseal. One click is one request_id; a person sees how it
// went and decides again.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { UpdateDeviceRequestSchema } from "../gen/preseal/flow/v1/flow_pb";
import { shortName } from "../lib/names";
import { flow } from "../rpc/clients";
import { problemText } from "../rpc/problem";
import { clock } from "./clock.svelte";
import { toasts } from "./toasts.svelte";

/** Resolves to true if the server took it; tells the person either way, a success only if `done` says how. */
async function tell(
  what: string, name: string, send: (requestId: string) => Promise<unknown>, done = "sent",
): Promise<boolean> {
  const subject = `${what} ${shortName(name)}`;
  try {
    await send(crypto.randomUUID());
    if (done !== "") toasts.info(`${subject}: ${done}.`);
    return true;
  } catch (error) {
    toasts.error(`${subject}: ${problemText(error)}`);
    return false;
  }
}

export function hold(name: string, reason: string): Promise<boolean> {
  return tell("Hold", name, (requestId) => flow.holdDevice({ name, reason, requestId }));
}

export function resume(name: string): Promise<boolean> {
  return tell("Resume", name, (requestId) => flow.resumeDevice({ name, requestId }));
}

export function waive(name: string, itemId: string, reason: string): Promise<boolean> {
  return tell(`Waive ${itemId} of`, name, (requestId) => flow.waiveItem({ name, itemId, reason, requestId }));
}

export function answer(name: string, itemId: string, text: string): Promise<boolean> {
  return tell(`Answer ${itemId} of`, name, (requestId) => flow.answerPrompt({ name, itemId, answer: text, requestId }));
}

export function reset(name: string, reason: string): Promise<boolean> {
  return tell("Reset", name, (requestId) => flow.resetDevice({ name, reason, requestId }));
}

export function collect(name: string): Promise<boolean> {
  return tell("Collect diagnostics of", name, (requestId) => flow.collectDiagnostics({ name, requestId }));
}

export function refresh(name: string): Promise<boolean> {
  return tell("Refresh", name, () => flow.refreshDevice({ name }));
}

export function continueAnyway(name: string): Promise<boolean> {
  return tell("Continue", name, (requestId) => flow.continueAnyway({ name, requestId }));
}

export function allowNext(name: string, reason: string, days: number): Promise<boolean> {
  const expireTime = timestampFromMs(clock.serverNow + days * 24 * 3_600_000);
  return tell("Allow the next enrolment of", name, () => flow.allowNextEnrollment({ name, reason, expireTime }), "allowed");
}

export function update(change: MessageInitShape<typeof UpdateDeviceRequestSchema>): Promise<boolean> {
  return tell("Edit", change.name ?? "", () => flow.updateDevice(change), "saved");
}

export interface UserCode {
  username: string;
  code: string;
  expireTime: Timestamp | undefined;
}

/** Undefined if the server refused; the person was told why. */
export async function issueUserCode(name: string): Promise<UserCode | undefined> {
  let issued: UserCode | undefined;
  await tell("A code for", name, async () => {
    const { username, code, expireTime } = await flow.issueUserCode({ name });
    issued = { username, code, expireTime };
  }, "");
  return issued;
}
