/** The live tail: what has come in, what of it is shown, and what waits until one wants to see it. */
import { callParams } from "@/api/queries";
import { refreshEvery } from "@/shared/range";
import { stringifySearch, type View } from "@/shared/search";
import type { CallRow } from "./list";

export interface Tail {
  /** Above the list, the last to come first. */
  shown: readonly CallRow[];
  waiting: readonly CallRow[];
  /** Calls that came and are in neither, at least. */
  leftOut: number;
}

export const EMPTY: Tail = { shown: [], waiting: [], leftOut: 0 };
/** More would make a page that is left open grow without end. */
export const MOST_SHOWN = 2_000;
export const MOST_WAITING = 1_000;

/** Calls came, the oldest first. `held`: the eye is on what is there, so they wait. */
export function received(tail: Tail, calls: readonly CallRow[], held: boolean): Tail {
  const known = new Set([...tail.shown, ...tail.waiting].map(({ id }) => id));
  const fresh = calls.filter(({ id }) => !known.has(id)).reverse();
  if (fresh.length === 0) return tail;
  const waiting = [...fresh, ...tail.waiting];
  return held ? cut({ ...tail, waiting }) : released({ ...tail, waiting });
}

/** What waited is shown. */
export function released({ shown, waiting, leftOut }: Tail): Tail {
  return cut({ shown: [...waiting, ...shown], waiting: [], leftOut });
}

export function missed(tail: Tail, calls: number): Tail {
  return { ...tail, leftOut: tail.leftOut + calls };
}

function cut({ shown, waiting, leftOut }: Tail): Tail {
  const over = Math.max(0, shown.length - MOST_SHOWN) + Math.max(0, waiting.length - MOST_WAITING);
  return { shown: shown.slice(0, MOST_SHOWN), waiting: waiting.slice(0, MOST_WAITING), leftOut: leftOut + over };
}

/** The list with what came above it; a call that is in both stays where it was. */
export function withTail(tail: Tail, rows: CallRow[]): CallRow[] {
  if (tail.shown.length === 0) return rows;
  const known = new Set(rows.slice(0, MOST_SHOWN + MOST_WAITING).map(({ id }) => id));
  return [...tail.shown.filter(({ id }) => !known.has(id)), ...rows];
}

/** The last call that is known: the stream begins behind it. Ids rise in the order in which calls were stored. */
export function lastKnown(tail: Tail, rows: readonly CallRow[]): number | undefined {
  const ids = [...tail.waiting, ...tail.shown, ...rows.slice(0, MOST_WAITING)].map(({ id }) => id);
  return ids.length > 0 ? Math.max(...ids) : undefined;
}

export function streamAddress(view: View, after: number | undefined): string {
  const { sort: _sort, ...filters } = callParams(view);
  return `/llm/calls/stream${stringifySearch({ ...filters, after })}`;
}

/** Nothing comes in where the range is over, and in another order than time's nobody would see it come. */
export function canBeLive(view: View): boolean {
  return refreshEvery(view) !== false && (view.sort ?? "time") === "time";
}
