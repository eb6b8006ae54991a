// SPDX-License-Identifier: Apache-2.0
// One device's bundles of logs, what the rules make of them, and one file being read part by part.
import { Code, ConnectError } from "@connectrpc/connect";
import type { Device } from "../gen/preseal/fleet/v1/fleet_pb";
import type { Bundle, BundleFile, Diagnosis } from "../gen/preseal/diagnostics/v1/diagnostics_pb";
import { shortName } from "../lib/names";
import { diagnostics, diagnosticsDownload } from "../rpc/clients";
import { problemText } from "../rpc/problem";

/** More than this is for the download: a page of it would be too slow to search. */
const READ_MAX = 4 * 1024 * 1024;
const PART_BYTES = 256 * 1024;

export interface OpenFile {
  bundle: string;
  path: string;
  text: string;
  next: bigint; // 0: all is read
}

export class Diagnostics {
  bundles = $state.raw<readonly Bundle[]>([]);
  diagnoses = $state.raw<readonly Diagnosis[]>([]);
  files = $state.raw<readonly BundleFile[]>([]);
  chosen = $state(""); // the bundle whose files are listed
  open = $state.raw<OpenFile | undefined>(undefined);
  loaded = $state(false);
  busy = $state(false);
  problem = $state("");

  #key = "";
  #round = 0;

  constructor(readonly name: string) {}

  /** Reads again if a bundle may have come or a cause may have changed. */
  follow(device: Device): void {
    const { state, stateTime, failure, lastCommand, run } = device;
    const key = [state, stateTime?.seconds, failure?.code, lastCommand?.name, lastCommand?.state, run?.name].join(" ");
    if (key === this.#key) return;
    this.#key = key;
    void this.reload();
  }

  async reload(): Promise<void> {
    const round = ++this.#round;
    try {
      const [list, diagnosis] = await Promise.all([
        diagnostics.listBundles({ device: this.name }),
        diagnostics.diagnose({ device: this.name }),
      ]);
      if (round !== this.#round) return; // a later answer is on its way
      this.bundles = list.bundles;
      this.diagnoses = diagnosis.diagnoses;
      this.problem = "";
    } catch (error) {
      this.problem = saidOf(error);
    }
    this.loaded = true;
  }

  /** Lists the files of a bundle; the same one again folds it. */
  async choose(bundle: string): Promise<void> {
    this.files = [];
    this.open = undefined;
    this.chosen = this.chosen === bundle ? "" : bundle;
    if (this.chosen === "") return;
    await this.#try(async () => {
      const { files } = await diagnostics.listFiles({ bundle });
      if (this.chosen === bundle) this.files = files;
    });
  }

  async read(path: string): Promise<void> {
    this.open = { bundle: this.chosen, path, text: "", next: 0n };
    await this.readOn();
  }

  /** The next part of the open file. */
  async readOn(): Promise<void> {
    const file = this.open;
    if (file === undefined) return;
    await this.#try(async () => {
      const part = await diagnostics.readFile({ bundle: file.bundle, path: file.path, offset: file.next, limit: PART_BYTES });
      if (this.open !== file) return; // another was opened meanwhile
      this.open = { ...file, text: file.text + part.text, next: part.nextOffset };
    });
  }

  get full(): boolean {
    return (this.open?.text.length ?? 0) >= READ_MAX;
  }

  close(): void {
    this.open = undefined;
  }

  /** The bundle as it came. */
  async download(bundle: string): Promise<void> {
    await this.#try(async () => {
      const parts: BlobPart[] = [];
      for await (const { chunk } of diagnosticsDownload.download({ bundle })) parts.push(new Uint8Array(chunk));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(parts, { type: "application/zstd" }));
      link.download = `${shortName(this.name)}.${shortName(bundle)}.tar.zst`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }

  async #try(what: () => Promise<void>): Promise<void> {
    this.busy = true;
    try {
      await what();
      this.problem = "";
    } catch (error) {
      this.problem = saidOf(error);
    }
    this.busy = false;
  }
}

function saidOf(error: unknown): string {
  const { code } = ConnectError.from(error);
  return code === Code.Unimplemented ? "This server does not keep diagnostics." : problemText(error);
}
