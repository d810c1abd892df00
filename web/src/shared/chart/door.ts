/** Where the figures of a chart lead: to the calls of a bucket, and of one series in it. */
import type { View } from "../search";
import { bucketWidth } from "./buckets";

export interface Door {
  /** The range that was counted: of the first and the last bucket it may be a part only. */
  from: string;
  to: string;
  /** What narrows the calls of a bucket to those of a series, by its value there; null where no filter does. */
  where?: (name: string, value: number) => View | null;
}

/** The calls of a bucket, as far as they were counted. */
export function bucketView(starts: string[], at: number, bucket: string, door: Door): View {
  const start = new Date(starts[at] ?? door.from).getTime();
  const following = starts[at + 1];
  const end = following ? new Date(following).getTime() : start + bucketWidth(bucket);
  const from = Math.max(start, new Date(door.from).getTime());
  const to = Math.min(end, new Date(door.to).getTime());
  return { range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}
