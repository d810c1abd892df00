/** Bars that lie: one row for each thing, with its name, its bar on a scale that all share, and its figure. */
import type { ReactNode } from "react";
import classes from "./chart.module.css";

export interface BarRow {
  key: string;
  label: ReactNode;
  /** Under the label. */
  note?: ReactNode;
  /** Where the bar starts and ends; in either order. */
  from: number;
  to: number;
  /** `sum` is grey; `more` and `less` are the two directions of a change, neither of them good or bad; or a colour. */
  tone: "sum" | "more" | "less" | "accent";
  value: ReactNode;
  /** Under the value. */
  aside?: ReactNode;
  /** Below the row, in its whole width. */
  below?: ReactNode;
}

interface BarRowsProps {
  /** Says what the rows are; for screen readers. */
  label: string;
  rows: BarRow[];
  /** What the left and the right end of the scale stand for. What is left of `low` is cut, and is seen to be. */
  low?: number;
  high: number;
  /** A line through all bars: what they are compared with. */
  mark?: number;
}

export function BarRows({ label, rows, low = 0, high, mark }: BarRowsProps) {
  const place = (value: number) => (high > low ? Math.min(Math.max((value - low) / (high - low), 0), 1) * 100 : 0);
  return (
    <ul className={classes.rows} aria-label={label}>
      {rows.map(({ key, from, to, tone, ...row }) => {
        const [start, end] = [place(Math.min(from, to)), place(Math.max(from, to))];
        return (
          <li key={key}>
            <div className={classes.rowLabel}>
              <span>{row.label}</span>
              {row.note && <small>{row.note}</small>}
            </div>
            <div className={classes.track} aria-hidden>
              <i
                data-tone={tone}
                data-cut={Math.min(from, to) < low || undefined}
                style={{ left: `${start}%`, width: `${end - start}%` }}
              />
              {mark !== undefined && <b style={{ left: `${place(mark)}%` }} />}
            </div>
            <div className={classes.rowValue}>
              <span>{row.value}</span>
              {row.aside && <small>{row.aside}</small>}
            </div>
            {row.below && <div className={classes.rowBelow}>{row.below}</div>}
          </li>
        );
      })}
    </ul>
  );
}
