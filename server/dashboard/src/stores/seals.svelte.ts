// SPDX-License-Identifier: Apache-2.0
// Seals and what wants attention of them.
import { Seal_Age } from "../gen/preseal/fleet/v1/fleet_pb";
import type { SealedDevice } from "../gen/preseal/flow/v1/flow_pb";
import { flow } from "../rpc/clients";
import { AskedList, allPages } from "./asked_list.svelte";

const REFRESH_MS = 10_000;

export type SealFilter = "all" | "ageing" | "expired" | "drifted" | "unconfirmed";

const AGES: Partial<Record<SealFilter, Seal_Age[]>> = {
  ageing: [Seal_Age.AGEING],
  expired: [Seal_Age.EXPIRED],
};

export class SealList extends AskedList<SealedDevice> {
  filter = $state<SealFilter>("all");

  constructor() {
    super(REFRESH_MS);
  }

  async choose(filter: SealFilter): Promise<void> {
    this.filter = filter;
    await this.read();
  }

  protected override ask(signal: AbortSignal): Promise<readonly SealedDevice[]> {
    const wanted = {
      ages: AGES[this.filter] ?? [],
      drifted: this.filter === "drifted",
      unconfirmed: this.filter === "unconfirmed",
    };
    return allPages(
      (pageToken) => flow.listSeals({ ...wanted, pageToken }, { signal }),
      (answer) => answer.seals,
    );
  }
}
