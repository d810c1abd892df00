/** The stream of new calls behind the switch "Live", and what is done with what it brings. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { CallSummary } from "@/api/schema";
import type { View } from "@/shared/search";
import { type CallRow, listView, rowOf } from "./list";
import { canBeLive, EMPTY, lastKnown, missed, received, released, streamAddress, type Tail } from "./live";

/** What comes at once is shown at once: a screen that changes at each call is no use to anybody. */
const GATHER_MS = 250;
const HIDDEN_MS = 60_000;
const AGAIN_MS = 5_000;

export type LiveState = "off" | "connecting" | "live" | "lost" | "asleep";

export interface Live {
  state: LiveState;
  possible: boolean;
  paused: boolean;
  tail: Tail;
  toggle: () => void;
  pause: () => void;
  /** Shows what waits. */
  release: () => void;
}

/**
 * `held`: whether the list is scrolled down, so that nothing may be put above what is read. `rows` are those of the list, as
 * soon as it is loaded.
 */
export function useLive(view: View, rows: readonly CallRow[] | undefined, held: () => boolean): Live {
  const [on, setOn] = useState(false);
  const [paused, setPaused] = useState(false);
  const [state, setState] = useState<LiveState>("off");
  const [tail, setTail] = useState(EMPTY);
  const possible = canBeLive(view);
  const key = JSON.stringify(listView(view));
  const running = on && possible && rows !== undefined;
  const latest = useRef({ view, rows, tail, paused, held });
  latest.current = { view, rows, tail, paused, held };

  // Another list has another tail.
  // biome-ignore lint/correctness/useExhaustiveDependencies: for each list
  useEffect(() => setTail(EMPTY), [key]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: for each list, begun anew
  useEffect(() => {
    if (!running) {
      setState("off");
      return;
    }
    const gathered: CallRow[] = [];
    let source: EventSource | undefined;
    let gathering = 0;
    let sleeping = 0;
    let again = 0;
    let last: number | undefined;
    const take = () => {
      gathering = 0;
      const calls = gathered.splice(0);
      const { paused, held } = latest.current;
      setTail((before) => received(before, calls, paused || held()));
    };
    const open = () => {
      window.clearTimeout(again);
      source?.close();
      setState("connecting");
      const { view, rows = [], tail } = latest.current;
      last ??= lastKnown(tail, rows);
      const stream = new EventSource(streamAddress(view, last));
      source = stream;
      stream.onopen = () => setState("live");
      stream.addEventListener("call", ({ data }: MessageEvent<string>) => {
        const call = rowOf(JSON.parse(data) as CallSummary);
        last = Math.max(last ?? 0, call.id);
        gathered.push(call);
        gathering ||= window.setTimeout(take, GATHER_MS);
      });
      stream.addEventListener("gap", ({ data }: MessageEvent<string>) => {
        const { left_out } = JSON.parse(data) as { left_out: number };
        setTail((before) => missed(before, left_out));
      });
      stream.onerror = () => {
        setState("lost");
        // The browser tries again by itself, unless it was refused.
        if (stream.readyState === EventSource.CLOSED) again = window.setTimeout(open, AGAIN_MS);
      };
    };
    const close = () => {
      source?.close();
      source = undefined;
      window.clearTimeout(again);
    };
    const seen = () => {
      window.clearTimeout(sleeping);
      if (document.hidden) {
        sleeping = window.setTimeout(() => {
          close();
          setState("asleep");
        }, HIDDEN_MS);
      } else if (!source) open();
    };
    document.addEventListener("visibilitychange", seen);
    open();
    return () => {
      document.removeEventListener("visibilitychange", seen);
      window.clearTimeout(sleeping);
      window.clearTimeout(gathering);
      close();
    };
  }, [running, key]);

  const release = useCallback(() => setTail(released), []);
  const toggle = useCallback(() => {
    setOn((before) => !before);
    setPaused(false);
    setTail(released);
  }, []);
  const pause = useCallback(() => {
    setPaused((before) => {
      if (before) setTail(released);
      return !before;
    });
  }, []);
  return useMemo(
    () => ({ state: running ? state : "off", possible, paused, tail, toggle, pause, release }),
    [running, state, possible, paused, tail, toggle, pause, release],
  );
}
