// SPDX-License-Identifier: Apache-2.0
import { generate } from "lean-qr";

export interface QrPath {
  size: number; // modules, quiet zone included
  path: string; // SVG path data, one unit square per dark module
}

const QUIET_ZONE = 4; // modules, as ISO/IEC 18004 asks

export function qrPath(text: string): QrPath {
  const code = generate(text);
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (code.get(x, y)) path += `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z`;
    }
  }
  return { size: code.size + 2 * QUIET_ZONE, path };
}
