// SPDX-License-Identifier: Apache-2.0
// What the Trust page shows. Each part is read by itself: one that fails leaves the others standing.
import type { GoldenSet } from "../gen/preseal/identity/v1/identity_pb";
import type { Policy, TrustBundle } from "../gen/preseal/trust/v1/trust_pb";
import { type BundleView, readBundle } from "../lib/bundle";
import { shortName } from "../lib/names";
import { identities, trust } from "../rpc/clients";
import { problemText } from "../rpc/problem";
import { toasts } from "./toasts.svelte";

export class TrustStore {
  bundle = $state.raw<TrustBundle | undefined>(undefined);
  view = $state.raw<BundleView | undefined>(undefined);
  bundleProblem = $state("");
  policy = $state.raw<Policy | undefined>(undefined);
  policies = $state.raw<readonly Policy[]>([]);
  policyProblem = $state("");
  goldenSets = $state.raw<readonly GoldenSet[]>([]);
  goldenProblem = $state("");
  loaded = $state(false);

  async load(): Promise<void> {
    await Promise.all([this.loadBundle(), this.loadPolicy(), this.loadGolden()]);
    this.loaded = true;
  }

  async loadBundle(): Promise<void> {
    try {
      const bundle = await trust.getTrustBundle({});
      this.view = await readBundle(bundle.file);
      this.bundle = bundle;
      this.bundleProblem = this.view === undefined ? "The trust bundle cannot be read here." : "";
    } catch (error) {
      this.bundleProblem = problemText(error);
    }
  }

  async loadPolicy(): Promise<void> {
    try {
      this.policy = await trust.getPolicy({});
      this.policies = (await trust.listPolicies({})).policies;
      this.policyProblem = "";
    } catch (error) {
      this.policyProblem = problemText(error);
    }
  }

  async loadGolden(): Promise<void> {
    try {
      this.goldenSets = (await identities.listGoldenSets({})).goldenSets;
      this.goldenProblem = "";
    } catch (error) {
      this.goldenProblem = problemText(error);
    }
  }

  /** The sets with their values, in the order given; those that cannot be read keep none. */
  async withValues(sets: readonly GoldenSet[]): Promise<GoldenSet[]> {
    try {
      return await Promise.all(sets.map(({ name }) => identities.getGoldenSet({ name })));
    } catch (error) {
      toasts.error(`PCR values: ${problemText(error)}`);
      return [...sets];
    }
  }

  approve(name: string, reason: string): Promise<boolean> {
    return this.#change(`Approve ${shortName(name)}`, "approval stored.", async () => {
      await identities.approveGoldenSet({ name, reason });
      await this.loadGolden();
    });
  }

  retire(name: string, reason: string): Promise<boolean> {
    return this.#change(`Retire ${shortName(name)}`, "retired.", async () => {
      await identities.retireGoldenSet({ name, reason });
      await this.loadGolden();
    });
  }

  /** Takes one authority or revocation list out of the bundle. */
  remove(fingerprint: string): Promise<boolean> {
    return this.#change("Remove", "a new version of the bundle is in force.", async () => {
      await trust.removeTrust({ fingerprints: [fingerprint] });
      await this.loadBundle();
    });
  }

  async #change(what: string, done: string, change: () => Promise<void>): Promise<boolean> {
    try {
      await change();
      toasts.info(`${what}: ${done}`);
      return true;
    } catch (error) {
      toasts.error(`${what}: ${problemText(error)}`);
      return false;
    }
  }
}
