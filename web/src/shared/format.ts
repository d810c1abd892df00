/**
 * How figures are written: short, and exact. Pure functions; `figures.tsx` has the components.
 * A no-break space stands between a figure and its unit.
 */

const SPACE = "\u00a0";
const NOTHING = "—";
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
const EXACT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 9 });
const NINE = new Intl.NumberFormat("en-US", { minimumFractionDigits: 9, maximumFractionDigits: 9 });
const TENTHS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
const CENTS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** 847 · 12.4k · 3.21M */
export function count(value: number): string {
  if (Math.abs(value) < 1000) return EXACT.format(Math.round(value));
  return COMPACT.format(value).replace("K", "k");
}

/** 12,431 */
export function countExact(value: number): string {
  return EXACT.format(value);
}

/** "12,431 calls", "1 call" */
export function counted(value: number, of: string): string {
  return `${countExact(value)} ${value === 1 ? of.replace(/s$/, "") : of}`;
}

/** $1,204.31 · $0.0042 · $0.0000031: two significant digits below a cent. Null is a cost that is not known: — */
export function money(dollars: number | null): string {
  if (dollars === null) return NOTHING;
  if (dollars === 0) return "$0.00";
  const sign = dollars < 0 ? "−" : "";
  const size = Math.abs(dollars);
  if (size >= 1e6) return `${sign}$${COMPACT.format(size)}`;
  // 0.00995 and more has a cent as its two significant digits.
  if (size >= 0.00995) return `${sign}$${CENTS.format(size)}`;
  const digits = 1 - Math.floor(Math.log10(size));
  const text = size.toFixed(Math.min(digits, 9));
  // Rounding up to the next power of ten leaves one digit too many: 0.000996 is 0.0010, not 0.00100.
  const rounded = digits < 9 && Number(text) >= 10 ** (2 - digits) ? size.toFixed(digits - 1) : text;
  return `${sign}$${rounded}`;
}

/** All nine decimals. */
export function moneyExact(dollars: number): string {
  return `${dollars < 0 ? "−" : ""}$${NINE.format(Math.abs(dollars))}`;
}

/** 84 ms · 1.24 s · 2 min 05 s · 1 h 02 min */
export function latency(ms: number | null): string {
  if (ms === null) return NOTHING;
  if (ms < 9.95) return `${Number(ms.toPrecision(2))}${SPACE}ms`;
  if (ms < 999.5) return `${Math.round(ms)}${SPACE}ms`;
  const seconds = ms / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)}${SPACE}s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}${SPACE}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}${SPACE}min${SPACE}${two(whole % 60)}${SPACE}s`;
  const minutes = Math.round(seconds / 60);
  return `${EXACT.format(Math.floor(minutes / 60))}${SPACE}h${SPACE}${two(minutes % 60)}${SPACE}min`;
}

/** 1,243.7 ms */
export function latencyExact(ms: number): string {
  return `${TENTHS.format(ms)}${SPACE}ms`;
}

/** 0.42 % · 12.3 %, of a share between 0 and 1. What is not all is never 100 %, and what is something never 0 %. */
export function share(value: number | null): string {
  if (value === null) return NOTHING;
  const percent = value * 100;
  if (percent === 0 || percent === 100) return `${percent}${SPACE}%`;
  if (percent < 0.01) return `<${SPACE}0.01${SPACE}%`;
  if (percent > 99.9 && percent < 100) return `>${SPACE}99.9${SPACE}%`;
  return `${percent.toFixed(percent < 9.995 ? 2 : 1)}${SPACE}%`;
}

/** "14 of 798 calls" */
export function shareExact(part: number, whole: number, of: string): string {
  return `${countExact(part)} of ${countExact(whole)} ${of}`;
}

export interface ChangeText {
  text: string;
  direction: "up" | "down" | "same" | "new";
}

/** Fewer calls than this say nothing about a change. */
export const ENOUGH_CALLS = 20;

/**
 * ▲ 12 % against the window before; "new" if it was 0; null (nothing is shown) below 20 calls, and where either value
 * is not known.
 */
export function change(
  now: number | null,
  before: number | null,
  calls: { now: number; before: number },
): ChangeText | null {
  if (now === null || before === null || calls.now < ENOUGH_CALLS) return null;
  if (before === 0) return now === 0 ? null : { text: "new", direction: "new" };
  if (calls.before < ENOUGH_CALLS) return null;
  const part = (now - before) / before;
  const percent = Math.abs(part) * 100;
  if (percent < 0.5) return { text: `±${SPACE}0${SPACE}%`, direction: "same" };
  const text = `${part > 0 ? "▲" : "▼"}${SPACE}${EXACT.format(Math.round(percent))}${SPACE}%`;
  return { text, direction: part > 0 ? "up" : "down" };
}

let zoneHere: string | undefined;

/** The zone that the viewer lives in, as an IANA name. */
export function viewerZone(): string {
  zoneHere ??= Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  return zoneHere;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];

/** 14:02:31 */
export function clock(time: Date, zone?: string): string {
  if (zone !== undefined) return time.toLocaleTimeString("en-GB", { timeZone: zone });
  // A list writes thousands of times while it scrolls; toLocale… takes a hundred times as long.
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** 24 Nov · 24 Nov 2025 in another year */
export function day(time: Date, now = new Date()): string {
  const year = time.getFullYear() === now.getFullYear() ? "" : ` ${time.getFullYear()}`;
  return `${time.getDate()} ${MONTHS[time.getMonth()]}${year}`;
}

/** 14:02:31 today, else 24 Nov, 14:02:31 */
export function dayAndClock(time: Date, now = new Date()): string {
  return time.toDateString() === now.toDateString() ? clock(time) : `${day(time, now)}, ${clock(time)}`;
}

/** just now · 2 min ago · 3 h ago · 5 days ago, then the date */
export function ago(time: Date, now = new Date()): string {
  const seconds = Math.round((now.getTime() - time.getTime()) / 1000);
  if (seconds < -60) return dayAndClock(time, now);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${seconds}${SPACE}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${SPACE}min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}${SPACE}h ago`;
  const days = Math.floor(seconds / 86_400);
  return days < 30 ? `${days}${SPACE}day${days === 1 ? "" : "s"} ago` : day(time, now);
}

/** The whole time in the viewer's zone, and in UTC. */
export function timeExact(time: Date): string {
  const here = `${day(time, new Date(0))}, ${clock(time)} ${viewerZone()}`;
  return `${here}\n${time
    .toISOString()
    .replace("T", " ")
    .replace(/(\.000)?Z$/, "")} UTC`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
