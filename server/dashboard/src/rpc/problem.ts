// SPDX-License-Identifier: Apache-2.0
// What went wrong, in a sentence for a person.
import { Code, ConnectError } from "@connectrpc/connect";

export function problemText(error: unknown): string {
  const problem = ConnectError.from(error);
  const said = sentence(problem.rawMessage);
  switch (problem.code) {
    case Code.Unavailable:
      return said === "" ? "The server is not ready. Try again in a moment." : said;
    case Code.DeadlineExceeded:
      return "The server did not answer in time. Try again.";
    case Code.PermissionDenied:
      return said === "" ? "Your role does not allow this." : said;
    case Code.Unknown:
    case Code.Internal:
      // fetch() itself failed: no server, no network, or a certificate that is not trusted.
      return /fetch|network|load failed/i.test(problem.rawMessage)
        ? "The server cannot be reached."
        : said || "Something went wrong on the server.";
    default:
      return said || `The server refused (${Code[problem.code] ?? problem.code}).`;
  }
}

/** Status messages are lower case without a full stop; people read sentences. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
