// SPDX-License-Identifier: Apache-2.0
// Who holds and who waits for the server's tokens.
import type { TokenQueue } from "../gen/preseal/flow/v1/flow_pb";
import { flow } from "../rpc/clients";
import { AskedList } from "./asked_list.svelte";

const REFRESH_MS = 3_000;

export class TokenList extends AskedList<TokenQueue> {
  constructor() {
    super(REFRESH_MS);
  }

  protected override async ask(signal: AbortSignal): Promise<readonly TokenQueue[]> {
    return (await flow.listTokens({}, { signal })).queues;
  }
}
