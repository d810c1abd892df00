/**
 * A chart over time: stacked bars or lines over the buckets of an API series, with a legend, the crosshair that all charts
 * of the page share, dragging to zoom, and the table behind it.
 */
import { useComputedColorScheme } from "@mantine/core";
import { IconMathFunction } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { type Palette, palettes } from "../colors";
import { viewerZone } from "../format";
import { CallsLink } from "../view";
import { bucketName } from "./buckets";
import { ChartBox, Tool } from "./ChartBox";
import classes from "./chart.module.css";
import { bucketView, type Door } from "./door";
import { Plot } from "./Plot";
import { colorOf, type Series, toCsv } from "./series";
import { UNITS, type Unit } from "./units";

export interface TimeChartProps {
  /** Says what is counted: "Calls and errors". */
  title: string;
  kind: "bars" | "lines";
  /** The answer's `bucket`, and the `start` of each of its points. */
  bucket: string;
  starts: string[];
  series: Series[];
  /** The names of two lines with an area between them: the lower one and the upper one. */
  band?: [string, string];
  unit: Unit;
  /** Offers a logarithmic axis (latencies). */
  logarithmic?: boolean;
  /** What is said where there is nothing to draw. */
  none?: string;
  /** Makes the figures doors to the calls behind them. */
  door?: Door;
  /** At the right of the title: a switch of what is shown. */
  aside?: ReactNode;
  /** With title, legend and axis. A legend of many lines makes the plot smaller, so that axes stand side by side. */
  height?: number;
}

/** Of a chart with its title, legend and axis, for the skeleton of one: `<Skeleton height={CHART_HEIGHT} />`. */
export const CHART_HEIGHT = 280;

export function TimeChart(props: TimeChartProps) {
  const { title, kind, bucket, starts, series, unit, door, aside, height = CHART_HEIGHT } = props;
  const palette = palettes[useComputedColorScheme("light")];
  const [logarithmic, setLogarithmic] = useState(false);
  const { shown, press } = useIsolation(series);
  const each = kind === "bars" ? "each bar" : "each point";
  return (
    <ChartBox
      title={title}
      height={height}
      aside={aside}
      tools={
        props.logarithmic && (
          <Tool label="Logarithmic axis" pressed={logarithmic} onClick={() => setLogarithmic(!logarithmic)}>
            <IconMathFunction size={16} />
          </Tool>
        )
      }
      above={<Legend series={series} shown={shown} palette={palette} onPress={press} />}
      foot={`${each} 1 ${bucket} · ${viewerZone()}`}
      table={<Table {...props} />}
      csv={() => toCsv(starts, series)}
    >
      <Plot
        title={title}
        kind={kind}
        bucket={bucket}
        starts={starts}
        series={shown}
        band={props.band}
        unit={unit}
        logarithmic={logarithmic}
        door={door}
        none={isNothing(series, kind) ? (props.none ?? "Nothing in this range") : undefined}
        palette={palette}
      />
    </ChartBox>
  );
}

function isNothing(series: Series[], kind: "bars" | "lines"): boolean {
  return series.every(({ values }) => values.every((value) => value === null || (kind === "bars" && value === 0)));
}

/** Which series are shown: a press isolates one, a second shows all again; with ⇧ one is switched on or off. */
function useIsolation(series: Series[]) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const names = series.map(({ name }) => name);
  const left = names.filter((name) => !hidden.has(name));
  // Names that are gone must not leave an empty chart.
  const shown = left.length === 0 ? series : series.filter(({ name }) => !hidden.has(name));
  const press = (name: string, toggle: boolean) => {
    if (toggle) {
      const next = new Set(hidden);
      if (!next.delete(name)) next.add(name);
      setHidden(names.every((one) => next.has(one)) ? new Set() : next);
    } else if (left.length === 1 && left[0] === name) setHidden(new Set());
    else setHidden(new Set(names.filter((one) => one !== name)));
  };
  return { shown, press };
}

interface LegendProps {
  series: Series[];
  shown: Series[];
  palette: Palette;
  onPress: (name: string, toggle: boolean) => void;
}

function Legend({ series, shown, palette, onPress }: LegendProps) {
  return (
    <ul className={classes.legend}>
      {series.map((one) => (
        <li key={one.name}>
          <button
            type="button"
            aria-pressed={shown.includes(one)}
            data-tip={`${one.name}\nClick: this alone. ⇧ click: on or off.`}
            onClick={(event) => onPress(one.name, event.shiftKey)}
          >
            <i style={{ background: colorOf(palette, one.color) }} aria-hidden />
            <span dir="auto">{one.name}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Table({ title, bucket, starts, series, unit, door }: TimeChartProps) {
  return (
    // A part that scrolls must be reached by keyboard
    <section className={classes.table} tabIndex={0} aria-label={`${title}, table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{bucket[0]?.toUpperCase() + bucket.slice(1)}</th>
            {series.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {starts.map((start, at) => (
            <tr key={start}>
              <th scope="row">
                {door ? (
                  <CallsLink where={bucketView(starts, at, bucket, door)}>{bucketName(start, bucket)}</CallsLink>
                ) : (
                  bucketName(start, bucket)
                )}
              </th>
              {series.map(({ name, values }) => {
                const value = values[at] ?? null;
                return <td key={name}>{value === null ? "—" : UNITS[unit].exact(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
