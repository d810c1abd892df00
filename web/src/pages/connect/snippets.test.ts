import { describe, expect, test } from "vitest";
import { isKey, isWay, snippet, WAYS } from "./snippets";

const KEY = "cs_8Jr2kQx-abcdefghijklmnop_0123456789ABCDEFGH";

describe.each(WAYS)("$label", ({ value }) => {
  const text = snippet(value, "http://[::1]:8000", KEY);
  test("has the address and the key, in quotes", () => {
    expect(text).toMatch(/['"]http:\/\/\[::1\]:8000(\/llm\/log-call)?['"]/);
    expect(text).toMatch(new RegExp(`['"](Authorization: |Bearer )*${KEY}['"]`));
  });
  test("ends with its line, so that a terminal runs it", () => expect(text).toMatch(/[^\n]\n$/));
});

test("the body of the curl command is what the API takes", () => {
  const body: unknown = JSON.parse(/-d '([^']+)'/.exec(snippet("curl", "http://localhost:8000", KEY))?.[1] ?? "");
  expect(body).toMatchObject({ model: "gpt-4o-mini", status: "success", prompt_tokens: 14, completion_tokens: 9 });
});

test("a key is a key and nothing besides", () => {
  expect(isKey(KEY)).toBe(true);
  for (const text of ["", "cs_", "sk-abcdefghijklmnopqrstuvwxyz", `${KEY}'; rm -rf /`, `${KEY}\n`, `${KEY} `]) {
    expect(isKey(text), text).toBe(false);
  }
});

test("the address says which way", () => {
  expect(isWay("python")).toBe(true);
  expect(isWay("cobol")).toBe(false);
  expect(isWay(undefined)).toBe(false);
});
