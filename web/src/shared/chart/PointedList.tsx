/** The values of the bucket that is pointed at, largest first; of bars, with the sum. Once pinned, each leads to its calls. */
import { type CSSProperties, useEffect, useRef } from "react";
import type { Palette } from "../colors";
import type { View } from "../search";
import { CallsLink } from "../view";
import classes from "./chart.module.css";
import type { Door } from "./door";
import { colorOf, type Series, total } from "./series";

interface PointedListProps {
  title: string;
  kind: "bars" | "lines";
  at: number;
  /** What the bucket is called. */
  name: string;
  series: Series[];
  write: (value: number) => string;
  palette: Palette;
  place: CSSProperties;
  /** It stays open, and `view` is the calls of the bucket. */
  pin?: { byKey: boolean; view: View; where: Door["where"] } | null;
  /** Says that a click pins it. */
  hint: boolean;
}

export function PointedList({ title, kind, at, name, series, write, palette, place, pin, hint }: PointedListProps) {
  const box = useRef<HTMLDivElement>(null);
  const byKey = pin?.byKey ?? false;
  useEffect(() => {
    if (byKey) box.current?.querySelector("a")?.focus();
  }, [byKey]);
  const rows = series
    .map((one) => ({ ...one, value: one.values[at] ?? null }))
    .filter(({ value }) => kind === "lines" || value)
    .sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
  const whereOf = (series: string, value: number | null) => (value === null ? null : pin?.where?.(series, value));
  return (
    <div
      ref={box}
      className={classes.list}
      style={place}
      {...(pin ? { role: "dialog", "aria-label": `${title}, ${name}`, "data-pinned": true } : { role: "status" })}
    >
      <p>{name}</p>
      {rows.map((row) => {
        const where = whereOf(row.name, row.value);
        return (
          <div key={row.name}>
            <i style={{ background: colorOf(palette, row.color) }} aria-hidden />
            <span dir="auto">
              {where ? <CallsLink where={{ ...pin?.view, ...where }}>{row.name}</CallsLink> : row.name}
            </span>
            <b>{row.value === null ? "—" : write(row.value)}</b>
          </div>
        );
      })}
      {kind === "bars" && rows.length !== 1 && (
        <div>
          <span>{rows.length === 0 ? "nothing" : "sum"}</span>
          <b>{write(total(rows.map(({ value }) => value)))}</b>
        </div>
      )}
      {pin ? (
        <CallsLink where={pin.view}>See these calls</CallsLink>
      ) : (
        hint && <small>Click for the calls, drag to zoom</small>
      )}
    </div>
  );
}
