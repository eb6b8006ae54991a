// SPDX-License-Identifier: Apache-2.0

/** As kReasonBytesMax of the server: bytes of UTF-8, not letters. */
export const REASON_BYTES_MAX = 512;

/** Why `text` will not do as a reason; empty if it will. */
export function reasonProblem(text: string, optional = false): string {
  if (text.trim() === "") return optional ? "" : "A reason, please: others will ask.";
  const bytes = new TextEncoder().encode(text.trim()).length;
  return bytes > REASON_BYTES_MAX ? `Shorter, please: ${bytes} of ${REASON_BYTES_MAX} bytes.` : "";
}
