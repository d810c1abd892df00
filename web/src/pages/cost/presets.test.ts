import { expect, test } from "vitest";
import type { CostRowOut, ModelOut } from "@/api/schema";
import { cheaper, inUse } from "./presets";

const row = (name: string, provider: string | null, cost: number, unpriced_calls = 0) =>
  ({ name, provider, cost, calls: 10, unpriced_calls }) as CostRowOut;
const model = (name: string, input: number, part: Partial<ModelOut> = {}) =>
  ({
    name,
    provider: "openai",
    enabled: true,
    cost_per_1k_tokens: null,
    prices: [{ input, output: input * 4, valid_from: null, valid_to: null }],
    ...part,
  }) as ModelOut;

test("in use are the priced models, dearest first", () => {
  const rows = [row("a", "x", 1), row("b", "x", 3), row("without a price", "x", 0, 10), row("(other)", null, 9)];
  expect(inUse(rows)).toEqual(["x/b", "x/a"]);
});

test("cheaper ones are of the same provider and family, the newest generation first", () => {
  const catalogue = [
    model("gpt-6.1-sol", 5),
    model("gpt-6.1-mini", 1),
    model("gpt-4o", 2.5),
    model("gpt-7-max", 50),
    model("gpt-4o-2024-08-06", 2.5),
    model("o4-mini", 1.1),
    model("gpt-6-off", 1, { enabled: false }),
    model("gpt-6-elsewhere", 1, { provider: "azure" }),
    model("gpt-6-unpriced", 1, { prices: [] }),
    model("text-embedding-3", 0.1),
  ];
  expect(cheaper([row("gpt-6.1-sol", "openai", 9)], catalogue, 0.8)).toEqual([
    "openai/gpt-6.1-mini",
    "openai/gpt-4o",
    "openai/o4-mini",
  ]);
});

test("of several dear models each has its turn, and none is named twice", () => {
  const catalogue = [model("gpt-6", 5), model("gpt-5", 3), model("gpt-4", 1)];
  expect(cheaper([row("gpt-6", "openai", 9), row("gpt-5", "openai", 8)], catalogue, 0.5)).toEqual([
    "openai/gpt-5",
    "openai/gpt-4",
  ]);
});
