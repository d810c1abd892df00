import { describe, expect, test } from "vitest";
import type { Part, WhyCost } from "@/api/schema";
import { nameOf, scale, signed, steps, story } from "./why";

const part = (factor: Part["factor"], amount: number): Part => ({ factor, amount, models: [], projects: [] });

function why(previous_cost: number, ...parts: Part[]): WhyCost {
  const difference = parts.reduce((sum, { amount }) => sum + amount, 0);
  return { previous_cost, cost: previous_cost + difference, difference, parts } as WhyCost;
}

describe("the story", () => {
  test("says how much, what for, and what went against it", () => {
    const found = why(10, part("volume", 4), part("mix", -1), part("prompt_tokens", 2), part("unit_price", 0.01));
    expect(story(found)).toBe(
      "$5.01 more than in the window before (+50.1\u00a0%). Mostly: more calls (+$4.00) and longer prompts (+$2.00). " +
        "Against it: cheaper models (−$1.00).",
    );
  });
  test("of a cost that fell is about what took it down", () => {
    expect(story(why(10, part("volume", -5)))).toBe(
      "$5.00 less than in the window before (−50.0\u00a0%). Mostly: fewer calls (−$5.00).",
    );
  });
  test("knows no percentage of nothing, and no change where there is none", () => {
    expect(story(why(0, part("volume", 2)))).toBe("$2.00 more than in the window before. Mostly: more calls (+$2.00).");
    expect(story(why(10, part("volume", 0)))).toBe("As much as in the window before.");
    expect(story(why(0, part("volume", 0)))).toBe("As much as in the window before.");
  });
});

test("each factor has its words for more, for less and for none", () => {
  const found = why(10, part("cached_share", 1), part("cached_share", -1), part("cached_share", 0.000001));
  expect(found.parts.map((one) => nameOf(one, found))).toEqual([
    "Caches saved less",
    "Caches saved more",
    "Caches saved as much",
  ]);
  expect([1, -1, 0].map(signed)).toEqual(["+$1.00", "−$1.00", "$0.00"]);
});

test("the steps lead from the cost before to the cost now", () => {
  const found = why(10, part("volume", 4), part("mix", -1));
  expect(steps(found).map(({ from, to }) => [from, to])).toEqual([
    [10, 14],
    [14, 13],
  ]);
});

test("small steps between large sums are looked at from near", () => {
  const { low, high } = scale(why(1000, part("volume", 4), part("mix", -1)));
  expect(low).toBeGreaterThan(990);
  expect(high).toBe(1004);
  expect(scale(why(1, part("volume", 4))).low).toBe(0);
});
