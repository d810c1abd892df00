import { expect, test } from "vitest";
import type { CallSummary } from "@/api/schema";
import { firstArrival } from "./arrival";

/** Newest first, as the API lists them. */
const calls = (...rows: [id: number, key: number | null][]) =>
  rows.map(([id, api_key_id]) => ({ id, api_key_id }) as CallSummary);

test("of a key that is known only its own calls count, the first of them", () => {
  const found = firstArrival(calls([9, 3], [8, 7], [7, 7], [6, 3]), new Set([6]), { id: 7 });
  expect(found?.id).toBe(7);
  expect(firstArrival(calls([9, 3]), new Set(), { id: 7 })).toBeNull();
});

test("of a key that is not known here it is the first that is new", () => {
  expect(firstArrival(calls([9, 3], [8, 5], [6, 3]), new Set([6]), { id: null })?.id).toBe(8);
  expect(firstArrival(calls([6, 3]), new Set([6]), { id: null })).toBeNull();
});

test("without a key anything counts on a server that was empty, and nothing on another", () => {
  expect(firstArrival(calls([1, null]), new Set(), null)?.id).toBe(1);
  expect(firstArrival(calls([2, null], [1, null]), new Set([1]), null)).toBeNull();
});
