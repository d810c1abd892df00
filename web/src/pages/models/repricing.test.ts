import { expect, test } from "vitest";
import type { RepricingOut } from "@/api/schema";
import { extent, inEarnest, outcome, progress } from "./repricing";

const job = (part: Partial<RepricingOut>) =>
  ({
    id: 3,
    model_id: 4,
    model: "gpt-4o",
    project: null,
    from: "2026-11-03T00:00:00Z",
    to: null,
    dry_run: true,
    state: "done",
    calls_total: 100,
    calls_done: 100,
    calls_changed: 40,
    ...part,
  }) as RepricingOut;

test("a dry run is done in earnest for the same calls", () => {
  expect(inEarnest(job({}))).toEqual({ model_id: 4, from: "2026-11-03T00:00:00Z", dry_run: false });
  expect(inEarnest(job({ model_id: null, from: null }))).toEqual({ all: true, dry_run: false });
});

test("progress never reaches the end before the work does, and is not known without a total", () => {
  expect(progress(job({ state: "running", calls_done: 50 }))).toBe(0.5);
  expect(progress(job({ state: "running", calls_done: 110 }))).toBe(0.99);
  expect(progress(job({ state: "running", calls_total: null }))).toBeNull();
  expect(progress(job({ calls_total: null }))).toBe(1);
});

test("it says which calls it is about, and what came of it", () => {
  expect(extent(job({}))).toBe("calls since 3 Nov");
  expect(extent(job({ project: "shop", to: "2026-11-05T18:15:00Z" }))).toBe("calls of shop from 3 Nov to 5 Nov");
  expect(extent(job({ from: null }))).toBe("all calls");
  expect(outcome(job({}))).toBe("40 of 100 calls would get another cost.");
  expect(outcome(job({ dry_run: false }))).toBe("40 of 100 calls got another cost.");
  expect(outcome(job({ calls_changed: 0 }))).toBe("None of 100 calls would get another cost.");
  expect(outcome(job({ calls_done: 0, calls_changed: 0 }))).toBe("There are no such calls.");
});
