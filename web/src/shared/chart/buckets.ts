/** The time axis: buckets, which of them have a label, and what it says. In the viewer's zone, which the API counted in. */
import { clock, day } from "../format";

const HOUR = 3_600_000;
const WIDTHS: Record<string, number> = { minute: 60_000, hour: HOUR, day: 24 * HOUR, week: 168 * HOUR };
const STEPS: Record<string, number[]> = {
  minute: [1, 2, 5, 10, 15, 30, 60, 120, 180, 360],
  hour: [1, 2, 3, 6, 12, 24, 48, 168],
  day: [1, 2, 7, 14, 28],
  week: [1, 2, 4, 8, 13],
};

export function bucketWidth(bucket: string): number {
  return WIDTHS[bucket] ?? HOUR;
}

/** Labels by bucket; null where there is none. At most `most`, on round times, with the date where days change. */
export function tickLabels(starts: string[], bucket: string, most: number): (string | null)[] {
  const times = starts.map((start) => new Date(start));
  const steps = STEPS[bucket] ?? [1];
  const step = steps.find((one) => times.length / one <= Math.max(most, 1)) ?? steps.at(-1) ?? 1;
  return times.map((time, at) => (isRound(time, at, bucket, step) ? label(time, bucket) : null));
}

function isRound(time: Date, at: number, bucket: string, step: number): boolean {
  const minutes = time.getHours() * 60 + time.getMinutes();
  if (bucket === "minute") return minutes % step === 0;
  if (bucket === "hour")
    return step <= 24 ? time.getHours() % step === 0 : time.getHours() === 0 && dayNumber(time) % (step / 24) === 0;
  return at % step === 0;
}

function dayNumber(time: Date): number {
  return Math.floor((time.getTime() - time.getTimezoneOffset() * 60_000) / (24 * HOUR));
}

function label(time: Date, bucket: string): string {
  const midnight = time.getHours() === 0 && time.getMinutes() === 0;
  return bucket === "day" || bucket === "week" || midnight ? day(time) : clock(time).slice(0, 5);
}

/** What a bucket is called where it is pointed at: "24 Nov, 14:00 – 15:00", "Tue 24 Nov". */
export function bucketName(start: string, bucket: string): string {
  const from = new Date(start);
  const weekday = from.toLocaleDateString("en-GB", { weekday: "short" });
  if (bucket === "day") return `${weekday} ${day(from)}`;
  if (bucket === "week") return `Week of ${day(from)}`;
  const to = new Date(from.getTime() + bucketWidth(bucket));
  return `${day(from)}, ${clock(from).slice(0, 5)} – ${clock(to).slice(0, 5)}`;
}

/** The bucket that now falls into, which is still filling; −1 if the range is over. */
export function fillingBucket(starts: string[], bucket: string, now = Date.now()): number {
  const last = starts.length - 1;
  const start = last >= 0 ? new Date(starts[last] ?? 0).getTime() : Number.NaN;
  return start <= now && now < start + bucketWidth(bucket) ? last : -1;
}
