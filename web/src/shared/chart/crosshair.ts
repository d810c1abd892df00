/** One crosshair for all charts of the page: the time that is pointed at, and in which chart. */
import { useSyncExternalStore } from "react";

interface Pointed {
  /** Start of the bucket, ISO 8601. */
  start: string;
  chart: string;
}

let pointed: Pointed | null = null;
const watchers = new Set<() => void>();

export function point(next: Pointed | null): void {
  if (pointed?.start === next?.start && pointed?.chart === next?.chart) return;
  pointed = next;
  for (const watcher of watchers) watcher();
}

export function usePointed(): Pointed | null {
  return useSyncExternalStore(watch, () => pointed);
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
