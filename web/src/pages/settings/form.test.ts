import { expect, test } from "vitest";
import type { SettingsOut } from "@/api/schema";
import { changesOf, formOf, readNumber } from "./form";

const SETTINGS: SettingsOut = {
  claude_haiku_45_enabled: true,
  max_tokens_per_request: 4096,
  enable_caching: false,
  cache_ttl_seconds: 3600,
  updated_at: null,
  updated_by: null,
};

test.each([
  ["", null],
  ["  ", null],
  ["4096", 4096],
  ["128,000", 128_000],
  ["128 000", 128_000],
  ["0", 0],
  ["-1", undefined],
  ["4.5", undefined],
  ["many", undefined],
])("“%s” is the number %s", (text, number) => expect(readNumber(text)).toBe(number));

test("only what differs is sent", () => {
  const form = formOf(SETTINGS);
  expect(changesOf(SETTINGS, form)).toEqual({});
  expect(changesOf(SETTINGS, { ...form, max_tokens_per_request: "4,096" })).toEqual({});
  expect(changesOf(SETTINGS, { ...form, max_tokens_per_request: "", enable_caching: true })).toEqual({
    max_tokens_per_request: null,
    enable_caching: true,
  });
  expect(changesOf(SETTINGS, { ...form, cache_ttl_seconds: "600" })).toEqual({ cache_ttl_seconds: 600 });
});

test("what cannot be read is not sent", () => {
  expect(changesOf(SETTINGS, { ...formOf(SETTINGS), max_tokens_per_request: "a lot" })).toBeUndefined();
  expect(changesOf(SETTINGS, { ...formOf(SETTINGS), cache_ttl_seconds: "" })).toBeUndefined();
});
