// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { GrowingPages } from "./pages";

test("follows a list that grows on its last page without repeating a row", () => {
  const pages = new GrowingPages<number>(100);
  expect(pages.take([1, 2], "p2")).toBe(true);
  expect(pages.take([3], "")).toBe(false);
  expect(pages.token).toBe("p2");
  pages.take([3, 4], "p3"); // the last page has filled up
  pages.take([5], "");
  expect(pages.rows()).toEqual([1, 2, 3, 4, 5]);
});

test("follows a list that fits one page", () => {
  const pages = new GrowingPages<number>(100);
  pages.take([], "");
  pages.take([1], "");
  pages.take([1, 2], "");
  expect(pages.rows()).toEqual([1, 2]);
  expect(pages.token).toBe("");
});

test("drops the oldest pages over its limit and says how many rows", () => {
  const pages = new GrowingPages<number>(3);
  pages.take([1, 2], "b");
  pages.take([3, 4], "c");
  pages.take([5], "");
  expect(pages.rows()).toEqual([3, 4, 5]);
  expect(pages.dropped).toBe(2);
});
