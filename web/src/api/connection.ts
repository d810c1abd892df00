/** Whether the server answers, and when it last did. What the indicator in the top bar shows. */
import { useSyncExternalStore } from "react";

interface State {
  lost: boolean;
  /** When the server last answered, in milliseconds since the epoch; null before the first answer. */
  answeredAt: number | null;
}

let state: State = { lost: false, answeredAt: null };
const watchers = new Set<() => void>();

function become(next: State): void {
  state = next;
  for (const watcher of watchers) watcher();
}

export const connection = {
  answered: () => become({ lost: false, answeredAt: Date.now() }),
  lost: () => become({ ...state, lost: true }),
};

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function useConnection(): State {
  return useSyncExternalStore(watch, () => state);
}
