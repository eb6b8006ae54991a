// SPDX-License-Identifier: Apache-2.0

/** kPasswordBytesMin and kPasswordBytesMax of the server, which decides; UTF-8 bytes. */
export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 256;

/** Why this cannot be the new password; empty if it can. */
export function newPasswordProblem(wanted: string, repeated: string, old: string): string {
  const bytes = new TextEncoder().encode(wanted).length;
  if (bytes < PASSWORD_MIN) return `At least ${PASSWORD_MIN} characters, please.`;
  if (bytes > PASSWORD_MAX) return `At most ${PASSWORD_MAX} bytes, please.`;
  if (wanted === old) return "The one-time password cannot be the new one.";
  if (wanted !== repeated) return "The two do not match.";
  return "";
}
