/** Dragging over a chart makes its part the page's range; a double click goes back. */
import { useCallback } from "react";
import type { View } from "../search";
import { useView } from "../view";

type Ends = Pick<View, "range" | "from" | "to">;

/** The ranges before each zoom, with the one that the zoom made: after another change of range they are worth nothing. */
let before: { was: Ends; made: Ends }[] = [];

export function useZoom() {
  const { view, change } = useView();
  const { range, from, to } = view;
  const zoom = useCallback(
    (start: Date, end: Date) => {
      const made = { range: undefined, from: start.toISOString(), to: end.toISOString() };
      if (before.at(-1)?.made.from !== from) before = [];
      before.push({ was: { range, from, to }, made });
      change(made);
    },
    [range, from, to, change],
  );
  const unzoom = useCallback(() => {
    const last = before.pop();
    if (last && last.made.from === from && last.made.to === to) {
      change({ range: last.was.range, from: last.was.from, to: last.was.to });
    }
  }, [from, to, change]);
  return { zoom, unzoom };
}
