// SPDX-License-Identifier: Apache-2.0
// A growing list read page by page. The server ends a list with an empty token, so following it
// means asking for the last page again: its rows replace those it brought before, and nothing is
// shown twice whatever the rows are.

interface Page<T> {
  token: string;
  rows: readonly T[];
}

export class GrowingPages<T> {
  #pages: Page<T>[] = [];
  #token = "";
  /** Rows left out at the front because more than `rowsMax` came. */
  dropped = 0;

  constructor(private readonly rowsMax: number) {}

  /** The token to ask for next. */
  get token(): string {
    return this.#token;
  }

  /** Takes the answer to a request with `token`. True if another page is already waiting. */
  take(rows: readonly T[], nextToken: string): boolean {
    const last = this.#pages.at(-1);
    if (last !== undefined && last.token === this.#token) this.#pages.pop();
    this.#pages.push({ token: this.#token, rows });
    if (nextToken !== "") this.#token = nextToken;
    this.#trim();
    return nextToken !== "";
  }

  rows(): T[] {
    return this.#pages.flatMap((page) => page.rows);
  }

  #trim(): void {
    let total = this.#pages.reduce((sum, page) => sum + page.rows.length, 0);
    while (total > this.rowsMax && this.#pages.length > 1) {
      const first = this.#pages.shift();
      total -= first?.rows.length ?? 0;
      this.dropped += first?.rows.length ?? 0;
    }
  }
}
