import { describe, expect, test } from "vitest";
import type { ModelOut, PriceOut } from "@/api/schema";
import {
  type Amount,
  fitting,
  KINDS,
  NO_AMOUNT,
  NO_PRICE,
  named,
  priceNow,
  rate,
  readAmount,
  readPrice,
  readPricedAs,
  standing,
  times,
  typed,
} from "./prices";

const NOW = new Date("2026-11-24T12:00:00Z");
const NONE = Object.fromEntries(KINDS.map(({ key }) => [key, null])) as Record<Amount, null>;
const price = (valid_from: string | null, input = 1, part: Partial<PriceOut> = {}): PriceOut => ({
  ...NONE,
  id: null,
  valid_from,
  valid_to: null,
  price_source: "override",
  source: "contract",
  input,
  output: 2,
  ...part,
});
const model = (part: Partial<ModelOut>): ModelOut => ({
  id: 1,
  name: "gpt-4o",
  provider: "openai",
  cost_per_1k_tokens: null,
  cost_per_1k_tokens_from: null,
  priced_as: null,
  enabled: true,
  prices: [],
  ...part,
});

describe("what a model costs now", () => {
  test("is the flat rate, if there is one", () => {
    const found = priceNow(model({ cost_per_1k_tokens: 0.03, prices: [price(null)] }), NOW);
    expect(found).toEqual({ kind: "flat", per1k: 0.03 });
  });
  test("else the price that came into force last, and none that is still to come", () => {
    const prices = [price("2026-01-01T00:00:00Z", 3), price(null, 2), price("2026-06-01T00:00:00Z", 4)];
    const later = price("2027-01-01T00:00:00Z", 9);
    expect(priceNow(model({ prices: [...prices, later] }), NOW)).toMatchObject({ price: { input: 4 } });
  });
  test("else it is not known", () => {
    expect(priceNow(model({}), NOW).kind).toBe("none");
    expect(priceNow(model({ prices: [price("2027-01-01T00:00:00Z")] }), NOW).kind).toBe("none");
  });
});

test.each([
  [2.5, "$2.50"],
  [10, "$10.00"],
  [0.075, "$0.075"],
  [0.000125, "$0.000125"],
  [0, "$0.00"],
  [1250, "$1,250.00"],
])("a price of %d is written %s", (dollars, text) => expect(rate(dollars)).toBe(text));

describe("what is shown", () => {
  const models = [
    model({ id: 1, prices: [price(null, 1, { price_source: "catalogue" })] }),
    model({ id: 2, name: "our-llama", provider: "vllm", enabled: false }),
    model({ id: 3, name: "claude", provider: "anthropic", cost_per_1k_tokens: 1 }),
  ];
  const ids = (wanted: Parameters<typeof fitting>[1]) => fitting(models, wanted, NOW).map(({ id }) => id);
  test("all, if nothing narrows it", () => expect(ids({})).toEqual([1, 2, 3]));
  test("by words in name and provider, in any order", () => {
    expect(ids({ q: "OpenAI gpt" })).toEqual([1]);
    expect(ids({ q: "gpt vllm" })).toEqual([]);
  });
  test("those without a price, switched off, priced by an admin", () => {
    expect(ids({ shown: "no_price" })).toEqual([2]);
    expect(ids({ shown: "off" })).toEqual([2]);
    expect(ids({ shown: "own" })).toEqual([3]);
  });
});

test("a model is found by its name, and by its provider where two have the name", () => {
  const two = [model({ id: 1 }), model({ id: 2, provider: "azure" })];
  expect(named(two, "gpt-4o")?.id).toBe(1);
  expect(named(two, "gpt-4o", "azure")?.id).toBe(2);
  expect(named(two, "gpt-4o", "elsewhere")?.id).toBe(1);
  expect(named(two, "gpt")).toBeUndefined();
});

test.each([
  ["", null],
  ["2.5", 2.5],
  ["$2.5", 2.5],
  [".5", 0.5],
  ["0", 0],
  ["2,5", undefined],
  ["-1", undefined],
  ["1e3", undefined],
  ["free", undefined],
])("“%s” is %s dollars", (text, amount) => expect(readAmount(text)).toBe(amount));

describe("a new price", () => {
  test("needs what goes in and what comes out, and leaves out what is empty", () => {
    expect(readPrice({ ...NO_PRICE, input: "2.5", output: "10" })).toEqual({ price: { input: 2.5, output: 10 } });
    expect(readPrice({ ...NO_PRICE, input: "2.5" })).toHaveProperty("faults.output");
  });
  test("has its time in UTC", () => {
    const form = { ...NO_PRICE, input: "1", output: "2", valid_from: "2026-12-01T00:00", source: " contract " };
    // Midnight in Kathmandu, where these tests are run.
    expect(readPrice(form)).toEqual({
      price: { input: 1, output: 2, valid_from: "2026-11-30T18:15:00.000Z", source: "contract" },
    });
  });
  test("says which amount it cannot read", () => {
    expect(readPrice({ ...NO_PRICE, input: "1", output: "2", cached_input: "cheap" })).toEqual({
      faults: { cached_input: NO_AMOUNT },
    });
  });
});

test("a price held, holds or will hold", () => {
  const { valid_from, valid_to } = price("2026-01-01T00:00:00Z", 1, { valid_to: "2026-06-01T00:00:00Z" });
  expect(standing({ valid_from, valid_to }, NOW)).toBe("past");
  expect(standing({ valid_from, valid_to: null }, NOW)).toBe("now");
  expect(standing({ valid_from: "2027-01-01T00:00:00Z", valid_to: null }, NOW)).toBe("future");
});

test("some prices hold at certain hours alone", () => {
  expect(times({ hours: ["00:30-16:30"], weekdays: null })).toBe("00:30–16:30 UTC");
  expect(times({ hours: null, weekdays: [6, 7] })).toBe("UTC on Sat, Sun");
  expect(times({ hours: null, weekdays: null })).toBe("");
});

test("a price that is to be corrected is read as it was typed", () => {
  const before = price("2026-11-30T18:15:00Z", 2.5, { cached_input: 1e-7, valid_to: "2027-11-30T18:15:00Z" });
  expect(typed(before)).toMatchObject({ input: "2.5", cached_input: "0.0000001", reasoning: "" });
  expect(readPrice(typed(before))).toEqual({
    price: {
      input: 2.5,
      cached_input: 1e-7,
      output: 2,
      valid_from: "2026-11-30T18:15:00.000Z",
      valid_to: "2027-11-30T18:15:00.000Z",
      source: "contract",
    },
  });
});

test.each([
  ["openai/gpt-4o", { provider: "openai", model: "gpt-4o" }],
  [" openrouter / meta/llama-4 ", { provider: "openrouter", model: "meta/llama-4" }],
  ["gpt-4o", null],
  ["openai/", null],
])("“%s” names a model of the price book", (text, found) => expect(readPricedAs(text)).toEqual(found));
