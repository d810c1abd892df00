import { expect, test } from "vitest";
import { bucketView } from "./door";

const starts = ["2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z", "2026-11-24T12:00:00Z"];
const door = { from: "2026-11-24T10:20:00Z", to: "2026-11-24T12:05:00Z" };

test("a bucket leads to its calls, those at the ends to what was counted of them", () => {
  expect(bucketView(starts, 1, "hour", door)).toEqual({
    range: undefined,
    from: "2026-11-24T11:00:00.000Z",
    to: "2026-11-24T12:00:00.000Z",
  });
  expect(bucketView(starts, 0, "hour", door).from).toBe("2026-11-24T10:20:00.000Z");
  expect(bucketView(starts, 2, "hour", door).to).toBe("2026-11-24T12:05:00.000Z");
});

test("a day is as long as the next one is away: clocks change", () => {
  const days = ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"];
  const view = bucketView(days, 0, "day", { from: "2026-10-01T00:00:00Z", to: "2026-11-01T00:00:00Z" });
  expect(view.to).toBe("2026-10-25T23:00:00.000Z");
});
