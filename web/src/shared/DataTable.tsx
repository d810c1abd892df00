/** A table of some tens of rows: sortable, with bars in its cells, and as much as is asked for. Long lists: `VirtualTable`. */
import { Button } from "@mantine/core";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import classes from "./shared.module.css";

export interface Column<T> {
  key: string;
  title: string;
  cell: (row: T) => ReactNode;
  /** What it is sorted by; without it the column can't be sorted. */
  value?: (row: T) => number | string | null;
  /** Figures stand at the right. */
  right?: boolean;
  /** A bar under the figure, as long as the value is of the largest of the column. */
  bar?: boolean;
  width?: string;
  /** Has what the others leave, and cuts its text (names of any length); one column of a table. */
  grow?: boolean;
  /** Left away on a narrow screen. */
  wide?: boolean;
}

interface DataTableProps<T> {
  /** Says what the rows are; for screen readers. */
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string | number;
  /** By which column it is sorted at first; largest first. Without it rows stay as they come. */
  sortBy?: string;
  /** Rows that are shown at first; the rest by a button. */
  first?: number;
  chosen?: (row: T) => boolean;
}

export function DataTable<T>({
  label,
  columns,
  rows,
  rowKey,
  sortBy,
  first = Number.POSITIVE_INFINITY,
  chosen,
}: DataTableProps<T>) {
  const [sort, setSort] = useState<{ key: string; down: boolean } | null>(sortBy ? { key: sortBy, down: true } : null);
  const [all, setAll] = useState(false);
  const sorted = useMemo(() => {
    const value = columns.find(({ key }) => key === sort?.key)?.value;
    return value && sort ? [...rows].sort((a, b) => compare(value(a), value(b), sort.down)) : rows;
  }, [rows, columns, sort]);
  const shown = all ? sorted : sorted.slice(0, first);
  const press = (key: string) => setSort(sort?.key === key ? { key, down: !sort.down } : { key, down: true });
  return (
    // A part that may scroll must be reached by keyboard
    <section className={classes.tableBox} tabIndex={0} aria-label={label}>
      <table className={classes.table}>
        <caption className="hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.key} column={column} sort={sort} onPress={press} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={rowKey(row)} data-chosen={chosen?.(row) || undefined}>
              {columns.map((column) => (
                <td
                  key={column.key}
                  data-right={column.right || undefined}
                  data-wide={column.wide || undefined}
                  data-grow={column.grow || undefined}
                  style={{ width: column.width }}
                >
                  <Bar column={column} row={row} rows={rows} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < sorted.length && (
        <Button size="compact-xs" variant="subtle" mt={8} onClick={() => setAll(true)}>
          Show all {sorted.length}
        </Button>
      )}
    </section>
  );
}

interface HeadProps<T> {
  column: Column<T>;
  sort: { key: string; down: boolean } | null;
  onPress: (key: string) => void;
}

function Head<T>({ column, sort, onPress }: HeadProps<T>) {
  const here = sort?.key === column.key;
  const order = here ? (sort.down ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" data-right={column.right || undefined} data-wide={column.wide || undefined} aria-sort={order}>
      {column.value ? (
        <button type="button" className={classes.sort} onClick={() => onPress(column.key)}>
          {column.title}
          {here && (sort.down ? <IconChevronDown size={12} aria-hidden /> : <IconChevronUp size={12} aria-hidden />)}
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}

function Bar<T>({ column, row, rows }: { column: Column<T>; row: T; rows: T[] }) {
  const { value, bar, cell, right } = column;
  if (!bar || !value) return cell(row);
  const numbers = rows.map((one) => Number(value(one) ?? 0));
  const part = Number(value(row) ?? 0) / (Math.max(...numbers) || 1);
  return (
    <span className={classes.bar} data-left={!right || undefined}>
      {cell(row)}
      <i style={{ width: `${part * 100}%` }} aria-hidden />
    </span>
  );
}

/** What is not known comes last, whichever way. */
function compare(a: number | string | null, b: number | string | null, down: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === "string" || typeof b === "string" ? String(b).localeCompare(String(a)) : b - a;
  return (typeof a === "string" ? -order : order) * (down ? 1 : -1);
}
