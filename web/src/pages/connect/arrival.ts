/** The first call: found among the newest calls, by the key that sent it or by not having been there before. */
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api, data } from "@/api/client";
import type { CallSummary } from "@/api/schema";
import { useRights } from "@/shared/rights";

const EVERY_MS = 2000;
const NEWEST = 50;

/**
 * The call to show, or null. `before` are the ids of the calls that were there when the page was opened.
 *
 * With a key that is known here only its calls count. With another one (pasted by somebody who may not list keys) it is
 * whatever is new; and without a key only on a server that had no call at all.
 */
export function firstArrival(
  calls: readonly CallSummary[],
  before: ReadonlySet<number>,
  key: { id: number | null } | null,
): CallSummary | null {
  const fresh = calls.filter((call) => !before.has(call.id));
  if (key === null) return before.size === 0 ? (fresh.at(-1) ?? null) : null;
  if (key.id === null) return fresh.at(-1) ?? null;
  return fresh.findLast((call) => call.api_key_id === key.id) ?? null;
}

export interface Arrival {
  /** A call has arrived. */
  arrived: boolean;
  /** The call; null for who may not read calls. */
  call: CallSummary | null;
  error: unknown;
}

/** Asks every two seconds until there is one. */
export function useArrival(key: { id: number | null } | null): Arrival {
  const { readsCalls } = useRights();
  const read = useNewest(key, readsCalls);
  const counted = useCounted(!readsCalls);
  return readsCalls ? read : counted;
}

function useNewest(key: { id: number | null } | null, enabled: boolean): Arrival {
  const before = useRef<ReadonlySet<number> | null>(null);
  const [call, setCall] = useState<CallSummary | null>(null);
  const { data: calls, error } = useQuery({
    queryKey: ["connect", "newest"],
    queryFn: async ({ signal }) =>
      (await data(api.GET("/llm/calls", { params: { query: { limit: NEWEST } }, signal }))).items,
    enabled: enabled && call === null,
    refetchInterval: EVERY_MS,
    staleTime: 0,
    gcTime: 0,
  });
  if (calls && before.current === null) before.current = new Set(calls.map(({ id }) => id));
  if (calls && before.current && call === null) {
    const found = firstArrival(calls, before.current, key);
    if (found) setCall(found);
  }
  return { arrived: call !== null, call, error };
}

/** For who may not read calls: whether there are more than when the page was opened. */
function useCounted(enabled: boolean): Arrival {
  const [from] = useState(() => new Date().toISOString());
  const before = useRef<number | null>(null);
  const [arrived, setArrived] = useState(false);
  const { data: calls, error } = useQuery({
    queryKey: ["connect", "counted", from],
    queryFn: async ({ signal }) =>
      (await data(api.GET("/metrics/summary", { params: { query: { from } }, signal }))).calls,
    enabled: enabled && !arrived,
    refetchInterval: EVERY_MS,
    staleTime: 0,
    gcTime: 0,
  });
  if (calls !== undefined && before.current === null) before.current = calls;
  if (calls !== undefined && before.current !== null && calls > before.current && !arrived) setArrived(true);
  return { arrived, call: null, error };
}
