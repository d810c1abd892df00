/** The header of the list, and the cells of a row. */
import { IconChevronDown } from "@tabler/icons-react";
import { memo } from "react";
import type { View } from "@/shared/search";
import { useView } from "@/shared/view";
import classes from "./calls.module.css";
import type { CellContext, Column } from "./columns";
import type { CallRow } from "./list";

/** The largest, or the newest, come first; a second press goes back to the newest. */
export function Head({ columns, narrow, view }: { columns: readonly Column[]; narrow: boolean; view: View }) {
  const { change } = useView();
  const sort = view.sort ?? "time";
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: its buttons are
    <div role="row" className={classes.head} aria-rowindex={1}>
      {columns.map(({ key, title, right, sort: by }) => (
        // biome-ignore lint/a11y/useFocusableInteractive: its button is
        <span
          key={key}
          role="columnheader"
          data-right={right || undefined}
          aria-sort={by === sort ? "descending" : undefined}
        >
          {by ? (
            <button
              type="button"
              className={classes.sort}
              onClick={() => change({ sort: by === "time" || by === sort ? undefined : by })}
            >
              {title}
              {by === sort && <IconChevronDown size={12} aria-hidden />}
            </button>
          ) : (
            <span className={narrow && key === "status" ? "hidden" : undefined}>{title}</span>
          )}
        </span>
      ))}
    </div>
  );
}

interface CellsProps {
  row: CallRow;
  columns: readonly Column[];
  scale: number;
  narrow: boolean;
  sought: CellContext["sought"];
}

export const Cells = memo(function Cells({ row, columns, scale, narrow, sought }: CellsProps) {
  return columns.map(({ key, right, cell, exact, tip }) => {
    const said = exact?.(row);
    return (
      <span
        key={key}
        role="cell"
        dir={tip ? "auto" : undefined}
        aria-label={said}
        data-tip={said ?? tip?.(row)}
        data-right={right || undefined}
      >
        {cell(row, { scale, narrow, sought })}
      </span>
    );
  });
});
