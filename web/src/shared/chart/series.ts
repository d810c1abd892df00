/** From the API's series to what a chart draws: the largest groups by name, the rest as "other". */
import type { Palette } from "../colors";
import { csv } from "../csv";

export interface Series {
  name: string;
  /** One value a bucket; null is a gap. */
  values: (number | null)[];
  /** A slot of the palette (0–6), grey, or a colour with a meaning. `steps` are for percentiles. */
  color: number | "other" | "good" | "bad" | "accent" | "step0" | "step1" | "step2";
  /** A line of dashes: what is not measured. */
  dashed?: boolean;
}

export function colorOf(palette: Palette, color: Series["color"]): string {
  switch (color) {
    case "step0":
      return palette.steps[0];
    case "step1":
      return palette.steps[1];
    case "step2":
      return palette.steps[2];
    default:
      return typeof color === "number" ? (palette.series[color] ?? palette.other) : palette[color];
  }
}

export const OTHER = "other";
/** What the API calls the sum of those that it does not tell apart. */
const REST = "(other)";
export const MOST_GROUPS = 6;

interface GroupOf<P> {
  name: string;
  provider?: string | null;
  points: P[];
}

/** Names that tell groups apart: with the provider where two have the same name. */
export function labels(groups: { name: string; provider?: string | null }[]): string[] {
  const seen = new Map<string, number>();
  for (const { name } of groups) seen.set(name, (seen.get(name) ?? 0) + 1);
  return groups.map(({ name, provider }) => ((seen.get(name) ?? 0) > 1 && provider ? `${name} (${provider})` : name));
}

/**
 * The six largest groups, largest first, and the sum of all others. `slotsOf` gives each name its colour
 * (`colors.ts`).
 */
export function stacked<P>(
  groups: GroupOf<P>[],
  value: (point: P) => number,
  slotsOf: (names: string[]) => ReadonlyMap<string, number>,
  most = MOST_GROUPS,
): Series[] {
  const names = labels(groups);
  const rows = groups
    .map((group, at) => {
      const values = group.points.map(value);
      return { name: names[at] ?? group.name, values, sum: total(values) };
    })
    .filter(({ sum }) => sum > 0)
    .sort((a, b) => Number(a.name === REST) - Number(b.name === REST) || b.sum - a.sum);
  // One group alone is not worth an "other".
  const cut = rows.length === most + 1 && rows.at(-1)?.name !== REST ? rows.length : most;
  const shown = rows.slice(0, cut);
  const rest = rows.slice(cut);
  const slots = slotsOf(shown.map(({ name }) => name));
  const series: Series[] = shown.map(({ name, values }) => ({ name, values, color: slots.get(name) ?? "other" }));
  if (rest.length > 0) {
    const length = rest[0]?.values.length ?? 0;
    const sums = Array.from({ length }, (_, at) => total(rest.map(({ values }) => values[at] ?? 0)));
    series.push({ name: OTHER, values: sums, color: "other" });
  }
  return series;
}

export function total(values: (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** A chart's figures as CSV: a row a bucket. */
export function toCsv(starts: string[], series: Series[]): string {
  return csv(
    ["start", ...series.map(({ name }) => name)],
    starts.map((start, at) => [start, ...series.map(({ values }) => values[at] ?? null)]),
  );
}
