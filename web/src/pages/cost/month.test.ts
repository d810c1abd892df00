import { expect, test } from "vitest";
import type { Forecast } from "@/api/schema";
import { course, monthName } from "./month";

const day = (kind: "actual" | "forecast", so_far: number, cost: number | null) => ({
  start: "2026-11-01T00:00:00Z",
  kind,
  so_far,
  cost,
});
const month = (part: Partial<Forecast>) =>
  ({
    days: [day("actual", 2, 2), day("actual", 1, 1), day("forecast", 0.5, 2), day("forecast", 0, 2)],
    forecast: 7,
    low: 6,
    high: 9,
    ...part,
  }) as Forecast;

test("the month's cost is summed up: what was spent until today, and what is to come from the last whole day on", () => {
  const [spent, coming, low, high] = course(month({})).map(({ values }) => values);
  expect(spent).toEqual([2, 3, 3.5, null]);
  expect(coming).toEqual([null, 3, 5, 7]);
  expect([low?.at(-1), high?.at(-1)]).toEqual([6, 9]);
  expect([low?.[1], high?.[1]]).toEqual([3, 3]);
});

test("no bound is below what is spent", () => {
  const low = course(month({ low: 3.5 }))[2]?.values;
  expect(low).toEqual([null, 3, 3.5, 3.5]);
});

test("without a forecast there is what was spent", () => {
  const unknown = [day("actual", 2, 2), day("forecast", 1, null)];
  const series = course(month({ days: unknown, forecast: null, low: null, high: null }));
  expect(series.map(({ values }) => values)).toEqual([[2, 3]]);
});

test("a month is named in the viewer's zone", () => {
  expect(monthName({ month_start: "2026-10-31T18:15:00Z" })).toBe("November");
});
