/**
 * A list of any length: only the rows in view exist. A row has a fixed height; what is in it is the page's. It is moved
 * through with j, k, ↓ and ↑; ⏎ opens.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type MouseEvent, type ReactNode, useCallback, useEffect, useRef } from "react";
import { useKeys } from "./keys";
import classes from "./shared.module.css";

interface VirtualTableProps<T> {
  label: string;
  rows: T[];
  /** The same function at each render: it is asked for every row when it is another one. */
  rowKey: (row: T) => string | number;
  rowHeight?: number;
  height: CSSProperties["height"];
  /** Cells of a row, each with `role="cell"`. */
  children: (row: T, index: number) => ReactNode;
  /** The header row, with `role="row"` and `role="columnheader"`s. It stays on top and is 32 px high. */
  header?: ReactNode;
  /** Below the last row. */
  footer?: ReactNode;
  /** Index of the row that the keyboard is at; −1 for none. */
  at: number;
  onMove: (index: number) => void;
  /** It was clicked, or ⏎ was pressed at it. */
  onOpen?: (row: T, index: number, byKey: boolean) => void;
  /** The end comes near: ask for more. */
  onEnd?: () => void;
  /** How many rows before the last one the end is near. */
  near?: number;
  rowClass?: string;
  /** Names the list to the router, which keeps its place for the way back. */
  scrollId?: string;
  /** Where it was left. */
  initialOffset?: number;
}

const NEAR = 30;
const HEADER_HEIGHT = 32;

export function VirtualTable<T>(props: VirtualTableProps<T>) {
  const { label, rows, rowKey, rowHeight = 36, height, children, header, footer, at, onMove, onOpen, onEnd } = props;
  const { near = NEAR, rowClass, scrollId, initialOffset } = props;
  const box = useRef<HTMLDivElement>(null);
  const above = header ? HEADER_HEIGHT : 0;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    getItemKey: useCallback(
      (index: number) => {
        const row = rows[index];
        return row === undefined ? index : rowKey(row);
      },
      [rows, rowKey],
    ),
    overscan: 8,
    scrollMargin: above,
    scrollPaddingStart: above,
    initialOffset,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - near) onEnd?.();
  }, [last, rows.length, near, onEnd]);
  const focus = useFocusOnRow(box, at);
  const move = (step: number) => {
    if (rows.length === 0) return;
    const next = Math.min(Math.max(at + step, 0), rows.length - 1);
    virtual.scrollToIndex(next);
    focus(next);
    onMove(next);
  };
  const open = () => {
    const row = rows[at];
    if (row !== undefined) onOpen?.(row, at, true);
  };
  useKeys(label, [
    { keys: "j", label: "Next row", run: () => move(1) },
    { keys: "k", label: "Row before", run: () => move(-1) },
    { keys: "Enter", label: "Open", run: open },
  ]);
  const click = (event: MouseEvent, row: T, index: number) => {
    // A link in the row that is opened elsewhere, or a text that is being selected.
    if (event.metaKey || event.ctrlKey || event.shiftKey || getSelection()?.type === "Range") return;
    event.preventDefault();
    onMove(index);
    onOpen?.(row, index, false);
  };
  return (
    // A part that scrolls must be reached by keyboard
    <div
      ref={box}
      className={classes.virtual}
      style={{ height }}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + (header ? 1 : 0)}
      tabIndex={0}
      data-scroll-restoration-id={scrollId}
      onKeyDown={(event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        move(step);
      }}
    >
      {header && (
        <div role="rowgroup" style={{ position: "sticky", top: 0, zIndex: 1, height: HEADER_HEIGHT }}>
          {header}
        </div>
      )}
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys above do the same
            <div
              key={item.key}
              role="row"
              tabIndex={-1}
              aria-rowindex={item.index + (header ? 2 : 1)}
              data-index={item.index}
              aria-selected={item.index === at}
              className={rowClass ? `${classes.virtualRow} ${rowClass}` : classes.virtualRow}
              style={{ height: rowHeight, transform: `translateY(${item.start - above}px)` }}
              onClick={(event) => click(event, row, item.index)}
            >
              {children(row, item.index)}
            </div>
          );
        })}
      </div>
      {footer}
    </div>
  );
}

/** The row that the keyboard moves to gets the focus, once it is there: a screen reader says it. */
function useFocusOnRow(box: { current: HTMLDivElement | null }, at: number) {
  const wanted = useRef(-1);
  useEffect(() => {
    if (wanted.current !== at || at < 0) return;
    const row = box.current?.querySelector<HTMLElement>(`[data-index="${at}"]`);
    // It may come with the next rendering, when the list has scrolled.
    if (!row) return;
    wanted.current = -1;
    row.focus({ preventScroll: true });
  });
  return (index: number) => {
    wanted.current = index;
  };
}
