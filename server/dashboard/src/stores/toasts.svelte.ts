// SPDX-License-Identifier: Apache-2.0
// Short messages at the edge of the screen. Errors stay until dismissed; good news leaves by itself.

export interface Toast {
  id: number;
  kind: "error" | "info";
  text: string;
}

const INFO_MS = 5_000;
const TOASTS_MAX = 5;

class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  #next = 1;

  error(text: string): void {
    // The same trouble told twice is still one trouble.
    if (!this.list.some((toast) => toast.text === text)) this.#add("error", text);
  }

  info(text: string): void {
    const id = this.#add("info", text);
    setTimeout(() => this.dismiss(id), INFO_MS);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(kind: Toast["kind"], text: string): number {
    const id = this.#next++;
    this.list = [...this.list, { id, kind, text }].slice(-TOASTS_MAX);
    return id;
  }
}

export const toasts = new Toasts();
