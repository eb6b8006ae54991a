// SPDX-License-Identifier: Apache-2.0
// Gathers changes into few repaints: laying out and painting 500 tiles is what costs, not receiving
// them. At most four a second, each in an animation frame.

const REPAINT_MS = 250;

export class Painter {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frame: number | undefined;
  #last = 0;

  constructor(private readonly paint: () => void) {}

  request(): void {
    if (this.#timer !== undefined || this.#frame !== undefined) return;
    const wait = Math.max(0, this.#last + REPAINT_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // Hidden tabs get no frames; they must still follow, or they would show the past on return.
      if (document.hidden) this.#run();
      else this.#frame = requestAnimationFrame(() => this.#run());
    }, wait);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#timer = undefined;
    this.#frame = undefined;
  }

  #run(): void {
    this.#frame = undefined;
    this.#last = performance.now();
    this.paint();
  }
}
