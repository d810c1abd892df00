import { expect, test } from "vitest";
import { rangeParams, readRange, refreshEvery, timeToType, typedTime } from "./range";

const NOW = new Date("2026-11-24T08:17:31Z"); // 14:02:31 in Kathmandu

test("a named range ends now", () => {
  const range = readRange({ range: "7d" }, NOW);
  expect(range.label).toBe("Last 7 days");
  expect(range.to).toEqual(NOW);
  expect(rangeParams({ range: "7d" })).toEqual({ days: 7 });
});

test("without a range, and with one that is none, it is the last day", () => {
  expect(readRange({}, NOW).minutes).toBe(1440);
  expect(readRange({ range: "soon" }, NOW).minutes).toBe(1440);
  expect(readRange({ from: "2026-11-02", to: "2026-11-01" }, NOW).minutes).toBe(1440);
});

test("a range with ends of its own is not asked for again once it is over", () => {
  const view = { from: "2026-11-01T00:00:00.000Z", to: "2026-11-02T00:00:00.000Z" };
  expect(rangeParams(view)).toEqual(view);
  expect(refreshEvery(view)).toBe(false);
  expect(refreshEvery({ range: "15m" })).toBe(10_000);
});

test.each([
  ["now", "2026-11-24T08:17:31.000Z"],
  ["today", "2026-11-23T18:15:00.000Z"],
  ["yesterday", "2026-11-22T18:15:00.000Z"],
  ["3h ago", "2026-11-24T05:17:31.000Z"],
  ["-30m", "2026-11-24T07:47:31.000Z"],
  ["2 d", "2026-11-22T08:17:31.000Z"],
  ["13:45", "2026-11-24T08:00:00.000Z"],
  ["2026-11-20", "2026-11-19T18:15:00.000Z"],
  ["2026-11-20 14:00", "2026-11-20T08:15:00.000Z"],
  ["2026-11-20T14:00:00Z", "2026-11-20T14:00:00.000Z"],
])("a typed %s", (text, iso) => expect(typedTime(text, NOW)?.toISOString()).toBe(iso));

test.each(["", "soon", "2026-02-30", "25:00", "2026-13-01"])("a typed %j is no time", (text) =>
  expect(typedTime(text, NOW)).toBeNull(),
);

test("a time is written as it is read", () =>
  expect(typedTime(timeToType(NOW), NOW)).toEqual(new Date("2026-11-24T08:17:00Z")));
