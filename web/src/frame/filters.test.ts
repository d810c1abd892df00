import { expect, test } from "vitest";
import { chipsOf, choicesOf, FIELDS, type Field } from "./filters";

const field = (key: string) => FIELDS.find((one) => one.key === key) as Field;
const values = [
  { value: "ann", label: "ann", count: 7 },
  { value: "bob", label: "bob", count: 2 },
];
const offered = (of: Field, chosen: string[], typed: string) =>
  choicesOf(of, values, chosen, typed).map(({ value, typed }) => (typed ? `=${value}` : value));

test("a menu offers what there is, what is chosen and not there, and what was typed as it is", () => {
  expect(offered(field("end_user"), [], "")).toEqual(["ann", "bob"]);
  expect(offered(field("end_user"), ["eve"], "")).toEqual(["eve", "ann", "bob"]);
  expect(offered(field("end_user"), ["eve"], "an")).toEqual(["ann", "bob", "=an"]);
  expect(offered(field("end_user"), [], "ann")).toEqual(["ann", "bob"]);
  expect(offered(field("model"), [], "gpt")).toEqual(["ann", "bob"]);
});

test("of a field with few values all are offered, also those that no call has", () => {
  const found = choicesOf(field("status"), [{ value: "error", label: "error", count: 3 }], ["error"], "");
  expect(found).toEqual([
    { value: "success", label: "success" },
    { value: "error", label: "error", count: 3 },
    { value: "timeout", label: "timeout" },
  ]);
});

test("a chip says what is filtered, in words", () => {
  const chips = chipsOf({ model: ["a", "b"], api_key_id: 3, name: "answer", min_latency_ms: 1500, cache_hit: false });
  expect(chips.map(({ label, value }) => `${label}: ${value}`)).toEqual([
    "Model: a",
    "Model: b",
    "Name: answer",
    "API key: number 3",
    "Latency at least: 1.50\u00a0s",
    "From the cache: no",
  ]);
  expect(chips[0]?.without).toEqual({ model: ["b"] });
});
