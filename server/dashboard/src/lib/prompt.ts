// SPDX-License-Identifier: Apache-2.0
// What an item asks for. Its text comes with the item; choices and the pattern stand in the plan. Pure.
import type { Plan } from "../gen/preseal/plan/v1/plan_pb";

export interface Question {
  choices: readonly string[]; // empty: free text
  pattern: string; // the whole answer must match; empty: anything
}

export const FREE_TEXT: Question = { choices: [], pattern: "" };

/** Free text if the plan does not know the item any more: the server judges every answer. */
export function questionOf(plan: Plan | undefined, itemId: string): Question {
  const step = plan?.steps.find((each) => each.itemId === itemId);
  if (step?.kind.case !== "prompt") return FREE_TEXT;
  return { choices: step.kind.value.choices, pattern: step.kind.value.pattern };
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
