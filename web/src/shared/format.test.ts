import { describe, expect, test } from "vitest";
import * as format from "./format";

/** Figures as one types them: the no-break spaces as plain ones. */
function plain(text: string | undefined | null): string | null | undefined {
  return text?.replaceAll("\u00a0", " ") ?? text;
}

describe("counts", () => {
  test.each([
    [0, "0"],
    [847, "847"],
    [999, "999"],
    [1000, "1k"],
    [12_431, "12.4k"],
    [999_499, "999k"],
    [999_600, "1M"],
    [3_214_000, "3.21M"],
    [7_000_000_000, "7B"],
  ])("%d is %s", (value, text) => expect(format.count(value)).toBe(text));
  test("are exact on hover", () => expect(format.countExact(12_431)).toBe("12,431"));
});

describe("money", () => {
  test.each([
    [0, "$0.00"],
    [1204.31, "$1,204.31"],
    [3.18, "$3.18"],
    [0.01, "$0.01"],
    [0.0099, "$0.0099"],
    [0.00999, "$0.01"],
    [0.0042, "$0.0042"],
    [0.000996, "$0.0010"],
    [0.0000031, "$0.0000031"],
    [0.0000003, "$0.00000030"],
    [0.000000001, "$0.000000001"],
    [12_345_678, "$12.3M"],
    [null, "—"],
  ])("%d is %s", (value, text) => expect(format.money(value)).toBe(text));
  test("has nine decimals on hover", () => expect(format.moneyExact(1204.31)).toBe("$1,204.310000000"));
});

describe("latency", () => {
  test.each([
    [0, "0 ms"],
    [0.42, "0.42 ms"],
    [8.44, "8.4 ms"],
    [84, "84 ms"],
    [999.7, "1.00 s"],
    [1243.7, "1.24 s"],
    [12_430, "12.4 s"],
    [59_960, "1 min 00 s"],
    [125_000, "2 min 05 s"],
    [3_720_000, "1 h 02 min"],
    [null, "—"],
  ])("%d is %s", (value, text) => expect(plain(format.latency(value))).toBe(text));
  test("has tenths on hover", () => expect(plain(format.latencyExact(1243.7))).toBe("1,243.7 ms"));
});

describe("shares", () => {
  test.each([
    [0, "0 %"],
    [0.0042, "0.42 %"],
    [0.123, "12.3 %"],
    [1, "100 %"],
    [0.9999, "> 99.9 %"],
    [0.00001, "< 0.01 %"],
    [null, "—"],
  ])("%d is %s", (value, text) => expect(plain(format.share(value))).toBe(text));
  test("have the counts on hover", () => expect(format.shareExact(14, 1798, "calls")).toBe("14 of 1,798 calls"));
});

describe("changes", () => {
  const enough = { now: 100, before: 100 };
  test.each([
    [112, 100, enough, "▲ 12 %"],
    [50, 100, enough, "▼ 50 %"],
    [1300, 100, enough, "▲ 1,200 %"],
    [100.2, 100, enough, "± 0 %"],
    [5, 0, enough, "new"],
    [5, 0, { now: 100, before: 0 }, "new"],
    [0, 0, enough, undefined],
    [5, 4, { now: 19, before: 100 }, undefined],
    [5, 4, { now: 100, before: 19 }, undefined],
    [null, 4, enough, undefined],
    [4, null, enough, undefined],
  ])("from %d and %d", (now, before, calls, text) => expect(plain(format.change(now, before, calls)?.text)).toBe(text));
});

describe("times", () => {
  const time = new Date("2026-11-24T08:17:31Z"); // 14:02:31 in Kathmandu
  test("are the viewer's", () => expect(format.clock(time)).toBe("14:02:31"));
  test("have the date where it is another day's", () => {
    expect(format.dayAndClock(time, new Date("2026-11-24T10:00:00Z"))).toBe("14:02:31");
    expect(format.dayAndClock(time, new Date("2026-11-25T10:00:00Z"))).toBe("24 Nov, 14:02:31");
    expect(format.dayAndClock(time, new Date("2027-01-01T10:00:00Z"))).toBe("24 Nov 2026, 14:02:31");
  });
  test.each([
    [3, "just now"],
    [42, "42 s ago"],
    [125, "2 min ago"],
    [7300, "2 h ago"],
    [90_000, "1 day ago"],
    [40 * 86_400, "24 Nov"],
  ])("%d seconds ago", (seconds, text) =>
    expect(plain(format.ago(time, new Date(time.getTime() + seconds * 1000)))).toBe(
      seconds > 30 * 86_400 ? "24 Nov 2026" : text,
    ),
  );
  test("have the zone and UTC on hover", () =>
    expect(format.timeExact(time)).toMatch(/^24 Nov 2026, 14:02:31 Asia\/Kat\w+\n2026-11-24 08:17:31 UTC$/));
});
