/**
 * The range of time that a page is about: `range=24h` (up to now) or `from=…&to=…`, as it stands in the address, and
 * what a person may type for it.
 */

export interface RangeIn {
  range?: string;
  from?: string;
  to?: string;
}

export interface Range {
  /** The last so many minutes; null for a range with ends of its own. */
  minutes: number | null;
  from: Date;
  to: Date;
  /** "Last 24 hours", or the two ends in the viewer's zone. */
  label: string;
}

const MINUTES = { m: 1, h: 60, d: 1440 } as const;
const UNITS = { m: "minute", h: "hour", d: "day" } as const;
type Unit = keyof typeof MINUTES;

export const DEFAULT_RANGE = "24h";
export const PRESETS = ["15m", "1h", "6h", "24h", "3d", "7d", "30d", "90d"];
const LONGEST_DAYS = 3660;

export function isRangeName(text: string): boolean {
  const minutes = minutesOf(text);
  return minutes !== null && minutes > 0 && minutes <= LONGEST_DAYS * 1440;
}

function minutesOf(name: string): number | null {
  const match = /^(\d{1,5})([mhd])$/.exec(name);
  return match ? Number(match[1]) * MINUTES[match[2] as Unit] : null;
}

export function rangeLabel(name: string): string {
  const match = /^(\d+)([mhd])$/.exec(name);
  if (!match) return name;
  const count = Number(match[1]);
  const unit = UNITS[match[2] as Unit];
  return count === 1 ? `Last ${unit}` : `Last ${count} ${unit}s`;
}

export function readRange({ range, from, to }: RangeIn, now = new Date()): Range {
  const start = from === undefined ? null : new Date(from);
  if (start && !Number.isNaN(start.getTime())) {
    const end = to === undefined ? now : new Date(to);
    if (!Number.isNaN(end.getTime()) && end > start) {
      return {
        minutes: null,
        from: start,
        to: end,
        label: `${shortTime(start)} – ${to ? endTime(start, end) : "now"}`,
      };
    }
  }
  const name = range !== undefined && isRangeName(range) ? range : DEFAULT_RANGE;
  const minutes = minutesOf(name) ?? 1440;
  return { minutes, from: new Date(now.getTime() - minutes * 60_000), to: now, label: rangeLabel(name) };
}

/** The parameters `days`, or `from` and `to`, of the API. */
export function rangeParams(view: RangeIn): { days?: number; from?: string; to?: string } {
  const { minutes, from, to } = readRange(view);
  if (minutes !== null) return { days: minutes / 1440 };
  return view.to === undefined ? { from: from.toISOString() } : { from: from.toISOString(), to: to.toISOString() };
}

/** Milliseconds after which new figures are worth asking for; false for a range that is over. */
export function refreshEvery(view: RangeIn): number | false {
  const { minutes, from, to } = readRange(view);
  if (minutes === null && view.to !== undefined) return false;
  const long = minutes ?? (to.getTime() - from.getTime()) / 60_000;
  if (long <= 60) return 10_000;
  return long <= 1440 ? 30_000 : 120_000;
}

/** The day is said once if both ends are on it. */
function endTime(start: Date, end: Date): string {
  const text = shortTime(end);
  return start.toDateString() === end.toDateString() ? text.slice(text.lastIndexOf(" ") + 1) : text;
}

function shortTime(time: Date): string {
  const day = time.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const clock = time.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const year = time.getFullYear() === new Date().getFullYear() ? "" : ` ${time.getFullYear()}`;
  return `${day}${year}, ${clock}`;
}

const DAY = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;

/**
 * A time that a person typed, in the viewer's zone: `2026-11-20`, `2026-11-20 14:00`, `14:00` (today), `today`,
 * `yesterday`, `now`, `3h ago` (or `3h`), or ISO 8601 with its zone. Null for anything else.
 */
export function typedTime(text: string, now = new Date()): Date | null {
  const typed = text.trim().toLowerCase();
  if (typed === "now") return now;
  if (typed === "today" || typed === "yesterday") {
    return new Date(now.getFullYear(), now.getMonth(), now.getDate() - (typed === "today" ? 0 : 1));
  }
  const ago = minutesOf(
    typed
      .replace(/^-/, "")
      .replace(/\s*ago$/, "")
      .replace(/\s+/g, ""),
  );
  if (ago !== null) return new Date(now.getTime() - ago * 60_000);
  const clock = /^(\d{1,2}):(\d{2})$/.exec(typed);
  if (clock) {
    return checked(now.getFullYear(), now.getMonth(), now.getDate(), Number(clock[1]), Number(clock[2]), 0);
  }
  const day = DAY.exec(typed.toUpperCase());
  if (day) {
    const [, year, month, date, hour = 0, minute = 0, second = 0] = day.map(Number);
    return checked(year ?? 0, (month ?? 1) - 1, date ?? 1, hour || 0, minute || 0, second || 0);
  }
  if (/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/i.test(text.trim())) {
    const time = new Date(text.trim());
    return Number.isNaN(time.getTime()) ? null : time;
  }
  return null;
}

/** A date that exists: `new Date` would take 30 February for 2 March. */
function checked(year: number, month: number, day: number, hour: number, minute: number, second: number): Date | null {
  const time = new Date(year, month, day, hour, minute, second);
  return time.getMonth() === month && time.getDate() === day && hour < 24 && minute < 60 && second < 60 ? time : null;
}

/** As `typedTime` reads it: `2026-11-20 14:00`. */
export function timeToType(time: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
