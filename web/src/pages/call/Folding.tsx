/** Whatever is higher than 24 lines is folded, with a button that shows the rest. */
import { Button } from "@mantine/core";
import { type FocusEvent, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import classes from "./call.module.css";

/** 24 lines of 22 px. */
const FOLDED_PX = 24 * 22;
/** A fold that would hide less than this is not worth its button. */
const SLACK_PX = 66;

interface FoldingProps {
  /** "Show all 132 lines" */
  label: string;
  /** There is more than the children show while folded. */
  more?: boolean;
  children: (open: boolean) => ReactNode;
}

export function Folding({ label, more = false, children }: FoldingProps) {
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const [high, setHigh] = useState(false);
  useLayoutEffect(() => {
    const inside = box.current?.firstElementChild;
    if (!inside) return;
    const measure = () => setHigh(inside.getBoundingClientRect().height > FOLDED_PX + SLACK_PX);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(inside);
    return () => observer.disconnect();
  }, []);
  const folds = high || more;
  // What the keyboard gets to must be seen.
  const reach = ({ target }: FocusEvent) => {
    const top = target.getBoundingClientRect().top - (box.current?.getBoundingClientRect().top ?? 0);
    if (folds && !open && top > FOLDED_PX - 44) setOpen(true);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it only watches where the focus goes */}
      <div
        ref={box}
        className={classes.folding}
        data-folded={(folds && !open) || undefined}
        style={{ maxHeight: folds && !open ? FOLDED_PX : undefined }}
        onFocus={reach}
      >
        <div>{children(open)}</div>
      </div>
      {folds && (
        <Button size="compact-xs" variant="subtle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Show less" : label}
        </Button>
      )}
    </>
  );
}
