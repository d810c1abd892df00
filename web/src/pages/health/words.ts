/** The state of the server in words. */
import type { DetailsOut } from "@/api/schema";

const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];
const LITTLE = 0.1;

/** 6.7 GB: in steps of a thousand, as disks are sold. */
export function bytes(value: number | null): string {
  if (value === null) return "not known";
  let amount = value;
  let unit = 0;
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && amount < 9.95 ? 1 : 0;
  return `${amount.toFixed(digits)}\u00a0${UNITS[unit]}`;
}

export function share(part: number, whole: number): string {
  return whole > 0 ? `${Math.round((100 * part) / whole)}\u00a0%` : "—";
}

/** What an admin should do something about, a sentence each. */
export function troubled({ troubles, database, retention }: DetailsOut): string[] {
  const found = Object.entries(troubles).flatMap(([what, why]) => (why === null ? [] : [`The ${what}: ${why}.`]));
  if (retention !== null) {
    found.push(`Retention: ${retention}.`);
  }
  const { disk_free_bytes: free, disk_bytes: all, size_bytes: size } = database;
  if (free !== null && all !== null && (free < LITTLE * all || (size !== null && free < LITTLE * size))) {
    found.push(
      `Only ${bytes(free)} are free on the disk of the database. Make room, or let payloads be deleted by age.`,
    );
  }
  return found;
}
