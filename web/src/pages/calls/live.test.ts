import { expect, test } from "vitest";
import type { CallRow } from "./list";
import {
  canBeLive,
  EMPTY,
  lastKnown,
  MOST_SHOWN,
  MOST_WAITING,
  missed,
  received,
  released,
  streamAddress,
  withTail,
} from "./live";

const rows = (...ids: number[]) => ids.map((id) => ({ id }) as CallRow);
const ids = (of: readonly CallRow[]) => of.map(({ id }) => id);

test("what comes stands above the list, the last first, and each call once", () => {
  const tail = received(received(EMPTY, rows(8, 9), false), rows(9, 10), false);
  expect(ids(withTail(tail, rows(8, 7, 6)))).toEqual([10, 9, 8, 7, 6]);
  expect(received(tail, rows(10), false)).toBe(tail);
  expect(lastKnown(tail, rows(8, 7))).toBe(10);
  expect(lastKnown(EMPTY, [])).toBeUndefined();
});

test("while one looks at the rows, new ones wait and move nothing", () => {
  const held = received(received(EMPTY, rows(8), false), rows(9, 10), true);
  expect(ids(withTail(held, rows(7)))).toEqual([8, 7]);
  expect(ids(held.waiting)).toEqual([10, 9]);
  const after = released(held);
  expect(ids(withTail(after, rows(7)))).toEqual([10, 9, 8, 7]);
  expect(after.waiting).toEqual([]);
});

test("a page that is left open does not grow without end, and says what it left out", () => {
  const many = rows(...Array.from({ length: MOST_WAITING + 5 }, (_, id) => id + 1));
  const held = received(EMPTY, many, true);
  expect([held.waiting.length, held.leftOut, held.waiting[0]?.id]).toEqual([MOST_WAITING, 5, MOST_WAITING + 5]);
  let tail = missed(held, 7);
  for (let start = 10_000; start < 10_000 + 4 * MOST_SHOWN; start += MOST_WAITING) {
    tail = received(tail, rows(...Array.from({ length: MOST_WAITING }, (_, id) => start + id)), false);
  }
  expect(tail.shown.length).toBe(MOST_SHOWN);
  expect(tail.leftOut).toBe(12 + MOST_WAITING + 3 * MOST_SHOWN - MOST_WAITING + MOST_WAITING);
});

test("the stream has the filters of the list and begins behind what is known", () => {
  const address = new URL(streamAddress({ range: "24h", status: ["error"], tag: "a b" }, 17), "http://localhost");
  expect(address.pathname).toBe("/llm/calls/stream");
  expect(Object.fromEntries(address.searchParams)).toMatchObject({
    days: "1",
    status: "error",
    tag: "a b",
    after: "17",
  });
});

test("a range that is over and another order have no live tail", () => {
  expect(canBeLive({ range: "24h" })).toBe(true);
  expect(canBeLive({ range: "24h", sort: "cost" })).toBe(false);
  expect(canBeLive({ from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" })).toBe(false);
});
