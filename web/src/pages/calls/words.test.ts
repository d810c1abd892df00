import { expect, test } from "vitest";
import { marked, soughtIn } from "./words";

const found = (text: string, query: string) =>
  marked(text, soughtIn(query))
    .map((piece, index) => (index % 2 ? `[${piece}]` : piece))
    .join("");

test("words are marked where they stand, whatever their case and accents", () => {
  expect(found("A refund, please: REFUND the café.", "refund cafe")).toBe("A [refund], please: [REFUND] the [café].");
  expect(found("refunds", "refund")).toBe("refunds");
  expect(found("", "x")).toBe("");
  expect(found("no search", "")).toBe("no search");
});

test("beginnings, phrases, and nothing of what is to be left out", () => {
  expect(found("refunds and refunding", "refun*")).toBe("[refunds] and [refunding]");
  expect(found("my lost parcel, a parcel", '"lost parcel"')).toBe("my [lost parcel], a parcel");
  expect(found("a parcel is lost", "lost -parcel")).toBe("a parcel is [lost]");
  expect(found("end of lost", '"lost parcel')).toBe("end of lost");
});

test("scripts without spaces are found within a line", () => {
  expect(found("我住在东京都", "东京")).toBe("我住在[东京]都");
  expect(found("नमस्ते दुनिया", "दुनिया")).toBe("नमस्ते [दुनिया]");
});
