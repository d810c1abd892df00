/** The course of a month's cost as a chart draws it: what has been, what is to come, and between which bounds. */
import type { Forecast } from "@/api/schema";
import type { Series } from "@/shared/chart/series";

export const LOW = "at least";
export const HIGH = "at most";

/** Sums from the first of the month on, by day. */
export function course({ days, forecast, low, high }: Forecast): Series[] {
  const lastWhole = days.findLastIndex(({ kind }) => kind === "actual");
  const today = Math.max(
    lastWhole,
    days.findLastIndex(({ so_far }) => so_far > 0),
  );
  const spent = sums(days.map(({ so_far }) => so_far));
  const series: Series[] = [
    { name: "so far", values: spent.map((sum, at) => (at <= today ? sum : null)), color: "accent" },
  ];
  if (forecast === null || low === null || high === null) return series;
  const expected = sums(days.map(({ kind, so_far, cost }) => (kind === "actual" ? so_far : (cost ?? 0))));
  const coming = expected.map((sum, at) => (at < lastWhole ? null : sum));
  // By what days miss their expectation adds up as chance does: with the root of their number.
  const width = (at: number) => Math.sqrt(Math.max(at - lastWhole, 0) / Math.max(days.length - 1 - lastWhole, 1));
  // What is spent stays spent: no bound is below it.
  const least = (at: number) => (at > lastWhole ? (spent[today] ?? 0) : 0);
  const bound = (end: number) =>
    coming.map((sum, at) => (sum === null ? null : Math.max(sum + (end - forecast) * width(at), least(at))));
  return [
    ...series,
    { name: "forecast", values: coming, color: "accent", dashed: true },
    { name: LOW, values: bound(low), color: "step0" },
    { name: HIGH, values: bound(high), color: "step0" },
  ];
}

function sums(values: number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

/** November */
export function monthName({ month_start }: Pick<Forecast, "month_start">): string {
  return new Date(month_start).toLocaleDateString("en-GB", { month: "long" });
}
