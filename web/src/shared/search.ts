/**
 * What stands in the address: range, filters, sort, the selected call. One schema for all pages, with the API's names,
 * so that `?model=gpt-4o&status=error` means the same on each and in a request.
 */
import { isRangeName } from "./range";

export const STATUSES = ["success", "error", "timeout"] as const;
export type Status = (typeof STATUSES)[number];
export const ERROR_KINDS = [
  "rate_limit",
  "timeout",
  "authentication",
  "permission",
  "invalid_request",
  "context_length",
  "content_filter",
  "not_found",
  "server_error",
  "overloaded",
  "connection",
  "quota",
  "cancelled",
  "bad_response",
  "other",
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];
export const SORTS = ["time", "latency", "cost", "tokens"] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  range?: string;
  from?: string;
  to?: string;
  project?: string;
  environment?: string;
  model?: string[];
  provider?: string[];
  status?: Status[];
  error_kind?: ErrorKind[];
  /** Looked for in prompts and answers. */
  text?: string;
  end_user?: string;
  session_id?: string;
  trace_id?: string;
  /** What the application called it. */
  name?: string;
  tag?: string;
  api_key_id?: number;
  min_latency_ms?: number;
  max_latency_ms?: number;
  min_cost?: number;
  max_cost?: number;
  min_tokens?: number;
  max_tokens?: number;
  violation?: boolean;
  cache_hit?: boolean;
  unpriced?: boolean;
  sort?: Sort;
  /** The call in the panel of /calls. */
  call?: number;
  /** Where to go back to after signing in. */
  next?: string;
  /** Of the one-time link. */
  token?: string;
  /** A page's own search box (models, users, audit log). */
  q?: string;
  /** A page's own tab or kind. */
  tab?: string;
  /** What the chart of /cost is stacked by. */
  by?: string;
  /** The repricing in the panel of /models. */
  repricing?: number;
  /** Models that /cost compares with, as `provider/name`. */
  what_if?: string[];
}

/** What is kept when one goes from one page about data to another. */
export const SHARED = ["range", "from", "to", "project", "environment", "model", "provider", "status"] as const;
/** Filters that only the list of calls knows. */
export const CALL_FILTERS = [
  "text",
  "error_kind",
  "end_user",
  "session_id",
  "trace_id",
  "name",
  "tag",
  "api_key_id",
  "min_latency_ms",
  "max_latency_ms",
  "min_cost",
  "max_cost",
  "min_tokens",
  "max_tokens",
  "violation",
  "cache_hit",
  "unpriced",
] as const;
export type CallFilter = (typeof CALL_FILTERS)[number];
/** What is told by chips: everything that narrows, besides range, project and environment. */
export const CHIPS = ["model", "provider", "status", ...CALL_FILTERS] as const;
export type Chip = (typeof CHIPS)[number];

const TEXTS = [
  "project",
  "environment",
  "text",
  "end_user",
  "session_id",
  "trace_id",
  "name",
  "tag",
  "next",
  "token",
  "q",
  "tab",
  "by",
] as const;
const LISTS = ["model", "provider", "what_if"] as const;
const NUMBERS = [
  "api_key_id",
  "min_latency_ms",
  "max_latency_ms",
  "min_cost",
  "max_cost",
  "min_tokens",
  "max_tokens",
  "call",
  "repricing",
] as const;
const FLAGS = ["violation", "cache_hit", "unpriced"] as const;

/** The address's parameters, checked; what cannot be used is left out. */
export function readView(search: Record<string, unknown>): View {
  const view: View = {};
  for (const key of TEXTS) {
    const text = one(search[key]);
    if (text) view[key] = text;
  }
  for (const key of LISTS) {
    const names = many(search[key]);
    if (names.length > 0) view[key] = names;
  }
  for (const key of NUMBERS) {
    const text = one(search[key]);
    const number = text ? Number(text) : Number.NaN;
    if (Number.isFinite(number) && number >= 0) view[key] = number;
  }
  for (const key of FLAGS) {
    const text = one(search[key]);
    if (text === "true" || text === "false") view[key] = text === "true";
  }
  const status = many(search.status).filter((name): name is Status => STATUSES.some((known) => known === name));
  if (status.length > 0) view.status = status;
  const kinds = many(search.error_kind).filter((name): name is ErrorKind =>
    ERROR_KINDS.some((known) => known === name),
  );
  if (kinds.length > 0) view.error_kind = kinds;
  const sort = one(search.sort);
  view.sort = SORTS.find((known) => known === sort);
  const range = one(search.range);
  if (range && isRangeName(range)) view.range = range;
  for (const key of ["from", "to"] as const) {
    const time = one(search[key]);
    if (time && !Number.isNaN(new Date(time).getTime())) view[key] = time;
  }
  return without(view);
}

/** A view without keys that hold nothing. */
export function without(view: View): View {
  return Object.fromEntries(
    Object.entries(view).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}

/** `?model=a&model=b` ↔ `{model: ["a", "b"]}`: plain and repeated, as the API takes it, where the router would write JSON. */
export function parseSearch(text: string): Record<string, unknown> {
  const found: Record<string, string | string[]> = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const before = found[key];
    found[key] = before === undefined ? value : [before, value].flat();
  }
  return found;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const item of many(value)) params.append(key, item);
  }
  const text = params.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}

function many(value: unknown): string[] {
  const items = Array.isArray(value) ? value : [value];
  return items.filter((item) => item !== undefined && item !== null && item !== "").map(String);
}

function one(value: unknown): string | undefined {
  return many(value)[0];
}
