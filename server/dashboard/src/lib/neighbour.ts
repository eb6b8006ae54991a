// SPDX-License-Identifier: Apache-2.0
// Arrow keys on a grid whose columns the browser chose.

export interface Box {
  left: number;
  top: number;
}

/** The index to move to from `from`; `from` itself at the edge. Left and right follow reading order. */
export function neighbour(boxes: readonly Box[], from: number, key: string): number {
  const here = boxes[from];
  if (here === undefined) return from;
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, from - 1);
    case "ArrowRight":
      return Math.min(boxes.length - 1, from + 1);
    case "ArrowUp":
      return nearestInRow(boxes, from, rowsAbove(boxes, here));
    case "ArrowDown":
      return nearestInRow(boxes, from, rowsBelow(boxes, here));
    default:
      return from;
  }
}

function rowsAbove(boxes: readonly Box[], here: Box): number | undefined {
  const tops = boxes.map((box) => box.top).filter((top) => top < here.top - 1);
  return tops.length === 0 ? undefined : Math.max(...tops);
}

function rowsBelow(boxes: readonly Box[], here: Box): number | undefined {
  const tops = boxes.map((box) => box.top).filter((top) => top > here.top + 1);
  return tops.length === 0 ? undefined : Math.min(...tops);
}

function nearestInRow(boxes: readonly Box[], from: number, top: number | undefined): number {
  const here = boxes[from];
  if (top === undefined || here === undefined) return from;
  let best = from;
  let distance = Infinity;
  boxes.forEach((box, index) => {
    const off = Math.abs(box.left - here.left);
    if (Math.abs(box.top - top) <= 1 && off < distance) {
      best = index;
      distance = off;
    }
  });
  return best;
}
