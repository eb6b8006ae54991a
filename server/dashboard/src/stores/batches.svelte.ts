// SPDX-License-Identifier: Apache-2.0
// All batches we may see.
import type { Batch } from "../gen/preseal/batch/v1/batch_pb";
import { compareNatural } from "../lib/names";
import { batches } from "../rpc/clients";
import { AskedList, allPages } from "./asked_list.svelte";

const REFRESH_MS = 3_000;

export class BatchList extends AskedList<Batch> {
  constructor() {
    super(REFRESH_MS);
  }

  protected override async ask(signal: AbortSignal): Promise<readonly Batch[]> {
    const found = await allPages(
      (pageToken) => batches.listBatches({ pageToken }, { signal }),
      (answer) => answer.batches,
    );
    return found.sort((a, b) => compareNatural(a.name, b.name));
  }
}
