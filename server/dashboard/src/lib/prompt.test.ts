// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { PlanSchema } from "../gen/preseal/plan/v1/plan_pb";
import { FREE_TEXT, answerProblem, questionOf } from "./prompt";

const PLAN = create(PlanSchema, {
  steps: [
    { itemId: "dock", kind: { case: "prompt", value: { text: { en: "Is it docked?", de: "Angedockt?" }, choices: ["Yes", "No"], pattern: "" } } },
    { itemId: "pause", kind: { case: "wait", value: {} } },
  ],
});

describe("questionOf", () => {
  it("finds the choices of the item that asks", () => {
    expect(questionOf(PLAN, "dock").choices).toEqual(["Yes", "No"]);
  });

  it("takes free text where the plan has no such question", () => {
    expect(questionOf(PLAN, "pause")).toBe(FREE_TEXT);
    expect(questionOf(PLAN, "gone")).toBe(FREE_TEXT);
    expect(questionOf(undefined, "dock")).toBe(FREE_TEXT);
  });
});

describe("the question's text", () => {
  it("is in the person's language, by its region or without, else in English", () => {
    expect(questionOf(PLAN, "dock", ["fr", "de-AT"]).text).toBe("Angedockt?");
    expect(questionOf(PLAN, "dock", ["en-GB", "de"]).text).toBe("Is it docked?");
    expect(questionOf(PLAN, "dock", ["fr"]).text).toBe("Is it docked?");
    expect(questionOf(PLAN, "dock").text).toBe("Is it docked?");
  });

  it("is empty where the plan has no such question", () => {
    expect(questionOf(PLAN, "gone", ["de"]).text).toBe("");
  });
});

describe("answerProblem", () => {
  const asset = { text: "", choices: [], pattern: "AS-[0-9]{4}" };

  it("wants the whole answer to match, not a part of it", () => {
    expect(answerProblem(asset, "AS-1234")).toBe("");
    expect(answerProblem(asset, "AS-12345")).not.toBe("");
  });

  it("leaves a pattern this browser cannot read to the server", () => {
    expect(answerProblem({ text: "", choices: [], pattern: "(" }, "x")).toBe("");
  });

  it("wants an answer", () => {
    expect(answerProblem(FREE_TEXT, " ")).toBe("An answer is needed.");
  });
});
