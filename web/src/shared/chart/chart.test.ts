import { expect, test } from "vitest";
import { bucketName, fillingBucket, tickLabels } from "./buckets";
import { stacked, toCsv } from "./series";

const slots = (names: string[]) => new Map(names.map((name, at) => [name, at]));
const group = (name: string, ...values: number[]) => ({ name, points: values.map((cost) => ({ cost })) });

test("the six largest are told apart, the rest is other", () => {
  const groups = [1, 2, 3, 4, 5, 6, 7, 8].map((size) => group(`m${size}`, size, size));
  const series = stacked(groups, (point) => point.cost, slots);
  expect(series.map(({ name }) => name)).toEqual(["m8", "m7", "m6", "m5", "m4", "m3", "other"]);
  expect(series.at(-1)).toEqual({ name: "other", values: [3, 3], color: "other" });
});

test("a seventh is named, not called other; who has nothing is left out", () => {
  const groups = [0, 1, 2, 3, 4, 5, 6, 7].map((size) => group(`m${size}`, size));
  expect(stacked(groups, (point) => point.cost, slots).map(({ name }) => name)).toEqual([
    "m7",
    "m6",
    "m5",
    "m4",
    "m3",
    "m2",
    "m1",
  ]);
});

test("what the API did not tell apart is other, however much it is", () => {
  const groups = [group("(other)", 9), ...[1, 2, 3, 4, 5, 6].map((size) => group(`m${size}`, size))];
  const series = stacked(groups, (point) => point.cost, slots);
  expect(series.at(-1)).toEqual({ name: "other", values: [9], color: "other" });
  expect(series).toHaveLength(7);
});

test("two of one name have their providers beside it", () => {
  const groups = [
    { ...group("gpt-4o", 1), provider: "openai" },
    { ...group("gpt-4o", 2), provider: "azure" },
  ];
  expect(stacked(groups, (point) => point.cost, slots).map(({ name }) => name)).toEqual([
    "gpt-4o (azure)",
    "gpt-4o (openai)",
  ]);
});

test("a table as CSV keeps commas apart and runs no formula", () => {
  const series = [
    { name: '=1+"a"', values: [1, null], color: 0 },
    { name: "a,b", values: [0.5, 2], color: 1 },
  ];
  expect(toCsv(["2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"], series)).toBe(
    `start,"'=1+""a""","a,b"\n2026-11-24T00:00:00Z,1,0.5\n2026-11-25T00:00:00Z,,2\n`,
  );
});

test("labels stand on round times of the viewer, with the date at midnight", () => {
  const starts = Array.from({ length: 24 }, (_, hour) => new Date(Date.UTC(2026, 10, 23, 8 + hour, 15)).toISOString());
  const labels = tickLabels(starts, "hour", 8).filter((label) => label !== null);
  expect(labels).toEqual(["15:00", "18:00", "21:00", "24 Nov", "03:00", "06:00", "09:00", "12:00"]);
  expect(bucketName("2026-11-24T08:15:00Z", "hour")).toBe("24 Nov, 14:00 – 15:00");
});

test("the last bucket fills until its time is over", () => {
  const starts = ["2026-11-24T07:00:00Z", "2026-11-24T08:00:00Z"];
  expect(fillingBucket(starts, "hour", Date.parse("2026-11-24T08:59:59Z"))).toBe(1);
  expect(fillingBucket(starts, "hour", Date.parse("2026-11-24T09:00:00Z"))).toBe(-1);
  expect(fillingBucket([], "hour")).toBe(-1);
});
