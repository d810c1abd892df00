/** What the overview makes of the API's answers: nothing is counted anew, only put side by side. */
import type { Cost, CostRowOut, ErrorPoint, FeedbackSummary, Latency, TokenPoint } from "@/api/schema";
import { labels, type Series } from "@/shared/chart/series";

/** Errors and timeouts, from zero up, and above them the calls that went well. */
export function outcomes(points: ErrorPoint[]): Series[] {
  return [
    { name: "error or timeout", values: points.map(({ errors }) => errors), color: "bad" },
    { name: "success", values: points.map(({ calls, errors }) => calls - errors), color: 0 },
  ];
}

type TokensOf = (point: TokenPoint) => number;
interface Kind {
  name: string;
  color: number;
  of: TokensOf;
}

const CACHED: Kind[] = [
  { name: "prompt, cached", color: 4, of: ({ cached_tokens }) => cached_tokens },
  { name: "prompt, cache write", color: 2, of: ({ cache_write_tokens }) => cache_write_tokens },
];
const REASONING: Kind[] = [{ name: "completion, reasoning", color: 5, of: ({ reasoning_tokens }) => reasoning_tokens }];

/**
 * Tokens by kind. The API's `prompt_tokens` hold cached and cache-write tokens, its `completion_tokens` those of reasoning:
 * here each token is in one kind, so that they add up to `total_tokens`. Kinds that there are none of are left out.
 */
export function tokenKinds(points: TokenPoint[]): Series[] {
  const present = ({ of }: Kind) => points.some((point) => of(point) > 0);
  const cached = CACHED.filter(present);
  const reasoning = REASONING.filter(present);
  const rest = (all: TokensOf, parts: Kind[]): TokensOf => {
    return (point) =>
      Math.max(
        parts.reduce((left, { of }) => left - of(point), all(point)),
        0,
      );
  };
  const kinds: Kind[] = [
    { name: cached.length ? "prompt, uncached" : "prompt", color: 0, of: rest((point) => point.prompt_tokens, cached) },
    ...cached,
    {
      name: reasoning.length ? "completion, answer" : "completion",
      color: 1,
      of: rest((point) => point.completion_tokens, reasoning),
    },
    ...reasoning,
  ];
  return kinds.map(({ name, color, of }) => ({ name, color, values: points.map(of) }));
}

export interface ModelRow extends CostRowOut {
  /** Its name, with the provider where another has the same. */
  label: string;
  error_rate: number;
  p95: number | null;
  ratings: number;
  average_rating: number | null;
}

/** What is known of each model, from three answers; what has not come yet is null. */
export function modelRows(cost: Cost, latency: Latency | undefined, feedback: FeedbackSummary | undefined): ModelRow[] {
  const key = (name: string, provider: string | null | undefined) => `${provider ?? ""}\n${name}`;
  const p95s = new Map(latency?.groups?.map((group) => [key(group.name, group.provider), group.p95]));
  const ratings = new Map(feedback?.by_model.map((row) => [key(row.model, row.provider), row]));
  const names = labels(cost.by_model);
  return cost.by_model.map((row, at) => {
    const rated = ratings.get(key(row.name, row.provider));
    return {
      ...row,
      label: names[at] ?? row.name,
      error_rate: row.calls === 0 ? 0 : row.errors / row.calls,
      p95: p95s.get(key(row.name, row.provider)) ?? null,
      ratings: rated?.ratings ?? 0,
      average_rating: rated?.average_rating ?? null,
    };
  });
}

/** 4.21, of 1 to 5. */
export function rating(value: number): string {
  return value.toFixed(2);
}

/** "4.2143 of 5, from 14 ratings" */
export function ratingExact(value: number, ratings: number): string {
  const exact = value.toLocaleString("en-US", { maximumFractionDigits: 4 });
  return `${exact} of 5, from ${ratings.toLocaleString("en-US")} rating${ratings === 1 ? "" : "s"}`;
}

/** rate_limit → rate limit */
export function kindName(kind: string): string {
  return kind.replaceAll("_", " ");
}
