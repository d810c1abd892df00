import { expect, test } from "vitest";
import { parseSearch, readView, stringifySearch } from "./search";

test("an address is read, and written as it was", () => {
  const text = "?range=7d&project=shop&model=gpt-4o&model=o3&status=error&min_cost=0.5&unpriced=true&call=17";
  const view = readView(parseSearch(text));
  expect(view).toEqual({
    range: "7d",
    project: "shop",
    model: ["gpt-4o", "o3"],
    status: ["error"],
    min_cost: 0.5,
    unpriced: true,
    call: 17,
  });
  expect(readView(parseSearch(stringifySearch({ ...view })))).toEqual(view);
});

test("what cannot be used is left out", () => {
  expect(readView(parseSearch("?range=ever&status=lost&min_cost=cheap&unpriced=1&from=x&sort=mood&model="))).toEqual(
    {},
  );
});

test("a name that looks like a number or like JSON stays a name", () => {
  expect(readView(parseSearch('?project=007&tag={"a":1}'))).toEqual({ project: "007", tag: '{"a":1}' });
});

test("names of any alphabet, with what an address must not hold, come back", () => {
  const view = { end_user: "Zoë & 王?#+%" };
  expect(readView(parseSearch(stringifySearch(view)))).toEqual(view);
});
