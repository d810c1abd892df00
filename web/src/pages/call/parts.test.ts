import { expect, test } from "vitest";
import type { CallOut } from "@/api/schema";
import { costParts, pricePerMillion, tokenParts, tokensPerSecond } from "./parts";

function callOf(part: Partial<CallOut>): CallOut {
  return {
    prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0,
    latency_ms: 0, time_to_first_token_ms: null, cost_breakdown: null, cache_hit: false, ...part,
  } as CallOut; // biome-ignore format: a list
}

test("each token is in one part", () => {
  const call = callOf({
    prompt_tokens: 1000, cached_tokens: 600, cache_write_tokens: 100, completion_tokens: 90, reasoning_tokens: 40,
  }); // biome-ignore format: a list
  const parts = tokenParts(call).map(({ label, tokens }) => [label, tokens]);
  expect(parts).toEqual([
    ["prompt", 300],
    ["prompt, cached", 600],
    ["prompt, cache write", 100],
    ["reasoning", 40],
    ["answer", 50],
  ]);
});

test("parts that claim more than the whole are cut to it", () => {
  const call = callOf({ prompt_tokens: 10, cached_tokens: 25, completion_tokens: 3, reasoning_tokens: 9 });
  expect(tokenParts(call).reduce((sum, { tokens }) => sum + tokens, 0)).toBe(13);
});

test("cost has the parts that were paid for or had tokens, with what a million would cost", () => {
  const cost_breakdown = { input: 0.0000585, cached_input: 0, cache_write: 0, output: 0.00006, other: 0 };
  const parts = costParts(callOf({ prompt_tokens: 390, completion_tokens: 100, cost_breakdown }));
  expect(parts.map(({ label }) => label)).toEqual(["prompt", "completion"]);
  expect(parts[0]?.perMillion).toBeCloseTo(0.15);
  expect(costParts(callOf({}))).toEqual([]);
});

test("prices have at least cents", () => {
  expect(pricePerMillion(2.5)).toBe("$2.50");
  expect(pricePerMillion(0.0750001)).toBe("$0.075");
  expect(pricePerMillion(0)).toBe("$0.00");
});

test("tokens a second count from the first token on", () => {
  expect(tokensPerSecond(callOf({ completion_tokens: 100, latency_ms: 1500, time_to_first_token_ms: 500 }))).toBe(100);
  expect(tokensPerSecond(callOf({ completion_tokens: 100 }))).toBeNull();
  expect(tokensPerSecond(callOf({ latency_ms: 100 }))).toBeNull();
});
