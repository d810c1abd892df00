/** The columns that the list may have, in the order in which they stand. */
import { IconAlertTriangle, IconClockX, IconHandStop, IconShieldX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import * as format from "@/shared/format";
import type { Sort } from "@/shared/search";
import classes from "./calls.module.css";
import type { CallRow } from "./list";
import { marked, type soughtIn } from "./words";

export interface CellContext {
  /** The latency that fills its cell. */
  scale: number;
  /** There is little room: times and status are shortened. */
  narrow: boolean;
  /** What a search looked for: marked where it is seen. */
  sought: ReturnType<typeof soughtIn>;
}

export interface Column {
  key: string;
  title: string;
  width: number;
  narrowWidth?: number;
  /** Takes the room that is left. */
  grows?: boolean;
  right?: boolean;
  sort?: Sort;
  /** Not there unless it is chosen. */
  optional?: boolean;
  /** What is seen: a text wherever it can be one, since a screen has hundreds of cells and scrolls sixty times a second. */
  cell: (row: CallRow, context: CellContext) => ReactNode;
  /** The exact form, in the tip and for screen readers. */
  exact?: (row: CallRow) => string | undefined;
  /** Only in the tip. */
  tip?: (row: CallRow) => string | undefined;
}

export const COLUMNS: readonly Column[] = [
  { key: "id", title: "Number", width: 80, right: true, optional: true, cell: (row) => row.id },
  {
    key: "time",
    title: "Time",
    width: 112,
    narrowWidth: 60,
    sort: "time",
    cell: (row, { narrow }) => (narrow ? shortTime : format.dayAndClock)(new Date(row.created_at)),
    tip: (row) => {
      const time = new Date(row.created_at);
      return `${format.ago(time)}\n${format.timeExact(time)}`;
    },
  },
  named("project", "Project", 136, (row) => row.project),
  named("environment", "Environment", 112, (row) => row.environment),
  named("provider", "Provider", 100, (row) => row.provider),
  { ...named("model", "Model", 136, (row) => row.model), optional: false },
  {
    key: "status",
    title: "Status",
    width: 100,
    narrowWidth: 24,
    cell: (row, { narrow }) => <StatusCell row={row} narrow={narrow} />,
    tip: faultOf,
  },
  {
    key: "text",
    title: "Name or prompt",
    width: 180,
    narrowWidth: 112,
    grows: true,
    cell: (row, { sought }) => <TextCell row={row} sought={sought} />,
  },
  named("end_user", "End user", 136, (row) => row.end_user),
  named("session_id", "Session", 148, (row) => row.session_id),
  named("trace_id", "Trace", 148, (row) => row.trace_id),
  named("tags", "Tags", 148, (row) => row.tags.join(", ")),
  {
    key: "time_to_first_token_ms",
    title: "First token",
    width: 92,
    right: true,
    optional: true,
    cell: ({ time_to_first_token_ms: ms }) => ms !== null && format.latency(ms),
    exact: ({ time_to_first_token_ms: ms }) => (ms === null ? undefined : format.latencyExact(ms)),
  },
  {
    key: "latency",
    title: "Latency",
    width: 100,
    narrowWidth: 68,
    right: true,
    sort: "latency",
    cell: ({ latency_ms }, { scale }) => (
      <span className={classes.latency}>
        <i style={{ width: `${Math.min(latency_ms / scale, 1) * 100}%` }} />
        {format.latency(latency_ms)}
      </span>
    ),
    exact: (row) => format.latencyExact(row.latency_ms),
  },
  {
    key: "tokens",
    title: "Tokens in → out",
    width: 108,
    right: true,
    sort: "tokens",
    cell: (row) => `${format.count(row.prompt_tokens)} → ${format.count(row.completion_tokens)}`,
    exact: (row) =>
      `${format.countExact(row.prompt_tokens)} prompt tokens, ${format.countExact(row.completion_tokens)} completion tokens`,
  },
  {
    key: "cached_tokens",
    title: "Cached",
    width: 80,
    right: true,
    optional: true,
    cell: ({ cached_tokens }) => cached_tokens > 0 && format.count(cached_tokens),
    exact: ({ cached_tokens }) => (cached_tokens > 0 ? `${format.countExact(cached_tokens)} cached tokens` : undefined),
  },
  {
    key: "cost",
    title: "Cost",
    width: 88,
    right: true,
    sort: "cost",
    cell: (row) => format.money(row.estimated_cost),
    exact: costOf,
  },
  {
    key: "rating",
    title: "Rating",
    width: 48,
    right: true,
    cell: ({ rating }) => rating !== null && `${tenths(rating)} ★`,
    exact: ({ rating, ratings }) =>
      rating === null ? undefined : `${tenths(rating)} of 5, ${ratings === 1 ? "one rating" : `${ratings} ratings`}`,
  },
];

export const DEFAULT_KEYS: readonly string[] = COLUMNS.filter((column) => !column.optional).map(({ key }) => key);

/** What stays longest where there is little room. Columns that are not in it come after these. */
const IMPORTANT = ["text", "time", "status", "latency", "model", "cost", "tokens", "rating"];
export const NARROW = 640;
const GAP = 16;

/** The chosen columns for which there is room, in their order. The one with the text always is. */
export function fitting(chosen: readonly string[], width: number): Column[] {
  const narrow = width < NARROW;
  const wanted = COLUMNS.filter(({ key, grows }) => grows || chosen.includes(key));
  const place = ({ key }: Column) => (IMPORTANT.includes(key) ? IMPORTANT.indexOf(key) : IMPORTANT.length);
  const kept = new Set<Column>();
  let left = width;
  for (const column of [...wanted].sort((a, b) => place(a) - place(b))) {
    const needed = widthOf(column, narrow) + GAP;
    // What is less important must not take the room of what was left out.
    if (needed > left && kept.size > 0) break;
    left -= needed;
    kept.add(column);
  }
  return wanted.filter((column) => kept.has(column));
}

function widthOf({ width, narrowWidth }: Column, narrow: boolean): number {
  return narrow ? (narrowWidth ?? width) : width;
}

/** `grid-template-columns` of header and rows. */
export function template(columns: readonly Column[], narrow: boolean): string {
  return columns.map((column) => (column.grows ? "minmax(0, 1fr)" : `${widthOf(column, narrow)}px`)).join(" ");
}

/** A column of names, which may be longer than it is wide. */
function named(key: string, title: string, width: number, of: (row: CallRow) => string | null): Column {
  return { key, title, width, optional: true, cell: of, tip: (row) => of(row) || undefined };
}

function shortTime(time: Date): string {
  const today = time.toDateString() === new Date().toDateString();
  return today ? format.clock(time).slice(0, 5) : format.day(time);
}

function tenths(value: number): string {
  return Number(value.toFixed(1)).toString();
}

function costOf(row: CallRow): string {
  if (row.estimated_cost !== null) return format.moneyExact(row.estimated_cost);
  if (row.refused) return "Refused: it cost nothing";
  return row.cache_hit ? "From the cache: it cost nothing" : `No price for ${row.model}`;
}

function faultOf({ status, error_type, error_kind, refused, policy_violation }: CallRow): string | undefined {
  if (refused) return `Refused: ${refused}`;
  const why = error_type ?? error_kind;
  const against = againstPolicy(policy_violation);
  return [why && `${status}: ${why}`, against].filter(Boolean).join("\n") || undefined;
}

/** "Against a policy: model disabled", of a call that was made all the same. */
function againstPolicy(violations: readonly string[]): string | undefined {
  return violations.length > 0 ? `Against a policy: ${violations.join(", ").replaceAll("_", " ")}` : undefined;
}

const FAULTS = { error: IconAlertTriangle, timeout: IconClockX } as const;

function StatusCell({ row, narrow }: { row: CallRow; narrow: boolean }) {
  const { status, error_type, error_kind, refused } = row;
  const against = againstPolicy(row.policy_violation);
  const Icon = refused ? IconHandStop : against ? IconShieldX : status === "success" ? null : FAULTS[status];
  const word = refused ? "refused" : status === "error" ? (error_type ?? error_kind ?? status) : status;
  return (
    <span
      className={classes.status}
      data-status={refused ? "refused" : against && status === "success" ? "against" : status}
    >
      {Icon && <Icon size={14} aria-hidden />}
      <span className={narrow ? "hidden" : undefined}>{word}</span>
      {against && <span className="hidden">{against}</span>}
    </span>
  );
}

function TextCell({ row, sought }: { row: CallRow; sought: CellContext["sought"] }) {
  const { id, name, preview } = row;
  return (
    <a href={`${import.meta.env.BASE_URL}calls/${id}`} tabIndex={-1} className={classes.text}>
      {name && <b dir="auto">{name}</b>}
      {preview ? (
        <span dir="auto">{sought.length > 0 ? <Marked text={preview} sought={sought} /> : preview}</span>
      ) : (
        !name && <span>No text</span>
      )}
    </a>
  );
}

function Marked({ text, sought }: { text: string; sought: CellContext["sought"] }) {
  return marked(text, sought).map((piece, index) => (index % 2 ? <mark key={index}>{piece}</mark> : piece));
}
