import { expect, test } from "vitest";
import type { FiltersOut, ViewOut } from "@/api/schema";
import { shownView, viewOf } from "./views";

const saved = (id: number, filters: Partial<FiltersOut>) =>
  ({ id, filters: { range: null, model: null, violation: null, ...filters } }) as ViewOut;

test("a view leads to its filters and to nothing else", () => {
  expect(viewOf(saved(1, { range: "7d", model: ["a"], violation: false }).filters)).toEqual({
    range: "7d",
    model: ["a"],
    violation: false,
  });
});

test("the view that is shown is found by its filters, in whatever order, whichever call is open beside", () => {
  const views = [saved(1, { range: "7d" }), saved(2, { model: ["a"], range: "7d", sort: "time" })];
  expect(shownView(views, { range: "7d", model: ["a"], call: 17 })?.id).toBe(2);
  expect(shownView(views, { range: "7d" })?.id).toBe(1);
  expect(shownView(views, { range: "24h" })).toBeUndefined();
});
