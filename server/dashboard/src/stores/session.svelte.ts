// SPDX-License-Identifier: Apache-2.0
// Who is at the screen.
import { Code, ConnectError } from "@connectrpc/connect";
import { LoginRequest_Transport, type Principal } from "../gen/preseal/auth/v1/auth_pb";
import { auth, isUnauthenticated, whenSessionEnds } from "../rpc/clients";
import { problemText } from "../rpc/problem";

export type LoginOutcome = "ok" | "new-password-needed" | { problem: string };

class Session {
  state = $state<"asking" | "anonymous" | "known" | "unreachable">("asking");
  principal = $state.raw<Principal | undefined>(undefined);
  problem = $state("");
  /** Set when a session ended by itself, so that the login page can say so. */
  expired = $state(false);

  constructor() {
    whenSessionEnds(() => {
      if (this.state === "known") this.expired = true;
      if (this.state !== "anonymous") this.#forget();
    });
  }

  /** Asks the server who we are. */
  async open(): Promise<void> {
    try {
      this.principal = await auth.whoAmI({});
      this.state = "known";
    } catch (error) {
      if (isUnauthenticated(error)) return this.#forget();
      this.problem = problemText(error);
      this.state = "unreachable";
    }
  }

  async login(username: string, password: string, newPassword: string): Promise<LoginOutcome> {
    try {
      const answer = await auth.login({
        username,
        password,
        newPassword,
        transport: LoginRequest_Transport.COOKIE,
      });
      this.principal = answer.principal ?? (await auth.whoAmI({}));
      this.expired = false;
      this.state = "known";
      return "ok";
    } catch (error) {
      const problem = ConnectError.from(error);
      if (problem.code === Code.FailedPrecondition && newPassword === "") {
        return "new-password-needed";
      }
      if (problem.code === Code.Unauthenticated) {
        return { problem: "User name or password is wrong." };
      }
      return { problem: problemText(error) };
    }
  }

  /** Resolves to why the session could not be ended; then it still stands, and so does the page. */
  async logout(): Promise<string | undefined> {
    try {
      await auth.logout({});
    } catch (error) {
      if (!isUnauthenticated(error)) return problemText(error);
    }
    this.expired = false;
    this.#forget();
    return undefined;
  }

  #forget(): void {
    this.principal = undefined;
    this.state = "anonymous";
  }
}

export const session = new Session();
