// SPDX-License-Identifier: Apache-2.0
// What an item asks for: its text, choices and pattern stand in the plan. Pure.
import type { Plan } from "../gen/preseal/plan/v1/plan_pb";

export interface Question {
  text: string; // empty: the plan does not know it
  choices: readonly string[]; // empty: free text
  pattern: string; // the whole answer must match; empty: anything
}

export const FREE_TEXT: Question = { text: "", choices: [], pattern: "" };

/** Free text if the plan does not know the item any more: the server judges every answer. */
export function questionOf(plan: Plan | undefined, itemId: string, languages: readonly string[] = []): Question {
  const step = plan?.steps.find((each) => each.itemId === itemId);
  if (step?.kind.case !== "prompt") return FREE_TEXT;
  const { text, choices, pattern } = step.kind.value;
  return { text: textIn(text, languages), choices, pattern };
}

/** In the first language there is, by its region ("de-AT") or without ("de"); English is always there. */
function textIn(text: Record<string, string>, languages: readonly string[]): string {
  const wanted = languages.flatMap((each) => [each, each.split("-")[0] ?? each]);
  const found = [...wanted, "en"].find((each) => text[each] !== undefined);
  return found === undefined ? "" : (text[found] ?? "");
}

/** Why an answer would be refused; empty if it would not, or if only the server can tell. */
export function answerProblem(question: Question, answer: string): string {
  if (answer.trim() === "") return "An answer is needed.";
  if (question.pattern === "") return "";
  try {
    return new RegExp(`^(?:${question.pattern})$`).test(answer) ? "" : `It must look like ${question.pattern}`;
  } catch {
    return "";
  }
}
