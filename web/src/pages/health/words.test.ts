import { expect, test } from "vitest";
import type { DetailsOut } from "@/api/schema";
import { bytes, share, troubled } from "./words";

test("sizes as disks are sold", () => {
  const shown = [0, 999, 1000, 999_499, 999_500, 6_727_852_032, null].map((value) => bytes(value));
  expect(shown.map((text) => text.replace("\u00a0", " "))).toEqual([
    "0 bytes",
    "999 bytes",
    "1.0 kB",
    "999 kB",
    "1.0 MB",
    "6.7 GB",
    "not known",
  ]);
  expect(share(1, 3)).toBe("33\u00a0%");
});

test("what is not well, and a disk that is nearly full, in sentences", () => {
  const state = (free: number | null, why: string | null) =>
    ({
      troubles: { queue: why },
      retention: null,
      database: { disk_free_bytes: free, disk_bytes: free === null ? null : 1_000_000, size_bytes: 1000 },
    }) as unknown as DetailsOut;
  expect(troubled(state(500_000, null))).toEqual([]);
  expect(troubled(state(null, null))).toEqual([]);
  expect(troubled(state(null, "it is full"))).toEqual(["The queue: it is full."]);
  expect(troubled({ ...state(null, null), retention: "the clock leapt" })).toEqual(["Retention: the clock leapt."]);
  expect(troubled(state(9_000, null))[0]).toContain("9.0\u00a0kB are free");
});
