import { expect, test } from "vitest";
import { COLUMNS, DEFAULT_KEYS, fitting, template } from "./columns";

const keys = (chosen: readonly string[], width: number) => fitting(chosen, width).map(({ key }) => key);

test("with room enough all chosen columns are there, in their own order", () => {
  expect(keys(DEFAULT_KEYS, 1200)).toEqual(["time", "model", "status", "text", "latency", "tokens", "cost", "rating"]);
  expect(keys(["cost", "time"], 1200)).toEqual(["time", "text", "cost"]);
});

test("with less room the least important go first, and the text never", () => {
  expect(keys(DEFAULT_KEYS, 712)).toEqual(["time", "model", "status", "text", "latency"]);
  expect(keys(DEFAULT_KEYS, 329)).toEqual(["time", "status", "text", "latency"]);
  expect(keys(DEFAULT_KEYS, 60)).toEqual(["text"]);
  expect(keys([], 1200)).toEqual(["text"]);
});

test("what was chosen besides has its place after what is there at first", () => {
  const all = COLUMNS.map(({ key }) => key);
  expect(keys(all, 4000)).toEqual(all);
  expect(keys(all, 1200)).not.toContain("trace_id");
});

test("one column takes the room that is left", () => {
  expect(template(fitting(["time"], 1200), false)).toBe("112px minmax(0, 1fr)");
  expect(template(fitting(["time"], 400), true)).toBe("60px minmax(0, 1fr)");
});
