/** The bucket of a chart whose list stays open, so that one can go into it: until Escape, or a click elsewhere. */
import { type RefObject, useCallback, useEffect, useState } from "react";
import { point } from "./crosshair";

interface Pinned {
  /** Start of the bucket. */
  start: string;
  /** Then the focus goes into the list. */
  byKey: boolean;
}

export function usePin(box: RefObject<HTMLElement | null>) {
  const [pinned, setPinned] = useState<Pinned | null>(null);
  const pin = useCallback((next: Pinned | null) => {
    setPinned(next);
    if (next === null) point(null);
  }, []);
  useEffect(() => {
    if (pinned === null) return;
    const elsewhere = (event: globalThis.PointerEvent) => {
      if (!(event.target instanceof Node && box.current?.contains(event.target))) pin(null);
    };
    const close = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      if (box.current?.contains(document.activeElement)) box.current.focus();
      pin(null);
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("keydown", close, true);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("keydown", close, true);
    };
  }, [pinned, pin, box]);
  return { pinned, pin };
}
