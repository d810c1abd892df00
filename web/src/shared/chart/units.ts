/** How the values of a chart are written: on the axis (shortest), in lists, and in the table (exact). */
import { count, countExact, latency, latencyExact, money, moneyExact, share } from "../format";

export type Unit = "count" | "money" | "latency" | "share";

interface Writing {
  axis: (value: number) => string;
  short: (value: number) => string;
  exact: (value: number) => string;
}

export const UNITS: Record<Unit, Writing> = {
  count: { axis: count, short: count, exact: countExact },
  money: { axis: moneyAxis, short: money, exact: moneyExact },
  latency: { axis: latencyAxis, short: latency, exact: latencyExact },
  share: { axis: (value) => `${Number((value * 100).toPrecision(3))}\u00a0%`, short: share, exact: share },
};

/** $0.3 · $12 · $1.2k · $0.0000003: round values need no cents. */
function moneyAxis(dollars: number): string {
  if (dollars >= 1000) return `$${count(dollars)}`;
  return `$${dollars.toLocaleString("en-US", { maximumSignificantDigits: 3 })}`;
}

/** 500 ms · 1.5 s · 80 s · 5 min · 2 h */
function latencyAxis(ms: number): string {
  const [size, unit] =
    ms === 0 || ms < 1000
      ? [1, "ms"]
      : ms < 300_000
        ? [1000, "s"]
        : ms < 7_200_000
          ? [60_000, "min"]
          : [3_600_000, "h"];
  return `${Number((ms / size).toPrecision(3))}\u00a0${unit}`;
}
