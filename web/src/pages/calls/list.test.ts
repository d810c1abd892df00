import { expect, test } from "vitest";
import { barScale, type CallPage, type CallRow, listView, newerText, newerThan, rowsOf } from "./list";

const AT = "2026-11-24T01:00:00.000001Z";
const BEFORE = "2026-11-24T00:00:00Z";

function row(id: number, latency_ms = 1): CallRow {
  return { id, latency_ms, created_at: AT } as CallRow;
}

function page(ids: number[], sorted_among: number | null = null): CallPage {
  return { items: ids.map((id) => row(id)), next_cursor: null, scanned_to: null, sorted_among };
}

test("a list depends on range, filters and order, not on the call that is open beside it", () => {
  const view = { range: "7d", status: ["error" as const], min_cost: 1, call: 17, q: "x", sort: "cost" as const };
  expect(listView(view)).toEqual({ range: "7d", status: ["error"], min_cost: 1, sort: "cost" });
  expect(listView({ sort: "time", call: 17 })).toEqual({});
});

test("in another order than time's a call that is on two pages is one row", () => {
  expect(rowsOf([page([3, 2], 9), page([2, 1], 9)]).map(({ id }) => id)).toEqual([3, 2, 1]);
  expect(rowsOf([page([3]), page([2])]).map(({ id }) => id)).toEqual([3, 2]);
});

test("new are those that the list does not have, also of the same moment as its first", () => {
  const rows = [
    { id: 7, created_at: AT },
    { id: 6, created_at: AT },
    { id: 5, created_at: BEFORE },
  ];
  expect(newerThan([{ id: 9 }, { id: 8 }, { id: 7 }, { id: 6 }], rows)).toBe(2);
  expect(newerThan([{ id: 7 }, { id: 6 }], rows)).toBe(0);
  expect(newerThan([{ id: 1 }], [])).toBe(1);
  expect(newerText({ count: 1, more: false })).toBe("1 new call");
  expect(newerText({ count: 50, more: true })).toBe("More than 50 new calls");
});

test("one very slow call does not make the other bars look alike", () => {
  const items = [...Array.from({ length: 99 }, (_, id) => row(id, 100)), row(99, 60_000)];
  expect(barScale([{ ...page([]), items }])).toBe(100);
  expect(barScale([{ ...page([]), items: [row(1, 40)] }])).toBe(40);
  expect(barScale([{ ...page([]), items: [row(1, 0)] }])).toBe(1);
  expect(barScale([])).toBe(1);
});
