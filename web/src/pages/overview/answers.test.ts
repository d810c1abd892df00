import { expect, test } from "vitest";
import type { Cost, FeedbackSummary, Latency, TokenPoint } from "@/api/schema";
import { kindName, modelRows, outcomes, ratingExact, tokenKinds } from "./answers";

function tokens(of: Partial<TokenPoint>): TokenPoint {
  const none = { prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
  return { start: "2026-11-24T00:00:00Z", calls: 1, total_tokens: 0, ...none, ...of };
}

test("each token is of one kind, and all of them add up", () => {
  const series = tokenKinds([
    tokens({
      prompt_tokens: 100,
      cached_tokens: 60,
      cache_write_tokens: 10,
      completion_tokens: 50,
      reasoning_tokens: 20,
    }),
    tokens({ prompt_tokens: 7 }),
  ]);
  expect(series.map(({ name, values }) => [name, ...values])).toEqual([
    ["prompt, uncached", 30, 7],
    ["prompt, cached", 60, 0],
    ["prompt, cache write", 10, 0],
    ["completion, answer", 30, 0],
    ["completion, reasoning", 20, 0],
  ]);
});

test("kinds that there are none of are not told apart", () => {
  const names = tokenKinds([tokens({ prompt_tokens: 5, completion_tokens: 2 })]).map(({ name }) => name);
  expect(names).toEqual(["prompt", "completion"]);
  expect(tokenKinds([]).map(({ name }) => name)).toEqual(["prompt", "completion"]);
});

test("calls are those that went well and those that did not", () => {
  const series = outcomes([{ start: "", calls: 10, errors: 3, error_rate: 0.3 }]);
  expect(series.map(({ values }) => values[0])).toEqual([3, 7]);
});

const row = { calls: 4, errors: 1, total_tokens: 9, cost: 0.5, unpriced_calls: 0, average_cost: 0.1 };
const cost = {
  by_model: [
    { ...row, name: "gpt-4o", provider: "openai" },
    { ...row, name: "gpt-4o", provider: "azure", calls: 0, errors: 0 },
  ],
} as Cost;

test("a model's figures come from three answers, each by name and provider", () => {
  const latency = { groups: [{ name: "gpt-4o", provider: "azure", p95: 70 }] } as Latency;
  const feedback = {
    by_model: [{ model: "gpt-4o", provider: "openai", ratings: 2, average_rating: 4.5 }],
  } as FeedbackSummary;
  const [first, second] = modelRows(cost, latency, feedback);
  expect(first).toMatchObject({
    label: "gpt-4o (openai)",
    error_rate: 0.25,
    p95: null,
    ratings: 2,
    average_rating: 4.5,
  });
  expect(second).toMatchObject({ label: "gpt-4o (azure)", error_rate: 0, p95: 70, ratings: 0, average_rating: null });
});

test("what has not come yet is not known", () => {
  expect(modelRows(cost, undefined, undefined)[0]).toMatchObject({ p95: null, average_rating: null, cost: 0.5 });
});

test("ratings and kinds of error are said in words", () => {
  expect(ratingExact(4.214285, 14)).toBe("4.2143 of 5, from 14 ratings");
  expect(ratingExact(5, 1)).toBe("5 of 5, from 1 rating");
  expect(kindName("rate_limit")).toBe("rate limit");
});
