// SPDX-License-Identifier: Apache-2.0
// Documents as applied: profiles, groups, items, assignments. Read when the page opens, and again by hand.
import type { Document } from "../gen/preseal/profile/v1/profile_pb";
import { profiles } from "../rpc/clients";
import { problemText } from "../rpc/problem";

export class DocumentShelf {
  list = $state.raw<readonly Document[]>([]);
  loaded = $state(false);
  problem = $state("");
  /** The chosen document's present version and the one it is compared with. */
  shown = $state.raw<Document | undefined>(undefined);
  other = $state.raw<Document | undefined>(undefined);

  async read(): Promise<void> {
    try {
      const answer = await profiles.listDocuments({ kind: "", withText: false });
      this.list = answer.documents;
      this.problem = "";
      this.loaded = true;
    } catch (error) {
      this.problem = problemText(error);
    }
  }

  async open(name: string): Promise<void> {
    this.other = undefined;
    this.shown = await this.#get(name, 0);
  }

  /** Compares with an older version; 0 shows the text alone. */
  async compare(version: number): Promise<void> {
    this.other = this.shown === undefined || version === 0 ? undefined : await this.#get(this.shown.name, version);
  }

  async #get(name: string, version: number): Promise<Document | undefined> {
    try {
      const found = await profiles.getDocument({ name, version });
      this.problem = "";
      return found;
    } catch (error) {
      this.problem = problemText(error);
      return undefined;
    }
  }
}
