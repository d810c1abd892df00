import { useMemo } from "react";
import shared from "../shared.module.css";

const WIDTH = 88;
const HEIGHT = 28;

/** The course of a figure, small, without axes. Says nothing to a screen reader: the figure beside it does. */
export function Sparkline({ values, kind = "line" }: { values: (number | null)[]; kind?: "line" | "bars" }) {
  const path = useMemo(() => (kind === "bars" ? barsOf(values) : lineOf(values)), [values, kind]);
  return (
    <svg className={shared.spark} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path
        d={path}
        fill={kind === "bars" ? "var(--cs-other)" : "none"}
        stroke={kind === "bars" ? "none" : "var(--cs-other)"}
        strokeWidth={1.5}
        vectorEffect="non-scaling-stroke"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}

function lineOf(values: (number | null)[]): string {
  const most = Math.max(...values.map((value) => value ?? 0), 0) || 1;
  const step = WIDTH / Math.max(values.length - 1, 1);
  let pen = "M";
  return values
    .map((value, at) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const part = `${pen}${(at * step).toFixed(1)} ${(HEIGHT - 1 - (value / most) * (HEIGHT - 2)).toFixed(1)}`;
      // A value between two gaps is a dot: a line of no length, with round ends.
      const dot = pen === "M" ? "h0" : "";
      pen = "L";
      return part + dot;
    })
    .join("");
}

function barsOf(values: (number | null)[]): string {
  const most = Math.max(...values.map((value) => value ?? 0), 0) || 1;
  const step = WIDTH / Math.max(values.length, 1);
  return values
    .map((value, at) => {
      const height = ((value ?? 0) / most) * HEIGHT;
      if (height === 0) return "";
      return `M${(at * step).toFixed(1)} ${HEIGHT}v-${Math.max(height, 1).toFixed(1)}h${(step * 0.75).toFixed(1)}V${HEIGHT}z`;
    })
    .join("");
}
