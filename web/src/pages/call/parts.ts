/** Tokens and cost in parts, as they are shown. Each token is in one part, and the parts add up. */
import type { CallOut } from "@/api/schema";

export interface TokenPart {
  label: string;
  tokens: number;
  color: string;
}

/** Prompt in blues, completion in oranges. */
export function tokenParts(call: CallOut): TokenPart[] {
  const { prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens } = call;
  const cached = Math.min(cached_tokens, prompt_tokens);
  const written = Math.min(cache_write_tokens, prompt_tokens - cached);
  const reasoning = Math.min(reasoning_tokens, completion_tokens);
  const parts = [
    { label: "prompt", tokens: prompt_tokens - cached - written, color: "var(--cs-series-1)" },
    { label: "prompt, cached", tokens: cached, color: "var(--cs-series-5)" },
    { label: "prompt, cache write", tokens: written, color: "var(--cs-series-3)" },
    { label: "reasoning", tokens: reasoning, color: "var(--cs-series-2)" },
    { label: "answer", tokens: completion_tokens - reasoning, color: "var(--cs-series-6)" },
  ];
  return parts.filter(({ tokens }) => tokens > 0);
}

export interface CostPart {
  label: string;
  cost: number;
  tokens: number;
  /** Dollars for a million tokens, worked out from the two; null where there are none. */
  perMillion: number | null;
}

export function costParts(call: CallOut): CostPart[] {
  const breakdown = call.cost_breakdown;
  if (breakdown === null) return [];
  const { prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens } = call;
  const cached = Math.min(cached_tokens, prompt_tokens);
  const written = Math.min(cache_write_tokens, prompt_tokens - cached);
  const parts: [string, number, number][] = [
    ["prompt", breakdown.input, prompt_tokens - cached - written],
    ["cached", breakdown.cached_input, cached],
    ["cache write", breakdown.cache_write, written],
    ["completion", breakdown.output, completion_tokens],
    ["other", breakdown.other, 0],
  ];
  return parts
    .filter(([, cost, tokens]) => cost > 0 || tokens > 0)
    .map(([label, cost, tokens]) => ({ label, cost, tokens, perMillion: tokens > 0 ? (cost / tokens) * 1e6 : null }));
}

/** $2.50 · $0.075 · $0.0015, of a price for a million tokens: three significant digits, since it was worked out. */
export function pricePerMillion(dollars: number): string {
  const rounded = Number(dollars.toPrecision(3));
  return `$${rounded.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;
}

/** Tokens a second, from the first one on; null where it can't be told. */
export function tokensPerSecond(call: CallOut): number | null {
  const seconds = (call.latency_ms - (call.time_to_first_token_ms ?? 0)) / 1000;
  return call.completion_tokens > 1 && seconds > 0 && !call.cache_hit ? call.completion_tokens / seconds : null;
}
