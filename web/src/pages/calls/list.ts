/** What the list asks the server for: its pages, and whether there is anything newer. */
import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
  type UseInfiniteQueryResult,
} from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { callParams } from "@/api/queries";
import type { CallSummary } from "@/api/schema";
import { refreshEvery } from "@/shared/range";
import { CALL_FILTERS, SHARED, type View, without } from "@/shared/search";

const FIRST_PAGE = 100;
/** The most that the server gives at once. */
const NEXT_PAGES = 500;

const FIELDS = [
  "id",
  "created_at",
  "project",
  "environment",
  "model",
  "provider",
  "status",
  "error_kind",
  "error_type",
  "prompt_tokens",
  "completion_tokens",
  "cached_tokens",
  "latency_ms",
  "time_to_first_token_ms",
  "estimated_cost",
  "cache_hit",
  "refused",
  "policy_violation",
  "end_user",
  "session_id",
  "trace_id",
  "name",
  "tags",
  "rating",
  "ratings",
  "preview",
] as const satisfies readonly (keyof CallSummary)[];

/** What the list keeps of a call: a hundred thousand of them are in memory. */
export type CallRow = Pick<CallSummary, (typeof FIELDS)[number]>;

export interface CallPage {
  items: CallRow[];
  next_cursor: string | null;
  scanned_to: string | null;
  sorted_among: number | null;
}

/** The list as a page has it. */
export type CallQuery = UseInfiniteQueryResult<InfiniteData<CallPage, unknown>>;

/** The part of the address that the list depends on. */
export function listView(view: View): View {
  const { sort } = view;
  const kept = Object.fromEntries([...SHARED, ...CALL_FILTERS].map((key) => [key, view[key]]));
  return without({ ...kept, sort: sort === "time" ? undefined : sort });
}

/**
 * The list, page by page. It is never asked for again by itself, which would move its rows and ask for each page that was
 * scrolled through: `startAgain` does that, when one wants to.
 */
export function callList(view: View) {
  return infiniteQueryOptions({
    queryKey: ["calls", listView(view)],
    queryFn: async ({ signal, pageParam }): Promise<CallPage> => {
      const query = { ...callParams(view), limit: pageParam ? NEXT_PAGES : FIRST_PAGE, cursor: pageParam };
      const page = await data(api.GET("/llm/calls", { params: { query }, signal }));
      return { ...page, items: page.items.map(rowOf) };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: "static",
  });
}

/** The list from its beginning, as it is now. The old rows stay until the new ones are there. */
export function startAgain(queryClient: QueryClient, view: View): Promise<unknown> {
  return queryClient.fetchInfiniteQuery({ ...callList(view), staleTime: 0, pages: 1 });
}

export function rowOf(call: CallSummary): CallRow {
  return Object.fromEntries(FIELDS.map((field) => [field, call[field]])) as CallRow;
}

/** All rows there are. In another order than time's, a call that came in between may push one onto the next page, too. */
export function rowsOf(pages: readonly CallPage[]): CallRow[] {
  const rows = pages.flatMap((page) => page.items);
  if (!pages.some((page) => page.sorted_among !== null)) return rows;
  const seen = new Set<number>();
  return rows.filter(({ id }) => !seen.has(id) && seen.add(id));
}

const MOST_NEW = 50;

export interface Newer {
  count: number;
  /** There are more than were looked for. */
  more: boolean;
}

/** How many calls came since the list was loaded. Nothing is asked while it is in another order, or its range is over. */
export function newerCalls(view: View, rows: readonly CallRow[], wanted: boolean) {
  const first = rows[0];
  const every = refreshEvery(view);
  const from = first?.created_at;
  return queryOptions({
    queryKey: ["calls-newer", listView(view), from ?? null],
    queryFn: async ({ signal }): Promise<Newer> => {
      const { days, from: start, to, ...filters } = callParams(view);
      const since = from === undefined ? { days, from: start, to } : { from, to };
      const query = { ...filters, ...since, sort: undefined, limit: MOST_NEW };
      const page = await data(api.GET("/llm/calls", { params: { query }, signal }));
      const count = newerThan(page.items, rows);
      return { count, more: count === MOST_NEW };
    },
    enabled: wanted && every !== false && (view.sort ?? "time") === "time",
    refetchInterval: every === false ? false : Math.min(every, 15_000),
    initialData: { count: 0, more: false },
    initialDataUpdatedAt: Date.now(),
    staleTime: 5_000,
  });
}

/** How many of these the list does not have: those at its top may have the time that was asked from. */
export function newerThan(
  found: readonly { id: number }[],
  rows: readonly { id: number; created_at: string }[],
): number {
  const first = rows[0];
  const known = new Set<number>();
  for (const row of rows) {
    if (row.created_at !== first?.created_at) break;
    known.add(row.id);
  }
  return found.filter(({ id }) => !known.has(id)).length;
}

/** "12 new calls" */
export function newerText({ count, more }: Newer): string {
  return `${more ? "More than " : ""}${count} new call${count === 1 ? "" : "s"}`;
}

/**
 * What the longest bar stands for: the 95th percentile of the first page, so that one very slow call does not make all
 * others look alike, and no bar changes while more pages come in.
 */
export function barScale(pages: readonly CallPage[]): number {
  const sizes = (pages[0]?.items ?? []).map((row) => row.latency_ms).sort((a, b) => a - b);
  return sizes[Math.min(Math.floor(sizes.length * 0.95), sizes.length - 1)] || 1;
}
