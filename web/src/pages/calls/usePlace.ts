/** Where one is in a list: the chosen row, and whether one came back to it or came anew. Kept as long as the rows are. */
import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { View } from "@/shared/search";
import { type CallRow, startAgain } from "./list";

interface Place {
  /** The call whose row the keyboard is at. */
  chosen: number | null;
  /** The steps of the browser's history at which the list was shown. */
  steps: string[];
}

const NOWHERE: Place = { chosen: null, steps: [] };
const MOST_STEPS = 100;
const FRESH_MS = 10_000;

export function usePlace(view: View, rows: readonly CallRow[], opened: number | undefined, loadedAt: number) {
  const queryClient = useQueryClient();
  const id = encodeURIComponent(JSON.stringify(view));
  const key = useMemo(() => ["calls-place", id], [id]);
  const place = useQuery<Place>({ queryKey: key, queryFn: skipToken, staleTime: "static" }).data ?? NOWHERE;
  const set = useCallback(
    (part: Partial<Place>) => queryClient.setQueryData<Place>(key, (before = NOWHERE) => ({ ...before, ...part })),
    [queryClient, key],
  );
  // Held here, too: keys come faster than the cache tells of what was put into it.
  const [held, setHeld] = useState<{ id: string; call: number | null } | null>(null);
  const chosen = (held?.id === id ? held.call : place.chosen) ?? opened ?? null;
  const at = useMemo(() => (chosen === null ? -1 : rows.findIndex((row) => row.id === chosen)), [rows, chosen]);

  // Who comes back finds the list as he left it; who comes anew finds the newest calls.
  const step = useLocation({ select: ({ state, href }) => state.__TSR_key ?? href });
  const here = useRef({ id: "", view, loadedAt, steps: place.steps });
  here.current = { ...here.current, view, loadedAt, steps: place.steps };
  useEffect(() => {
    const { view, loadedAt, steps } = here.current;
    const arrived = here.current.id !== id;
    here.current.id = id;
    if (steps.includes(step)) return;
    set({ steps: [...steps.slice(1 - MOST_STEPS), step] });
    if (arrived && loadedAt > 0 && Date.now() - loadedAt > FRESH_MS) void startAgain(queryClient, view);
  }, [id, step, set, queryClient]);

  const choose = useCallback(
    (call: number | null) => {
      setHeld({ id, call });
      set({ chosen: call });
    },
    [set, id],
  );
  const toTop = useCallback(() => {
    choose(null);
    document.querySelector(`[data-scroll-restoration-id="${id}"]`)?.scrollTo({ top: 0 });
  }, [choose, id]);
  return { id, at, choose, toTop };
}
