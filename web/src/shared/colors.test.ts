import { describe, expect, test } from "vitest";
import { assign, palettes } from "./colors";

function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r = 0, g = 0, b = 0] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(["light", "dark"] as const)("%s", (scheme) => {
  const palette = palettes[scheme];
  const grounds = [palette.ground, palette.surface];
  test.each(["ink", "ink2", "accent", "good", "bad", "warn"] as const)("%s can be read on each ground", (name) => {
    for (const ground of [...grounds, palette.hover, palette.chosen]) {
      expect(contrast(palette[name], ground)).toBeGreaterThanOrEqual(4.5);
    }
  });
  test("marks and borders stand out from each ground", () => {
    for (const mark of [...palette.series, palette.other, palette.border, palette.steps[1], palette.steps[2]]) {
      for (const ground of grounds) expect(contrast(mark, ground), mark).toBeGreaterThanOrEqual(2.99);
    }
  });
});

test("a name keeps its colour, whoever comes", () => {
  let slots = assign([], ["a", "b", "c"]);
  const slotOf = (name: string) => slots.find((entry) => entry.name === name)?.slot;
  expect([slotOf("a"), slotOf("b"), slotOf("c")]).toEqual([0, 1, 2]);
  slots = assign(slots, ["c", "d", "a"]);
  expect([slotOf("a"), slotOf("c"), slotOf("d")]).toEqual([0, 2, 3]);
});

test("when the colours are used up, who was longest not shown gives his up", () => {
  let slots = assign([], ["a", "b", "c", "d", "e", "f", "g"]);
  slots = assign(slots, ["a"]);
  slots = assign(slots, ["h", "a"]);
  expect(slots.find((entry) => entry.name === "h")?.slot).toBe(1);
  expect(slots.some((entry) => entry.name === "b")).toBe(false);
  expect(slots.find((entry) => entry.name === "a")?.slot).toBe(0);
});
