/**
 * One function for each thing that a page asks for: `useQuery(summary(view))`. Each passes the signal on, so that a request
 * whose answer nobody waits for is cancelled, and those about a range keep the old picture until the new one is there.
 */
import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import { viewerZone } from "@/shared/format";
import { rangeParams, refreshEvery } from "@/shared/range";
import { CALL_FILTERS, type View } from "@/shared/search";
import { api, data, everyPage } from "./client";
import { ApiError } from "./error";
import type { Bucket, MeUser, paths } from "./schema";

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 10 * 60_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < 1 && error instanceof ApiError && error.passing && error.status !== 429,
        retryDelay: (_, error) => (error instanceof ApiError && error.retryAfter ? error.retryAfter * 1000 : 1000),
      },
    },
  });
}

/** The parameters of /metrics/… and /llm/calls that the address holds. */
export function viewParams(view: View) {
  return {
    ...rangeParams(view),
    tz: viewerZone(),
    project: view.project ? [view.project] : undefined,
    environment: view.environment ? [view.environment] : undefined,
    model: view.model,
    provider: view.provider,
    status: view.status,
  };
}

/** The part of the address that metrics depend on: whatever else is in it must not make them be asked for again. */
function metricsKey(view: View): View {
  const { range, from, to, project, environment, model, provider, status } = view;
  return { range, from, to, project, environment, model, provider, status };
}

/** What all queries about a range share. */
function overRange(view: View) {
  const every = refreshEvery(view);
  // Who comes back earlier sees what was there; of a range that is over, hardly anything changes any more.
  const staleTime = every === false ? 5 * 60_000 : every;
  return { placeholderData: keepPreviousData, refetchInterval: every, staleTime } as const;
}

type By = "model" | "project" | "environment";
interface SeriesOptions {
  bucket?: Bucket;
  by?: By;
}

export function summary(view: View) {
  return queryOptions({
    queryKey: ["summary", metricsKey(view)],
    queryFn: ({ signal }) => data(api.GET("/metrics/summary", { params: { query: viewParams(view) }, signal })),
    ...overRange(view),
  });
}

export function tokenUsage(view: View, options: SeriesOptions = {}) {
  return queryOptions({
    queryKey: ["token-usage", metricsKey(view), options],
    queryFn: ({ signal }) =>
      data(api.GET("/metrics/token-usage", { params: { query: { ...viewParams(view), ...options } }, signal })),
    ...overRange(view),
  });
}

export function latency(view: View, options: SeriesOptions = {}) {
  return queryOptions({
    queryKey: ["latency", metricsKey(view), options],
    queryFn: ({ signal }) =>
      data(api.GET("/metrics/latency", { params: { query: { ...viewParams(view), ...options } }, signal })),
    ...overRange(view),
  });
}

export function errorRate(view: View, options: SeriesOptions = {}) {
  return queryOptions({
    queryKey: ["error-rate", metricsKey(view), options],
    queryFn: ({ signal }) =>
      data(api.GET("/metrics/error-rate", { params: { query: { ...viewParams(view), ...options } }, signal })),
    ...overRange(view),
  });
}

export function cost(view: View, options: { bucket?: Bucket; by?: By | "end_user" } = {}) {
  return queryOptions({
    queryKey: ["cost", metricsKey(view), options],
    queryFn: ({ signal }) =>
      data(api.GET("/metrics/cost", { params: { query: { ...viewParams(view), ...options } }, signal })),
    ...overRange(view),
  });
}

export function feedbackSummary(view: View) {
  return queryOptions({
    queryKey: ["feedback-summary", metricsKey(view)],
    queryFn: ({ signal }) => data(api.GET("/feedback/summary", { params: { query: viewParams(view) }, signal })),
    ...overRange(view),
  });
}

/** The parameters of /llm/calls that the address holds: the range, the shared filters and the list's own. */
export function callParams(view: View) {
  const own = Object.fromEntries(CALL_FILTERS.map((key) => [key, view[key]])) as Pick<
    View,
    (typeof CALL_FILTERS)[number]
  >;
  return { ...viewParams(view), ...own, sort: view.sort };
}

/** A field whose values can be asked for. */
export type FacetField = NonNullable<paths["/llm/calls/facets"]["get"]["parameters"]["query"]>["field"];
const MOST_VALUES = 60;

/** The values that a field has among the calls of a view, with how many calls have each; `q` is a part of the name. */
export function facets(field: FacetField, view: View, q = "") {
  const { sort: _sort, ...filters } = callParams(view);
  const query = { ...filters, field, q, limit: MOST_VALUES };
  return queryOptions({
    queryKey: ["facets", query],
    queryFn: ({ signal }) => data(api.GET("/llm/calls/facets", { params: { query }, signal })),
    staleTime: 30_000,
  });
}

/** All views that one may see: one's own and what others share. */
export function savedViews() {
  return queryOptions({
    queryKey: ["views"],
    queryFn: ({ signal }) => everyPage((query) => api.GET("/views", { params: { query }, signal })),
    staleTime: 60_000,
  });
}

export function call(id: number) {
  return queryOptions({
    queryKey: ["call", id],
    queryFn: ({ signal }) => data(api.GET("/llm/calls/{call_id}", { params: { path: { call_id: id } }, signal })),
  });
}

/** Who is logged in. Throws an ApiError 401 for nobody. */
export function me() {
  return queryOptions({
    queryKey: ["me"],
    queryFn: async ({ signal }): Promise<MeUser> => {
      const found = await data(api.GET("/auth/me", { signal }));
      if (found.kind !== "user") throw new ApiError(401, "The dashboard needs a user's login.");
      return found;
    },
    staleTime: 5 * 60_000,
  });
}

export function projects() {
  return queryOptions({
    queryKey: ["projects"],
    queryFn: ({ signal }) => everyPage((query) => api.GET("/projects", { params: { query }, signal })),
    staleTime: 60_000,
  });
}

export function models() {
  return queryOptions({
    queryKey: ["models"],
    queryFn: ({ signal }) => everyPage((query) => api.GET("/llm/models", { params: { query }, signal })),
    staleTime: 60_000,
  });
}

/** One model with all its prices: those that held, that hold and that will. */
export function model(id: number) {
  return queryOptions({
    queryKey: ["model", id],
    queryFn: ({ signal }) => data(api.GET("/llm/models/{model_id}", { params: { path: { model_id: id } }, signal })),
  });
}

export function settings() {
  return queryOptions({
    queryKey: ["settings"],
    queryFn: ({ signal }) => data(api.GET("/settings", { signal })),
  });
}

export function users() {
  return queryOptions({
    queryKey: ["users"],
    queryFn: ({ signal }) => everyPage((query) => api.GET("/users", { params: { query }, signal })),
  });
}

export function apiKeys() {
  return queryOptions({
    queryKey: ["api-keys"],
    queryFn: ({ signal }) => everyPage((query) => api.GET("/api-keys", { params: { query }, signal })),
  });
}

export function auditLog(filters: { action?: string; actor?: string; from?: string; to?: string } = {}) {
  return infiniteQueryOptions({
    queryKey: ["audit-log", filters],
    queryFn: ({ signal, pageParam }) =>
      data(api.GET("/audit-log", { params: { query: { ...filters, limit: 100, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** Names for the filter menus: what had calls in the last 90 days. Asked for when a menu opens. */
export function choices(project?: string) {
  return queryOptions({
    queryKey: ["choices", project ?? null],
    queryFn: async ({ signal }) => {
      const query = { days: 90, tz: viewerZone(), project: project ? [project] : undefined };
      const found = await data(api.GET("/metrics/cost", { params: { query }, signal }));
      const providers = found.by_model.map((row) => row.provider).filter((name) => name !== null);
      return {
        model: found.by_model.map((row) => row.name),
        environment: found.by_environment.map((row) => row.name),
        provider: [...new Set(providers)].sort(),
      };
    },
    staleTime: 60_000,
  });
}

const LOOK_MS = 5_000;

/** The state of the server, for admins. */
export function serverDetails() {
  return queryOptions({
    queryKey: ["server-details"],
    queryFn: ({ signal }) => data(api.GET("/health/details", { signal })),
    refetchInterval: LOOK_MS,
  });
}

/** How far back models without a price are looked for. */
export const UNPRICED_DAYS = 90;

/** The models whose calls have no cost, for who may mend it. */
export function unpriced() {
  return queryOptions({
    queryKey: ["unpriced"],
    queryFn: ({ signal }) =>
      data(
        api.GET("/llm/unpriced", { params: { query: { days: UNPRICED_DAYS, tz: viewerZone(), limit: 100 } }, signal }),
      ),
  });
}

const JOB_MS = 1_000;

export function repricings() {
  return infiniteQueryOptions({
    queryKey: ["repricings"],
    queryFn: ({ signal, pageParam }) =>
      data(api.GET("/llm/repricings", { params: { query: { limit: 50, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ items }) => items.some(isUnderWay)) ? 2 * JOB_MS : false,
  });
}

/** One repricing, asked for anew until it has ended. */
export function repricing(id: number) {
  return queryOptions({
    queryKey: ["repricing", id],
    queryFn: ({ signal }) =>
      data(api.GET("/llm/repricings/{repricing_id}", { params: { path: { repricing_id: id } }, signal })),
    refetchInterval: ({ state }) => (state.data === undefined || isUnderWay(state.data) ? JOB_MS : false),
  });
}

export function isUnderWay({ state }: { state: string }): boolean {
  return state === "queued" || state === "running";
}

/** What the tokens of the range would have cost on other models, each as `provider/name`. */
export function whatIf(view: View, against: string[]) {
  return queryOptions({
    queryKey: ["what-if", metricsKey(view), against],
    queryFn: ({ signal }) => {
      const { model, ...query } = viewParams(view);
      return data(
        api.GET("/metrics/what-if", { params: { query: { ...query, source_model: model, model: against } }, signal }),
      );
    },
    ...overRange(view),
  });
}

/** Why the cost is another than in the window before. */
export function costWhy(view: View) {
  return queryOptions({
    queryKey: ["cost-why", metricsKey(view)],
    queryFn: ({ signal }) => data(api.GET("/metrics/cost/why", { params: { query: viewParams(view) }, signal })),
    ...overRange(view),
  });
}

/** Where the cost of this month is going; the range plays no part. */
export function forecast(view: View) {
  const { project, environment, model, provider, status } = view;
  return queryOptions({
    queryKey: ["cost-forecast", { project, environment, model, provider, status }],
    queryFn: ({ signal }) => {
      const { days: _days, from: _from, to: _to, ...query } = viewParams(view);
      return data(api.GET("/metrics/cost/forecast", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    staleTime: 5 * 60_000,
  });
}
