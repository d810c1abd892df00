/**
 * The one tooltip of the page: whatever carries `data-tip` shows it when pointed at, or when it (or the link or row around
 * it) gets the focus. One element for all, since a table has thousands of figures. Escape closes it.
 */
import { useEffect, useRef, useState } from "react";
import classes from "./shared.module.css";

interface Tip {
  text: string;
  x: number;
  y: number;
  below: boolean;
}

const DELAY_MS = 250;

export function Tips() {
  const [tip, setTip] = useState<Tip | null>(null);
  const timer = useRef(0);
  useEffect(() => {
    const show = (element: Element, delay: number) => {
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => {
        const text = element.getAttribute("data-tip");
        if (!text || !element.isConnected) return;
        const box = element.getBoundingClientRect();
        const below = box.top < 64;
        setTip({ text, x: box.left + box.width / 2, y: below ? box.bottom + 6 : box.top - 6, below });
      }, delay);
    };
    const hide = () => {
      window.clearTimeout(timer.current);
      setTip(null);
    };
    const over = (event: PointerEvent) => {
      if (event.pointerType === "touch") return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest("[role=tooltip]")) return;
      const found = target?.closest("[data-tip]");
      if (found) show(found, DELAY_MS);
      else hide();
    };
    const focus = (event: FocusEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (!target?.matches(":focus-visible")) return;
      const found = target.matches("[data-tip]") ? target : target.querySelector("[data-tip]");
      if (found) show(found, DELAY_MS);
      else hide();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") hide();
    };
    document.addEventListener("pointerover", over);
    document.addEventListener("focusin", focus);
    document.addEventListener("focusout", hide);
    document.addEventListener("keydown", key);
    document.addEventListener("scroll", hide, true);
    return () => {
      window.clearTimeout(timer.current);
      document.removeEventListener("pointerover", over);
      document.removeEventListener("focusin", focus);
      document.removeEventListener("focusout", hide);
      document.removeEventListener("keydown", key);
      document.removeEventListener("scroll", hide, true);
    };
  }, []);
  if (tip === null) return null;
  // Half of the widest tip on either side, so that none leaves the window.
  const half = Math.min(Math.max(tip.text.length * 3.5, 40), 180);
  const x = Math.min(Math.max(tip.x, half + 12), window.innerWidth - half - 12);
  return (
    <div role="tooltip" className={classes.tip} data-below={tip.below || undefined} style={{ left: x, top: tip.y }}>
      {tip.text}
    </div>
  );
}
